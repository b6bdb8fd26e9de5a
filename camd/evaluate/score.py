"""PURE. Compares what was read in images with what is written there, and counts digits."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from camd.evaluate.truth import Label


@dataclass(frozen=True, slots=True)
class Row:
    """The score of one image: how many digits are right, were missed, or are false: read, but not
    written."""

    label: Label
    lines: tuple[str, ...]
    right: int
    missed: int
    false: int

    @property
    def exact(self) -> bool:
        """Whether the lines read are those written, apart from spaces between numbers."""
        return _packed(self.lines) == _packed(self.label.digits)


@dataclass(frozen=True, slots=True)
class Score:
    """The score of several images. All their digits are counted together (micro-average), so an
    image with many digits counts for more."""

    images: int = 0
    right: int = 0
    missed: int = 0
    false: int = 0
    exact: int = 0
    """Number of images whose lines were all read as written."""
    clean: int = 0
    """Number of images without a false digit."""

    @property
    def precision(self) -> float:
        """Share of the digits read that are right; 1 where nothing was read."""
        return _ratio(self.right, self.right + self.false)

    @property
    def recall(self) -> float:
        """Share of the digits written that were read; 1 where nothing was written."""
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
    """All images. The false digits of images without any digit count here, too."""
    positives: Score
    """Images with digits."""
    ordinary: Score
    """Images with digits that are photos and not marked as hard; empty where the labels do not tell
    that."""
    negatives: Score
    """Images without digits."""
    hard: dict[str, Score]
    """Hard images by what makes them hard, in alphabetical order; a reason that only one image has
    is left out."""

    def worst(self, count: int = 10) -> tuple[Row, ...]:
        """Return up to `count` images with faults, those with most missed and false digits
        first."""
        faulty = [row for row in self.rows if row.missed + row.false]
        return tuple(sorted(faulty, key=lambda row: -(row.missed + row.false))[:count])


def score(labels: Iterable[Label], predictions: Mapping[str, Sequence[str]]) -> Evaluation:
    """Compare which digits were read in each image, and how many of each, with those written. Their
    order counts only for `exact`.

    `predictions` gives the lines read, by file name. An image that is not in it was read as
    empty."""
    rows = tuple(_row(label, tuple(predictions.get(label.file, ()))) for label in labels)
    hard = Counter(row.label.hard for row in rows if row.label.hard)
    return Evaluation(
        rows,
        _total(rows),
        _total(row for row in rows if not row.label.negative),
        _total(row for row in rows if row.label.ordinary),
        _total(row for row in rows if row.label.negative),
        {
            what: _total(row for row in rows if row.label.hard == what)
            for what in sorted(hard)
            if hard[what] > 1
        },
    )


def tell_apart(
    written: Sequence[str], read: Sequence[str]
) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
    """Say for each written digit whether it was missed, and for each digit that was read whether it
    is false. Spaces are left out. The numbers are those of Row.

    The labels do not say where a digit is. When two 7s are written and three were read, the order
    of all digits tells which one is false: the one that has no partner when both are aligned."""
    a, b = "".join(_packed(written)), "".join(_packed(read))
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    paired_a = {block.a + i for block in blocks for i in range(block.size)}
    paired_b = {block.b + i for block in blocks for i in range(block.size)}
    return _surplus(a, b, paired_a), _surplus(b, a, paired_b)


def _surplus(text: str, other: str, paired: set[int]) -> tuple[bool, ...]:
    """Mark those digits of `text` that are too many compared with `other`. Digits whose index is in
    `paired` are marked only when no others are left."""
    left = Counter(text) - Counter(other)
    marks = [False] * len(text)
    for i in sorted(range(len(text)), key=lambda i: i in paired):
        if left[text[i]] > 0:
            left[text[i]] -= 1
            marks[i] = True
    return tuple(marks)


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
