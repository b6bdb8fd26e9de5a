"""A reverse proxy that does what Home Assistant's ingress does: it takes the path away, and passes
the browser's own headers on, Host and Origin among them (supervisor/api/ingress.py there)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/api/hassio_ingress/qEXcLoj8pcrv/"
_OWN = ("connection", "transfer-encoding", "content-encoding")


@contextmanager
def ingress(port: int) -> Iterator[str]:
    """Yield the address under which a browser finds what is served at `port`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"  # each answer ends with its connection

        def handle_any(self) -> None:
            if not self.path.startswith(PREFIX):
                self.send_error(502)
                return
            size = int(self.headers.get("content-length") or 0)
            headers = {name: value for name, value in self.headers.items() if name not in _OWN}
            headers["X-Ingress-Path"] = PREFIX.rstrip("/")
            upstream = HTTPConnection("127.0.0.1", port, timeout=60)
            body = self.rfile.read(size)
            upstream.request(self.command, f"/{self.path.removeprefix(PREFIX)}", body, headers)
            answer = upstream.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OWN:
                    self.send_header(name, value)
            self.end_headers()
            try:
                while part := answer.read1(65536):
                    self.wfile.write(part)
                    self.wfile.flush()
            except OSError:
                pass  # the browser has gone
            finally:
                upstream.close()

        do_GET = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
