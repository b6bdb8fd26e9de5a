"""Where log lines go: a terminal, systemd's journal, or a plain stream."""

import logging
import sys
from typing import TextIO

from rich.text import Text

from camd.stdio import printable
from camd.terminal import FINE, UNUSUAL, console, in_journal

_COLOURS = {"debug": "dim", "info": FINE, "warning": UNUSUAL, "error": "bold red"}

_JOURNAL = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.NOTSET, 7))
"""Levels of sd-daemon(3), which journald reads from the head of a line."""


def setup_logging(level: str, stream: TextIO | None = None) -> None:
    """Send camd's log from `level` ("debug" to "error") on, and other packages' warnings, to
    `stream` (standard error). Calling it again replaces what it did before."""
    stream = stream or sys.stderr
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(handler)
    root.addHandler(_Handler(stream))
    for package in ("camd", "training"):
        logging.getLogger(package).setLevel(level.upper())


class _Handler(logging.Handler):
    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._journal = in_journal(stream)
        self._console = console(stream) if stream.isatty() else None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = printable(self.format(record))
            if self._console:
                self._console.print(self._styled(record, text), soft_wrap=True)
            else:
                self._stream.write(self._plain(record, text))
                self._stream.flush()
        except Exception:  # a log line that fails must not stop the camera
            self.handleError(record)

    def _styled(self, record: logging.LogRecord, text: str) -> Text:
        level = record.levelname.lower()
        clock = logging.Formatter().formatTime(record, "%H:%M:%S")
        line = Text(f"{clock}  ", "dim")
        line.append(f"{level}: ", f"not dim {_COLOURS.get(level, 'bold red')}")
        return line.append(text, "not dim")

    def _plain(self, record: logging.LogRecord, text: str) -> str:
        if self._journal:
            prefix = f"<{next(code for least, code in _JOURNAL if record.levelno >= least)}>"
        else:
            prefix = f"camd: {record.levelname.lower()}: "
        return "".join(f"{prefix}{line}\n" for line in text.splitlines() or [""])
