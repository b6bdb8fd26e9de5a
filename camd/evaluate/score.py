"""PURE. Scores what was read against what is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from camd.evaluate.truth import Label


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
    hard: dict[str, Score]
    """By what makes images hard, in alphabetical order; only what several have in common."""

    def worst(self, count: int = 10) -> tuple[Row, ...]:
        """The images with the most missed and false digits, most first; none that is faultless."""
        faulty = [row for row in self.rows if row.missed + row.false]
        return tuple(sorted(faulty, key=lambda row: -(row.missed + row.false))[:count])


def score(labels: Iterable[Label], predictions: Mapping[str, Sequence[str]]) -> Evaluation:
    """Compare the multiset of digits of each image; order counts for `exact` only.

    `predictions` gives the lines read, by file; an image that is not in it was read as empty."""
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
    """Say of each digit that is written whether it was missed, and of each that was read whether
    it is false; as many as in a Row, spaces left out.

    The truth does not say where a digit stands. Which of three 7s is false, where two are written,
    is told by the order: it is one that aligns with none of those written."""
    a, b = "".join(_packed(written)), "".join(_packed(read))
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    paired_a = {block.a + i for block in blocks for i in range(block.size)}
    paired_b = {block.b + i for block in blocks for i in range(block.size)}
    return _surplus(a, b, paired_a), _surplus(b, a, paired_b)


def _surplus(text: str, other: str, paired: set[int]) -> tuple[bool, ...]:
    """Mark the digits of `text` that `other` has fewer of; `paired` ones only after the rest."""
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
