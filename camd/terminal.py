"""What a person at a terminal sees: each new reading on a line, and below them the state."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TextIO, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from camd.stdio import printable
from camd.values import Reading, RegionReading

FINE = "#1ccdac"
UNUSUAL = "#ffa624"
INCOMPLETE = "  (a digit is unsure)"
APART = " | "
"""What separates two lines of a reading; two numbers of one line are separated by a space."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Status:
    """What the status line says."""

    camera: str = "waiting"
    """"open", "ended" (a file), or in a few words why there are no frames: "missing"."""
    fps: float = 0.0
    latency_ms: float | None = None
    """Median, milliseconds."""
    digits: int = 0
    """In the last frame, settled or not."""
    broker: str = ""
    """"connected", or in a few words why not: "connecting". Empty where there is no broker."""
    reading: str = ""
    """What the scene says; empty where nothing has settled."""


UNBOUNDED = 1_000_000
"""Columns of a file or a pipe: so many that no line is broken."""


class _Console(Console):
    """Shows text as it is: no markup, and no command to the terminal but the console's own."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)  # first, while a tab is still a tab

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)


@cache
def console(stream: TextIO) -> Console:
    """Return the console of a stream. There is one only: two would write into each other's lines.

    Everything in colours is printed through it. A string is shown as it is, with its brackets and
    colons; only a Text has a style. In a pipe or a file no line is broken."""
    width = None if stream.isatty() else UNBOUNDED
    return _Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


def follow(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield `items` one by one, with a progress bar on standard error if that is a terminal."""
    own = console(sys.stderr)
    bars = Progress(
        TextColumn(what, markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=own,
        transient=True,
        disable=not own.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with bars:
        yield from bars.track(items)


@contextlib.contextmanager
def stages(prefix: str = "") -> Iterator[Callable[[str], None]]:
    """Give a function to call with what begins now. On standard error: on a terminal one bar with
    it and the time so far, and above it what is behind; else a line each, `prefix` before it."""
    own = console(sys.stderr)
    bar = Progress(
        BarColumn(bar_width=16),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=own,
        transient=True,
        disable=not own.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    now = ""

    def begin(text: str) -> None:
        nonlocal now
        if not own.is_terminal:
            own.print(f"{prefix}{text}", soft_wrap=True)
            return
        if now:
            own.print(f"{prefix}{now}", soft_wrap=True)
        now = text
        bar.update(task, description=printable(text), refresh=True)

    with bar:
        task = bar.add_task("", total=None)
        yield begin
    if now and own.is_terminal:
        own.print(f"{prefix}{now}", soft_wrap=True)


def in_journal(stream: TextIO) -> bool:
    """Tell whether systemd's journal reads `stream`: it adds the time to each line by itself."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Printer:
    """Prints readings and messages; on a terminal (`live`) with a status line below them."""

    def __init__(self, stream: TextIO, live: bool) -> None:
        self._stream = stream
        self._console = console(stream) if live else None
        self._live: Live | None = None
        self._timeless = in_journal(stream)

    def reading(self, reading: Reading, at_wall: float, picture: str = "") -> None:
        """Print a reading. `at_wall`: when, in seconds since the epoch. `picture`: the name of the
        picture, where it is one of many."""
        rows = [Text(row, "bold not dim") for row in reading.lines]
        line = Text(APART, "dim").join(rows) if rows else Text("(no digits)", "dim")
        if not reading.complete:
            line.append(INCOMPLETE, UNUSUAL)
        self._row(line, at_wall, picture)

    def region(self, said: RegionReading, at_wall: float, picture: str = "") -> None:
        """Print the value of a region; see `reading`."""
        style = "dim" if said.value is None else "bold not dim"
        line = Text(f"{printable(said.name)}  ", "not dim").append(Text(said.said, style))
        self._row(line, at_wall, picture)

    def _row(self, line: Text, at_wall: float, picture: str) -> None:
        clock = time.strftime("%H:%M:%S", time.localtime(at_wall))
        name = printable(picture).replace("\n", "\\n")
        line = Text(f"{name}  ", "not dim").append(line) if name else line
        if self._console is None:
            self._plain(line.plain if self._timeless else f"{clock}  {line.plain}")
            return
        whole = Text(f"{clock}  ", "dim", no_wrap=True, overflow="ellipsis", end="").append(line)
        self._console.print(whole, no_wrap=True, overflow="ellipsis")

    def status(self, status: Status) -> None:
        """Update the status line; nothing where there is none."""
        if self._console is None:
            return
        line = _status_line(status)
        if self._live is None:
            self._live = Live(
                line,
                console=self._console,
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
            # rich hides the cursor, and a killed process would leave it hidden.
            self._console.show_cursor(True)
        self._live.update(line, refresh=True)

    def message(self, text: str) -> None:
        """Print a line for the user, never cut however long it is: it may be there to be copied."""
        if self._console is None:
            self._plain(text)
        else:
            self._console.print(text, soft_wrap=True)

    def close(self) -> None:
        """Remove the status line; harmless when done already."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _plain(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a full disk behind it must not stop the camera
            self._stream.write(printable(line) + "\n")
            self._stream.flush()


def _status_line(status: Status) -> Text:
    """The reading comes first: a narrow terminal cuts off the end."""
    line = Text(no_wrap=True, overflow="ellipsis")
    if status.reading:
        line.append(status.reading, "bold")
    else:
        line.append("reading ..." if status.digits else "no digits", "dim")
    line.append("   ")
    _state(line, "camera", status.camera, fine=status.camera in ("open", "ended"))
    line.append(f"  {status.fps:.1f} fps" if status.fps < 10 else f"  {status.fps:.0f} fps")
    if status.latency_ms is not None:
        line.append(f"  {status.latency_ms:.0f} ms behind")
    if status.broker:
        line.append("   ")
        _state(line, "mqtt", status.broker, fine=status.broker == "connected")
    return line


def _state(line: Text, name: str, state: str, *, fine: bool) -> None:
    colour = FINE if fine else UNUSUAL
    line.append("● ", colour)
    line.append(name if fine else f"{name} {state}", "" if fine else colour)
