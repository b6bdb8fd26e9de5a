"""Tells systemd how camd is doing: the sd_notify protocol, one datagram a message (sd_notify(3)).

Without $NOTIFY_SOCKET, for instance in a terminal, nothing is sent.
"""

import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

STATUS_S = 1.0
"""Least time between two STATUS messages."""


class Service:
    """Speaks to systemd for this process. No call raises or blocks: if systemd does not listen, the
    camera must still go on."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._watchdog_s = _watchdog(environ)
        self._status = ""
        self._next_status = self._next_watchdog = 0.0

    @property
    def watchdog_s(self) -> float | None:
        """Seconds without a sign of life after which systemd ends this process; None: never."""
        return self._watchdog_s

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that the configuration is being read again; `ready` ends it."""
        # The time lets systemd tell the READY that follows from an earlier one.
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def tick(self, now: float, status: str, problem: str) -> None:
        """Tell systemd how it goes. Call it several times a watchdog period; `now`: seconds,
        monotonic.

        While there is a `problem`, the watchdog gets no sign of life: if it lasts, systemd starts
        camd anew."""
        text = f"{status}; {problem}" if problem else status
        if text != self._status and now >= self._next_status:
            self._status, self._next_status = text, now + STATUS_S
            self._send("STATUS=" + text.replace("\n", " "))
        if self._watchdog_s and not problem and now >= self._next_watchdog:
            # sd_watchdog_enabled(3) advises half the period; a tick may come a little late.
            self._next_watchdog = now + 0.4 * self._watchdog_s
            self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(message.encode(), self._address)
        except OSError as error:
            log.debug("systemd does not hear %r: %s", message, error)


def _address(text: str) -> str:
    """Return the socket's address, or "" where it is of no use here (vsock: for virtual machines).
    A leading "@" stands for the NUL of an abstract socket."""
    if text.startswith("@"):
        return "\0" + text[1:]
    return text if text.startswith("/") else ""


def _watchdog(environ: Mapping[str, str]) -> float | None:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # it was meant for a parent process, and inherited
    usec = environ.get("WATCHDOG_USEC", "")
    return int(usec) / 1e6 if usec.isdecimal() and int(usec) > 0 else None
