"""Network cameras small enough to read: MJPEG or a file over HTTP, and MPEG-TS over RTSP."""

import base64
import hashlib
import itertools
import socketserver
import struct
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2

from camd.values import Image


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.gone = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.gone.set()  # type: ignore[attr-defined]  # who is connected is cut off, too
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mjpeg(
    pictures: Sequence[Image],
    frames: int | None = None,
    *,
    login: Callable[[], tuple[str, str]] | None = None,
    every_s: float = 0.01,
) -> Iterator[int]:
    """Serve `pictures` over and over on a free port, one in `every_s` seconds; break off after
    `frames`. Other pictures may be put into the list meanwhile. `login`: serve them only to this
    user with this password."""
    coded: dict[int, tuple[Image, bytes]] = {}

    def part_of(number: int) -> bytes:
        picture = pictures[number % len(pictures)]
        if id(picture) not in coded:
            coded[id(picture)] = picture, cv2.imencode(".jpg", picture)[1].tobytes()
        return coded[id(picture)][1]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/stream"):
                self.send_error(404)
                return
            if login:
                wanted = base64.b64encode(":".join(login()).encode()).decode()
                if self.headers.get("Authorization") != f"Basic {wanted}":
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                    return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                for part in map(part_of, itertools.islice(itertools.count(), frames)):
                    if self.server.gone.is_set():  # type: ignore[attr-defined]
                        return
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}"
                    self.wfile.write(head.encode() + b"\r\n\r\n" + part + b"\r\n")
                    time.sleep(every_s)
            except OSError:
                pass  # the client left

        def log_message(self, *args: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def snapshots(
    pictures: Sequence[Image], login: tuple[str, str] | None = None, kind: str = "image/jpeg"
) -> Iterator[int]:
    """Serve the next of `pictures` with each request, over and over. `login`: only to this user
    with this password, by a digest (RFC 7616) as cameras do."""
    parts = itertools.cycle([cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if login and not self._knows(*login):
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Digest realm="camera", nonce="7", qop="auth"')
                self.end_headers()
                return
            part = next(parts)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            with suppress(OSError):  # the client left
                self.wfile.write(part)

        def _knows(self, user: str, password: str) -> bool:
            said = urllib.request.parse_http_list(self.headers.get("Authorization", ""))
            fields = urllib.request.parse_keqv_list([item for item in said if "=" in item])

            def md5(*words: str) -> str:
                return hashlib.md5(":".join(words).encode(), usedforsecurity=False).hexdigest()

            if fields.get("nonce") != "7":
                return False
            return fields["response"] == md5(
                md5(user, "camera", password),
                *("7", fields["nc"], fields["cnonce"], "auth", md5("GET", fields["uri"])),
            )

        def log_message(self, *args: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def file(content: bytes) -> Iterator[int]:
    """Serve a file at any path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(OSError):  # the client left
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@contextmanager
def rtsp(
    transport_stream: Path, port: int = 0, *, seconds: float = 0.0, stall_s: float = 0.0
) -> Iterator[int]:
    """Serve a .ts file over and over on `port` or a free one, interleaved in the one TCP connection
    (RFC 2326, 10.12; payload type 33, RFC 2250). With `seconds`, once, and in that time; half of it
    is sent, then nothing for `stall_s`, and then at once what is late."""
    packets = transport_stream.read_bytes()
    chunks = [packets[i : i + 7 * 188] for i in range(0, len(packets), 7 * 188)]

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while request := self.rfile.readline().decode():
                fields = {}
                while line := self.rfile.readline().decode().strip():
                    key, _, value = line.partition(": ")
                    fields[key.lower()] = value
                method, body, extra = request.split()[0], "", ""
                if method == "DESCRIBE":
                    body = (
                        "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\n"
                    )
                    extra = "Content-Type: application/sdp\r\n"
                elif method == "SETUP":
                    if "RTP/AVP/TCP" not in fields["transport"]:
                        self._answer("461 Unsupported Transport", fields["cseq"])
                        continue
                    extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
                self._answer("200 OK", fields["cseq"], extra, body)
                if method == "PLAY":
                    self._play()
                    return

        def _answer(self, status: str, cseq: str, extra: str = "", body: str = "") -> None:
            head = f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{extra}Content-Length: {len(body)}\r\n"
            self.wfile.write(f"{head}\r\n{body}".encode())

        def _play(self) -> None:
            try:
                began = time.monotonic()
                for number, chunk in enumerate(chunks if seconds else itertools.cycle(chunks)):
                    if self.server.gone.is_set():  # type: ignore[attr-defined]
                        return
                    share = number / len(chunks)
                    held = stall_s if 0 < share - 0.5 < stall_s / (seconds or 1) else 0.0
                    due = began + (0.5 * seconds + held if held else share * seconds)
                    time.sleep(max(0.0, due - time.monotonic()))
                    packet = (
                        struct.pack(">BBHII", 0x80, 33, number % 65536, number * 900, 7) + chunk
                    )
                    self.wfile.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
                    time.sleep(0.0 if seconds else 0.002)
            except OSError:
                pass  # the client left

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True

    with _serving(Server(("127.0.0.1", port), Handler)) as bound:
        yield bound
