"""PURE. Which ink is one digit: what may be there instead of a glyph, and the likeliest of it.

A glyph may be a digit, several that touch (camd.hypotheses.cuts), a part of one (unions), or none.
Whatever may be instead of what was found is judged by the classifier in one batch. How much it is
worth is what the classifier believes in it, its size beside its neighbours', and how likely such a
thing is at all. Of what excludes each other the set that is worth most is taken
(camd.hypotheses.select).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from camd.geometry import apart, median
from camd.hypotheses import cuts, select, unions
from camd.hypotheses.looks import InVain
from camd.hypotheses.select import Reading, logit
from camd.tuned import TUNED
from camd.values import Classified, FloatArray, Glyph


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """The digits beside each of N glyphs."""

    usual: FloatArray
    """(N,) their usual height, pixels; NaN where there are none."""
    in_rows: NDArray[np.bool_]
    """(N,) whether some stand beside its upper half, and others beside its lower."""

    @classmethod
    def of(cls, whole: Reading) -> "_Beside":
        glyphs, sure = whole.glyphs, whole.classified.sure
        x, y, width, height = np.array([glyph.box for glyph in glyphs], np.float32).reshape(-1, 4).T
        across, middle = x + width / 2, y + height / 2
        beside = np.abs(across - across[:, None]) <= TUNED.reach * height[:, None]
        beside &= (middle > y[:, None]) & (middle < (y + height)[:, None]) & (sure > TUNED.certain)
        np.fill_diagonal(beside, False)
        usual = np.full(len(glyphs), np.nan, np.float32)
        for i in np.flatnonzero(beside.any(axis=1)).tolist():
            usual[i] = median(height[beside[i]])
        above, below = beside & (middle < middle[:, None]), beside & (middle > middle[:, None])
        return cls(usual, np.asarray(above.any(axis=1) & below.any(axis=1)))

    def odd(self, i: int, some: Sequence[Glyph]) -> FloatArray:
        """Give how much speaks against each of `some` (K,) being a digit where the glyph `i` is, in
        logits."""
        height = np.array([glyph.box[3] for glyph in some], np.float32)
        odd: FloatArray = np.nan_to_num(TUNED.size * np.log(height / self.usual[i]) ** 2)
        return odd


@dataclass(frozen=True, slots=True, eq=False)
class _Instead:
    """What may be there instead of some glyphs."""

    gone: tuple[int, ...]
    """Indices of those glyphs; scraps come after the glyphs."""
    glyphs: tuple[Glyph, ...]
    judged: Classified
    worth: float
    """How much more likely it is, in logits."""


def read(
    whole: Reading,
    scraps: Sequence[Glyph],
    classify: Callable[[Sequence[Glyph]], Classified],
    in_vain: InVain | None = None,
    at: float | None = None,
) -> Reading:
    """Replace the glyphs of a reading that are believed to be several digits, or parts of one.
    `scraps` lie beside them, and may be parts of digits, but none themselves. In a film, what was
    cut `in_vain` is remembered; `at` is the time, seconds."""
    glyphs = whole.glyphs
    beside = _Beside.of(whole)
    in_vain = in_vain or InVain()
    row = np.where(beside.in_rows, beside.usual, np.nan)
    spared = in_vain.spared(glyphs, at)
    cut = cuts.propose(glyphs, whole.classified.sure, row, spared)
    joined = unions.propose([*glyphs, *scraps], len(glyphs))
    parts = [[part.glyph for part in piece.all()] for _, piece in cut]
    tried = [*chain.from_iterable(parts), *(union.glyph for union in joined)]
    if not tried:
        return _doubted(whole, scraps)
    judged = classify(tried)
    ways: list[_Instead | None] = []
    first = 0
    for (i, piece), own in zip(cut, parts, strict=True):
        ways.append(_several(i, piece, own, judged[first : first + len(own)], whole, beside))
        first += len(own)
    for n, union in enumerate(joined, first):
        ways.append(_one(union, judged[n : n + 1], whole, beside))
    chosen = _taken([way for way in ways if way and way.worth > 0])
    gone = {i for way in chosen for i in way.gone}
    in_vain.add((glyphs[i].box for i, _ in cut if i not in gone), at)
    left = [scrap for i, scrap in enumerate(scraps, len(glyphs)) if i not in gone]
    return _doubted(_replaced(whole, chosen), left)


def _several(
    i: int,
    piece: cuts.Piece,
    parts: Sequence[Glyph],
    judged: Classified,
    whole: Reading,
    beside: _Beside,
) -> _Instead | None:
    """Weigh the likeliest digits in the glyph `i` against what it is as a whole. A part is right
    only where the others are: each has the product of its confidence and the least of theirs."""
    likely = 1 / (1 + np.exp(beside.odd(i, parts) - logit(judged.sure)))
    chosen = np.array(cuts.best(piece, likely, TUNED.cut), np.intp)
    if not len(chosen):
        return None
    sure = likely[chosen].astype(np.float32)
    least = np.sort(np.append(sure, 1))[:2]
    sure = sure * np.where(np.arange(len(sure)) == np.argmin(sure), least[1], least[0])
    found = Classified(judged.labels[chosen], judged.margins[chosen], sure)
    own = tuple(parts[part] for part in chosen.tolist())
    prior = TUNED.mended if piece.rows else TUNED.cut
    before = _worth([i], whole, beside)
    worth = float(logit(sure.min())) + prior - before
    return _Instead((i,), own, found, worth)


def _one(
    union: unions.Union, judged: Classified, whole: Reading, beside: _Beside
) -> _Instead | None:
    """Weigh one digit against what its members are by themselves. It is none where one of two is
    the same digit already, and the other is not: that is another mark, or another digit."""
    members = [i for i in union.members if i < len(whole.glyphs)]
    same = np.count_nonzero(whole.classified.labels[members] == judged.labels[0])
    if judged.labels[0] < 0 or (same == 1 and len(members) == 2):
        return None
    before = _worth([i for i in members if whole.classified.labels[i] >= 0], whole, beside)
    odd = float(beside.odd(members[0], [union.glyph])[0])
    worth = float(logit(judged.sure[0])) + TUNED.mended - odd - before
    return _Instead(union.members, (union.glyph,), judged, worth)


def _worth(some: Sequence[int], whole: Reading, beside: _Beside) -> float:
    """Give how much speaks for all of some glyphs being digits as they are, in logits."""
    if not some:
        return 0.0
    sure = logit(float(np.prod(whole.classified.sure[some])))
    odd = float(beside.odd(some[0], [whole.glyphs[i] for i in some]).max())
    return max(0.0, float(sure) - odd)


def _taken(ways: Sequence[_Instead]) -> list[_Instead]:
    """Take the ways that are together worth most."""
    gone = np.zeros((len(ways), 1 + max((max(way.gone) for way in ways), default=0)), bool)
    for row, way in zip(gone, ways, strict=True):
        row[list(way.gone)] = True
    contend = np.asarray((gone[:, None] & gone).any(axis=2))
    np.fill_diagonal(contend, False)
    taken = select.heaviest(np.array([way.worth for way in ways]), contend)
    return [ways[i] for i in np.flatnonzero(taken).tolist()]


def _replaced(whole: Reading, ways: Sequence[_Instead]) -> Reading:
    """Put the ways in place of what they are instead of."""
    kept = np.setdiff1d(np.arange(len(whole.glyphs)), [i for way in ways for i in way.gone])
    rest = whole[kept]
    return Reading(
        rest.glyphs + tuple(glyph for way in ways for glyph in way.glyphs),
        Classified.joined([rest.classified, *(way.judged for way in ways)]),
    )


def _doubted(reading: Reading, scraps: Sequence[Glyph]) -> Reading:
    """Doubt what is read beside a scrap that is left: it may be a part of something else, as a
    segment of a display is."""
    if not scraps or not reading.glyphs:
        return reading
    own, others = (
        np.array([one.box for one in some], np.float32) for some in (reading.glyphs, scraps)
    )
    near = (apart(own, others) <= TUNED.close * own[:, 3:]).any(axis=1)
    judged = reading.classified
    sure = np.where(near, TUNED.doubt * judged.confidence, judged.confidence).astype(np.float32)
    return replace(reading, classified=replace(judged, confidence=sure))
