"""A service manager's end of the notify socket."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG = 30.0


class Notified:
    """Collects the datagrams, each split into its lines."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._news = threading.Condition()
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(LONG)

    def _listen(self) -> None:
        while data := self._sock.recv(65536):
            with self._news:
                self._lines += data.decode().split("\n")
                self._news.notify_all()

    def lines(self) -> list[str]:
        with self._news:
            return list(self._lines)

    def wait(self, true: Callable[[list[str]], object], timeout: float = LONG) -> list[str]:
        with self._news:
            done = self._news.wait_for(lambda: true(self._lines), timeout)
            assert done, self._lines
            return list(self._lines)

    def wait_status(self, *parts: str) -> None:
        """Return once a STATUS holds all `parts`."""
        self.wait(
            lambda lines: any(
                line.startswith("STATUS=") and all(part in line for part in parts) for line in lines
            )
        )

    def after(self, count: int, line: str) -> None:
        """Return once `line` has come after the first `count` lines."""
        self.wait(lambda lines: line in lines[count:])


@contextmanager
def notified(address: str) -> Iterator[Notified]:
    """Listen at `address`: a path, or @name for an abstract one."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + address[1:] if address.startswith("@") else address)
        manager = Notified(sock)
        yield manager
        manager.close()
