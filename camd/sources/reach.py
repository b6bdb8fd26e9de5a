"""Finds out whether anything answers at a network address, within a time limit that holds even
when the name server does not answer."""

import socket
import threading
import time
from typing import TypeAlias

Place: TypeAlias = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


class Lookup:
    """Finds the addresses of one host, each time anew. The system's resolver may take a minute and
    cannot be interrupted: so it runs in a thread of its own, one at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None
        self._found: list[Place] = []
        self._error: OSError | None = None

    def places(self, timeout_s: float) -> list[Place]:
        """Raises OSError where there is no such name, or no answer in time. An answer that comes
        too late is what the next call returns."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="camd-lookup", daemon=True)
            self._thread.start()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise TimeoutError("the name server does not answer")
        self._thread = None
        if self._error:
            raise self._error
        return self._found

    def _run(self) -> None:
        self._error = None
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            self._error = error
        except UnicodeError:  # a part of the name has more than 63 characters
            self._error = OSError("no such name")
        else:
            self._found = [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]


def connect(places: list[Place], timeout_s: float) -> None:
    """Connect to the first of `places` that answers, and leave again. Raises the OSError of the
    last one tried."""
    deadline = time.monotonic() + timeout_s
    failed: OSError = TimeoutError("no answer in time")
    for family, address in places:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.settimeout(left)
            try:
                sock.connect(address)
            except OSError as error:
                failed = error
            else:
                return
    raise failed
