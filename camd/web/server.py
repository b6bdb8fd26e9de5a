"""Serves the page from a thread of its own."""

import asyncio
import logging
import socket
import threading

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from camd.config.settings import WebSettings
from camd.errors import ConfigError
from camd.web.access import Access, secret
from camd.web.app import Site
from camd.web.changes import Changes
from camd.web.feed import Feed
from camd.web.learning import Learning
from camd.web.log_tail import LogTail

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 200
"""More are answered with "busy": each browser needs three, and a descriptor each is all they may
take of camd."""
PATIENCE_S = 20
"""A client that takes nothing of what is sent for so long is gone, or stalls: the kernel closes the
connection, and what waited for it is freed."""
HEAD_S = 10.0
"""In which the first request of a connection must be there, seconds."""
GOODBYE_S = 1
"""Longest wait at the end for answers on their way, seconds; all that wait end by themselves."""


class _Protocol(H11Protocol):
    """Closes a connection on which no request comes; uvicorn waits for the first one for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(HEAD_S, self._expect)

    def _expect(self) -> None:
        if self.cycle is None:
            self.transport.abort()


class Page:
    """Serves what is in `feed` until `stop`."""

    def __init__(
        self, settings: WebSettings, feed: Feed, changes: Changes, learning: Learning
    ) -> None:
        """Raises ConfigError where the settings cannot be used."""
        self.settings = settings
        self._tail = LogTail()
        access = Access(settings, secret(settings))
        self._learning = learning
        site = Site(
            settings, feed, access, self._tail, changes, learning, lambda: self._server.should_exit
        )
        # It tells each malformed request, and calls it a warning; bugs are told by the app itself.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        self._server = uvicorn.Server(
            uvicorn.Config(
                site.app(),
                loop="asyncio",
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                # Who is trusted is told by the connection alone, never by what a request says.
                proxy_headers=not settings.trusted_proxies,
                forwarded_allow_ips="127.0.0.1",
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=GOODBYE_S,
            )
        )
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        bind = self.settings.bind
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind, bind)  # noqa: S104
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"http://{host}:{self.settings.port}{self.settings.path}"

    def start(self) -> None:
        """Return once the page can be called. Raises ConfigError where its port is taken, or its
        address is none of this machine."""
        listening = self._listen()
        logging.getLogger().addHandler(self._tail)
        self._thread = threading.Thread(
            target=self._serve, args=(listening,), name="web", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close it; harmless where it was never started."""
        logging.getLogger().removeHandler(self._tail)
        self._server.should_exit = True
        self._learning.close()
        if self._thread:
            self._thread.join(GOODBYE_S + 4)

    def _serve(self, listening: socket.socket) -> None:
        try:
            self._server.run([listening])
        except Exception:
            log.exception("the page has died by a bug in camd; reading goes on")

    def _listen(self) -> socket.socket:
        bind, port = self.settings.bind, self.settings.port
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        listening = socket.socket(family)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Those that are accepted inherit these three.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
                milliseconds = 1000 * PATIENCE_S
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PATIENCE_S)
            listening.bind((bind, port))
            listening.listen(128)
        except OSError as error:
            listening.close()
            raise ConfigError(
                f"web: cannot listen on {bind}, port {port}: {error.strerror}; set web.port"
            ) from error
        return listening
