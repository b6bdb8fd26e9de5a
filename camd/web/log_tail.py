"""The last lines of the log, for the page."""

import logging
from collections import deque
from dataclasses import dataclass
from itertools import count

from camd.stdio import printable

KEPT = 100
"""Lines that are kept: what happened in the last minutes, also where much happens."""
LONGEST = 500
"""Letters of a line that are kept."""


@dataclass(frozen=True, slots=True)
class LogLine:
    number: int
    """1 for the first of the process."""
    at: float
    """Seconds since the epoch."""
    level: str
    """"debug", "info", "warning", "error" or "critical"."""
    text: str


class LogTail(logging.Handler):
    """Keeps the last lines of camd's log. Any thread may log, and any may read."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=KEPT)
        self._numbers = count(1)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = printable(record.getMessage())[:LONGEST]
            level = record.levelname.lower()
            self._lines.append(LogLine(next(self._numbers), record.created, level, text))
        except Exception:  # a log line that fails must not stop the camera
            self.handleError(record)

    def after(self, number: int) -> list[LogLine]:
        """Return the lines kept whose number is greater."""
        self.acquire()
        try:
            return [line for line in self._lines if line.number > number]
        finally:
            self.release()
