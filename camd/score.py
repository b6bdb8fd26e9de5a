"""PURE. Scores what was read against what is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from camd.truth import Label


@dataclass(frozen=True, slots=True)
class Row:
    """One image: digits that are right, missed, and read though not written."""

    label: Label
    lines: tuple[str, ...]
    right: int
    missed: int
    false: int

    @property
    def exact(self) -> bool:
        """The same lines, apart from the spaces between numbers."""
        return _packed(self.lines) == _packed(self.label.digits)


@dataclass(frozen=True, slots=True)
class Score:
    """Micro-averaged over `images`: digits are counted, not images averaged."""

    images: int = 0
    right: int = 0
    missed: int = 0
    false: int = 0
    exact: int = 0
    """Images whose lines are all read as written."""
    clean: int = 0
    """Images without a false digit."""

    @property
    def precision(self) -> float:
        """1 where nothing was read."""
        return _ratio(self.right, self.right + self.false)

    @property
    def recall(self) -> float:
        """1 where nothing was written."""
        return _ratio(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.right, 2 * self.right + self.false + self.missed)

    @property
    def false_an_image(self) -> float:
        return self.false / self.images if self.images else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    rows: tuple[Row, ...]
    all: Score
    """Every image; its F1 counts the false digits of the negatives too."""
    positives: Score
    ordinary: Score
    """Positives that are photos and not marked hard; none where the labels do not say."""
    negatives: Score

    def worst(self, count: int = 10) -> tuple[Row, ...]:
        """The images with the most missed and false digits, most first; none that is faultless."""
        faulty = [row for row in self.rows if row.missed + row.false]
        return tuple(sorted(faulty, key=lambda row: -(row.missed + row.false))[:count])


def score(labels: Iterable[Label], predictions: Mapping[str, Sequence[str]]) -> Evaluation:
    """Compare the multiset of digits of each image; order counts for `exact` only.

    `predictions` gives the lines read, by file; an image that is not in it was read as empty."""
    rows = tuple(_row(label, tuple(predictions.get(label.file, ()))) for label in labels)
    return Evaluation(
        rows,
        _total(rows),
        _total(row for row in rows if not row.label.negative),
        _total(row for row in rows if row.label.ordinary),
        _total(row for row in rows if row.label.negative),
    )


def _row(label: Label, lines: tuple[str, ...]) -> Row:
    written = Counter("".join(_packed(label.digits)))
    read = Counter("".join(_packed(lines)))
    return Row(
        label,
        lines,
        (written & read).total(),
        (written - read).total(),
        (read - written).total(),
    )


def _total(rows: Iterable[Row]) -> Score:
    rows = tuple(rows)
    return Score(
        len(rows),
        sum(row.right for row in rows),
        sum(row.missed for row in rows),
        sum(row.false for row in rows),
        sum(row.exact for row in rows),
        sum(row.false == 0 for row in rows),
    )


def _packed(lines: Iterable[str]) -> list[str]:
    return [packed for line in lines if (packed := "".join(line.split()))]


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
