"""Shows how far a study has come while it runs."""

import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text

from camd.terminal import console

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    row: str
    what: str
    """What is being done: grid, folds, augmenting, fitting or done."""
    done: int
    total: int
    left_s: float | None = None
    """Estimated seconds to the end of `what`; None when that is not known yet."""


Report = Callable[[Step], None]


def to_log(step: Step) -> None:
    log.info("%s", _line(step))


def _line(step: Step) -> str:
    left = "" if step.left_s is None else f", {in_words(step.left_s)} left"
    return f"{step.row}: {step.what}, {step.done} of {step.total}{left}"


def in_words(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min" if seconds >= 100 else f"{round(seconds)} s"


class Display:
    """Shows one bar on the terminal, of the row that is being done, and above it a line for each
    row that is finished. When stderr is no terminal, it writes a line for each Step instead. Use it
    in a `with` block, and call it with each Step."""

    def __init__(self, out: Console | None = None) -> None:
        self._console = out or console(sys.stderr)
        self._bars = Progress(
            TextColumn("{task.fields[row]:<12}", markup=False),
            TextColumn("{task.fields[what]:<10}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            _Left(),
            console=self._console,
            refresh_per_second=2,
            transient=True,
        )
        self._task: TaskID | None = None
        self._row, self._began = "", 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def __call__(self, step: Step) -> None:
        if not self._console.is_terminal:
            self._console.print(_line(step), soft_wrap=True)
            return
        now = time.monotonic()
        if step.row != self._row:
            self._row, self._began = step.row, now
        if step.what == "done":
            self._console.print(f"{step.row}: done in {in_words(now - self._began)}")
        fields: dict[str, Any] = {
            "row": step.row,
            "what": step.what,
            "left": step.left_s,
            "at": now,
        }
        if self._task is None:
            self._task = self._bars.add_task("", **fields)
        self._bars.update(self._task, completed=step.done, total=step.total, **fields)


class _Left(ProgressColumn):
    """Shows the time left, or the time since the last step when the time left is not known."""

    def render(self, task: Task) -> Text:
        if task.fields["what"] == "done":
            return Text("")
        since = time.monotonic() - task.fields["at"]
        if task.fields["left"] is None:
            return Text(f"for {in_words(since)}")
        return Text(f"{in_words(max(0.0, task.fields['left'] - since))} left")
