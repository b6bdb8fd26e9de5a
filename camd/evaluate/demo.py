"""PURE but for `load_truth`. Counts how much of the demo clip was read right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from camd.errors import DataError
from camd.files import read_text
from camd.values import Reading


@dataclass(frozen=True, slots=True)
class TrueReading:
    first: int
    last: int
    """Numbers of the first and the last frame that show all of it; the clip starts with 1."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    readings: tuple[TrueReading, ...]
    """In order of time, with gaps. What is read in the frames between them does not count."""


def load_truth(path: Path | None = None) -> Truth:
    """Read a truth file, that of the shipped clip if none is given. docs/demo.md describes it.

    Raises DataError."""
    path = path or Path(str(files("camd") / "assets" / "demo.json"))
    try:
        data = json.loads(read_text(path))
        readings = tuple(
            TrueReading(int(r["from"]), int(r["to"]), tuple(str(line) for line in r["lines"]))
            for r in data["readings"]
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DataError(f"{path}: not a truth file of a clip: {exc}; install camd again") from exc
    return Truth(readings)


class DemoScore:
    """Compares the readings of a run with the truth.

    The digits at the end of each interval count: until then a reader has time to find them.
    """

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._hit = [False] * len(truth.readings)
        self._final: list[tuple[str, ...]] = [()] * len(truth.readings)

    def observe(self, number: int, reading: Reading) -> None:
        """Take the reading at frame `number`. Not every frame has to be given."""
        for i, true in enumerate(self._truth.readings):
            if true.first <= number <= true.last:
                self._hit[i] = self._hit[i] or reading.lines == true.lines
                self._final[i] = reading.lines

    @property
    def readings_read(self) -> int:
        """How many true readings were read, exactly, at any frame of their interval."""
        return sum(self._hit)

    @property
    def digits(self) -> int:
        return sum(_count(true.lines) for true in self._truth.readings)

    @property
    def digits_right(self) -> int:
        return sum(
            matching_digits(true.lines, final)
            for true, final in zip(self._truth.readings, self._final, strict=True)
        )

    @property
    def digits_wrong(self) -> int:
        """Digits that were read at the ends of the intervals and are not in the truth."""
        return sum(_count(final) for final in self._final) - self.digits_right

    def summary(self) -> str:
        """Return all of it in one line, for a person."""
        return (
            f"read {self.readings_read} of {len(self._truth.readings)} sheets exactly; "
            f"{self.digits_right} of {self.digits} digits right, {self.digits_wrong} wrong"
        )


def matching_digits(true: Sequence[str], read: Sequence[str]) -> int:
    """Return how many digits agree when lines, and the digits in them, are paired in order."""
    best = [[0] * (len(read) + 1) for _ in range(len(true) + 1)]
    for i, a in enumerate(true):
        for j, b in enumerate(read):
            paired = best[i][j] + _common(a.replace(" ", ""), b.replace(" ", ""))
            best[i + 1][j + 1] = max(paired, best[i][j + 1], best[i + 1][j])
    return best[-1][-1]


def _common(a: str, b: str) -> int:
    """Return the length of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        before, row = row, [0]
        for j, y in enumerate(b):
            row.append(before[j] + 1 if x == y else max(before[j + 1], row[j]))
    return row[-1]


def _count(lines: Sequence[str]) -> int:
    return sum(character.isdigit() for line in lines for character in line)
