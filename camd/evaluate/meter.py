"""PURE but for `load_truth`. Counts how much of the meter's demo clip was read right."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from camd.config.settings import RegionSettings
from camd.errors import DataError
from camd.files import read_text
from camd.values import Result

LATE_S = 2.0
"""So long a value may stand that the meter does not show any more: until it was seen that its
drums turn, or that it is dark."""


@dataclass(frozen=True, slots=True)
class Shown:
    first: int
    last: int
    """Numbers of frames; the clip starts with 1."""
    values: tuple[float, ...]
    """What may be read in them: two numbers while a drum turns from one to the other."""


@dataclass(frozen=True, slots=True)
class Truth:
    fps: float
    region: RegionSettings
    """Where the meter is, and what it is."""
    shown: tuple[Shown, ...]
    """In order of time, without gaps."""


def load_truth(path: Path | None = None) -> Truth:
    """Read a truth file, that of the shipped clip if none is given. docs/demo.md describes it.

    Raises DataError."""
    path = path or Path(str(files("camd") / "assets" / "demo-meter.truth.json"))
    try:
        data = json.loads(read_text(path))
        shown = tuple(
            Shown(int(one["from"]), int(one["to"]), tuple(map(float, one["values"])))
            for one in data["values"]
        )
        return Truth(float(data["fps"]), RegionSettings(**data["region"]), shown)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DataError(f"{path}: not a truth file of a meter: {exc}; install camd again") from exc


class MeterScore:
    """Compares what is said of the meter with what it shows."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._said: float | None = None
        self._last = 0
        self.right: list[float] = []
        """The right values, each time that another one was said."""
        self.wrong: list[float] = []
        """Those that the meter did not show, also where one stood on for too long."""
        self.withheld_s = 0.0
        """Seconds in which nothing was said."""

    def observe(self, number: int, result: Result) -> None:
        """Take what was read in frame `number`. Not every frame has to be given."""
        before = self._said
        for item in result.regions:
            if item.name == self._truth.region.name:
                self._said = item.value
        if self._said is None:
            self.withheld_s += (number - self._last) / self._truth.fps
        elif not self._shows(number, self._said):
            if self._said not in self.wrong[-1:]:
                self.wrong.append(self._said)
        elif self._said != before:
            self.right.append(self._said)
        self._last = number

    def _shows(self, number: int, value: float) -> bool:
        since = number - LATE_S * self._truth.fps
        return any(
            value in one.values
            for one in self._truth.shown
            if one.first <= number and one.last >= since
        )

    @property
    def end(self) -> float | None:
        """What is said at the end."""
        return self._said

    def summary(self) -> str:
        """Return all of it in one line, for a person."""
        unit = self._truth.region.unit
        end = "nothing" if self._said is None else f"{self._said:g} {unit}"
        said, wrong = len(self.right) + len(self.wrong), len(self.wrong)
        seconds = self._last / self._truth.fps
        return (
            f"said {said} values, {wrong} of them wrong, and nothing for {self.withheld_s:.0f} of "
            f"{seconds:.0f} s; in the end {end}"
        )
