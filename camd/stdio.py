"""Standard input, output and error that always work: closed, in any encoding, or read by nobody.

`settle` prepares them, before anything else runs. camd writes through `say`, `tell` and
`write_json` here, and in colours through the console of terminal.py.
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
"""With a live source, output that nobody reads for so long is dropped: the camera must go on."""
POLL_S = 0.25
"""Seconds between two questions whether to wait on."""
PIECE = 4096
"""Bytes that a pipe takes whole, if it takes any at all (PIPE_BUF of pipe(7))."""
GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)
"""Errors that say that the reader has left: of a pipe, a socket, a terminal."""

PLAIN = {"✓": "+", "✗": "x", "·": "-", "●": "*", "→": ">", "…": "."}
"""What replaces camd's own characters where the encoding lacks them. Each is equally wide."""
_ERRORS = "camd"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

Wait = Callable[[float], bool]
"""Gets the seconds that a write has waited so far; returns False to drop what is to be written."""


def settle() -> None:
    """Make the three streams safe to use. Called once, before anything else is opened.

    A closed one is opened to nowhere: else the next file opened would get its number, and with it
    what libraries write to standard error. A character that the encoding lacks is replaced: else it
    would end the command with an error."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _text(sys.stdout, _Outlet(1, vital=True))
    # With a descriptor of its own: muffle.py redirects number 2 at times, and what Python writes
    # must not get lost there.
    sys.stderr = _text(sys.stderr, _Outlet(os.dup(2), vital=False))


def wait_while(wait: Wait) -> None:
    """From now on a write waits for its reader only as long as `wait` says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(outlet := getattr(stream, "buffer", None), _Outlet):
            outlet.wait = wait


def say(text: str) -> None:
    """Write a line of a command's result to standard output.

    Raises UnreadError, OutputError."""
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Write a line to standard error: a message, no result."""
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
    r"""Write control characters as text, "\x1b": a file's name must not clear the screen.

    Line ends stay."""
    return _CONTROL.sub(lambda match: _escaped(match[0]), text)


class _Outlet(io.RawIOBase):
    """Writes to a descriptor without a buffer. With one, Python would try at the end of the process
    to write once more what failed, and exit with status 120."""

    def __init__(self, descriptor: int, *, vital: bool) -> None:
        """`vital`: raise or log an error where it cannot be written to. For standard error there
        is no other place to say so."""
        self.wait: Wait | None = None
        """None: wait as long as it takes."""
        self._descriptor = descriptor
        self._vital = vital
        self._lost = 0
        """Lines dropped since the output was last read."""
        self._cut = False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        """Write all of `data`, or drop what nobody reads in time."""
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
            except BlockingIOError:  # another program with the same descriptor has set O_NONBLOCK
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
        """Return `data` with what goes before it: the end of a line that was cut off, and how many
        lines were left out."""
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
