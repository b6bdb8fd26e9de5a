"""Standard input, output and error: always there, of any encoding, and in nobody's way.

`settle` puts them right, first of all. What camd says goes through `say`, `tell` and `write_json`
here, or where it has colours through the console of terminal.py.
"""

import codecs
import errno
import io
import json
import logging
import os
import re
import select
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO, cast

from camd.errors import OutputError, UnreadError

log = logging.getLogger(__name__)

PATIENCE_S = 1.0
"""A live source waits so long for somebody to read what is written, and then goes on without."""
POLL_S = 0.25
PIECE = 4096
"""Bytes that a pipe takes at once where it takes any (PIPE_BUF of pipe(7))."""
GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)
"""Who read the output has left: a pipe, a socket, a terminal."""

PLAIN = {"✓": "+", "✗": "x", "·": "-", "●": "*", "→": ">", "…": "."}
"""What stands for a character of ours where the encoding lacks it; each as wide as before."""
_ERRORS = "camd"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

Wait = Callable[[float], bool]
"""Told the seconds that a write has waited; False: drop what is to be written."""


def settle() -> None:
    """Put the three streams right, once, before anything else is opened.

    A descriptor that is closed leads nowhere instead: the next file opened would get its number,
    and what libraries write to standard error with it. No character ends a command because the
    encoding lacks it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _text(sys.stdout, _Outlet(1, vital=True))
    # A descriptor of its own: what Python says is not lost while muffle.py holds number 2.
    sys.stderr = _text(sys.stderr, _Outlet(os.dup(2), vital=False))


def wait_while(wait: Wait) -> None:
    """From here on nothing that is written waits for a reader for longer than `wait` says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(outlet := getattr(stream, "buffer", None), _Outlet):
            outlet.wait = wait


def say(text: str) -> None:
    """Write a line of a command's result to standard output.

    Raises UnreadError, OutputError."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Write a line that is no result to standard error."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def write_json(data: Mapping[str, Any], out: TextIO | None = None) -> None:
    """Write one JSON object on a line of its own to standard output, or `out`; in ASCII where its
    encoding lacks a character.

    Raises UnreadError, OutputError."""
    out = out or sys.stdout
    text = json.dumps(data, ensure_ascii=False)
    try:
        text.encode(out.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(data)
    out.write(text + "\n")
    out.flush()


def printable(text: str) -> str:
    r"""Show control characters as what they are, "\x1b": a file's name must not clear the screen.

    Line ends stay."""
    return _CONTROL.sub(lambda match: _escaped(match[0]), text)


class _Outlet(io.RawIOBase):
    """A descriptor that is written to without a buffer: what failed to be written would be tried
    again at the end of the process, and make its exit status 120."""

    def __init__(self, descriptor: int, *, vital: bool) -> None:
        """`vital`: say so where it cannot be written to; else nobody could be told."""
        self.wait: Wait | None = None
        """None: for as long as it takes."""
        self._descriptor = descriptor
        self._vital = vital
        self._lost = 0
        """Lines dropped since somebody read."""
        self._cut = False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write all of `data`, or drop the rest where nobody reads it in time."""
        whole = bytes(data)
        if self._lost and not self._takes(0):
            self._drop(whole, whole)
            return len(data)
        rest = whole = self._resumed(whole) if self._lost else whole
        while rest:
            if self.wait and not self._taken_in_time(self.wait):
                self._drop(whole, rest)
                break
            try:
                rest = rest[os.write(self._descriptor, rest[:PIECE]) :]
            except BlockingIOError:  # who shares it with us has made it so
                self._takes(POLL_S)
            except OSError as error:
                if self._vital:
                    raise _refused(error) from error
                break
        return len(data)

    def _taken_in_time(self, wait: Wait) -> bool:
        waited = 0.0
        while not self._takes(POLL_S):
            waited += POLL_S
            if not wait(waited):
                return False
        return True

    def _takes(self, seconds: float) -> bool:
        """Tell whether a piece can be written at once, within `seconds`."""
        if not hasattr(select, "poll"):  # Windows
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(1000 * seconds))

    def _drop(self, whole: bytes, rest: bytes) -> None:
        if not self._lost and self._vital:
            log.warning("nobody reads standard output: lines are left out until somebody does")
        self._cut = self._cut or rest is not whole
        self._lost += max(1, rest.count(b"\n"))

    def _resumed(self, data: bytes) -> bytes:
        """Say how much was left out, and end the line that was cut."""
        lost, self._lost = self._lost, 0
        head = b"\n" if self._cut else b""
        self._cut = False
        if self._vital:
            log.info("standard output is read again; %d lines were left out", lost)
            return head + data
        return head + b"camd: %d lines were left out: nobody read them\n" % lost + data


def _text(old: TextIO | None, outlet: _Outlet) -> TextIO:
    encoding = (old and old.encoding) or "utf-8"
    return io.TextIOWrapper(cast(Any, outlet), encoding, _ERRORS, write_through=True)


def _refused(error: OSError) -> Exception:
    if error.errno in GONE:
        return UnreadError()
    return OutputError(f"cannot write any more: {error.strerror}")


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(char) or _escaped(char) for char in lacking), error.end


codecs.register_error(_ERRORS, _replaced)
