"""PURE. The least confidence at which digits may be published within an error budget: the core of
`camd calibrate`."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.evaluate.truth import Label
from camd.values import Digit, DoubleArray, IntArray

LEVEL = 0.95
"""How sure the upper bounds of an error are."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Every digit that camd would publish with no threshold at all, the surest first."""

    confidence: DoubleArray
    """(N,) 0..1, descending."""
    right: NDArray[np.bool_]
    """(N,) whether it is one of the digits written on its image. The same whatever the threshold:
    of three 7s where two are written, the least sure is wrong."""
    image: IntArray
    """(N,) number of its image, from 0."""
    images: int
    written: int
    """Digits written on all images."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing from a confidence on does to labelled images."""

    threshold: float
    published: int
    wrong: int
    written: int

    @property
    def error(self) -> float:
        """Share of the published digits that is wrong; 0 where none is published."""
        return self.wrong / self.published if self.published else 0.0

    @property
    def bound(self) -> float:
        """The error is at most this, as sure as LEVEL; 1 where nothing is published."""
        return upper_bound(self.wrong, self.published)

    @property
    def missed(self) -> float:
        """Share of the written digits that is not published; 0 where none is written."""
        right = self.published - self.wrong
        return 1 - right / self.written if self.written else 0.0


def candidates(images: Iterable[tuple[Label, Sequence[Digit]]]) -> Candidates:
    """Match the digits read on each image with those written on it, the surest first."""
    found: list[tuple[float, bool, int]] = []
    written = count = 0
    for number, (label, digits) in enumerate(images):
        left = Counter(int(char) for char in "".join(label.digits) if char != " ")
        count, written = number + 1, written + left.total()
        for digit in sorted(digits, key=lambda one: -one.confidence):
            found.append((digit.confidence, left[digit.digit] > 0, number))
            left[digit.digit] -= 1
    found.sort(key=lambda one: -one[0])
    confidence, right, image = zip(*found, strict=True) if found else ((), (), ())
    return Candidates(
        np.array(confidence, np.float64),
        np.array(right, np.bool_),
        np.array(image, np.intp),
        count,
        written,
    )


def outcome(seen: Candidates, threshold: float) -> Outcome:
    """Count what is published with a confidence of at least `threshold`."""
    published = seen.confidence >= threshold
    wrong = published & ~seen.right
    return Outcome(threshold, int(published.sum()), int(wrong.sum()), seen.written)


def choose(seen: Candidates, budget: float) -> Outcome | None:
    """Find the least threshold that these images promise, as sure as LEVEL, to keep the error of
    such images within `budget`, 0..1; None where they promise it of none.

    It is a short decimal, and never below the least confidence that was seen: of what lies under
    it these images say nothing."""
    threshold = _least(seen.confidence, seen.right, _allowed(len(seen.right), budget))
    return None if threshold is None else outcome(seen, threshold)


def measured(seen: Candidates, budget: float) -> Outcome | None:
    """Find the least threshold that keeps within `budget` on these images, whatever that says of
    others; None where there is none."""
    allowed = np.floor(budget * np.arange(1, len(seen.right) + 1)).astype(np.intp)
    threshold = _least(seen.confidence, seen.right, allowed)
    return None if threshold is None else outcome(seen, threshold)


def left_out(seen: Candidates, budget: float) -> tuple[int, int]:
    """Publish each image with the threshold that the others promise, and return how many digits
    are published and how many of them are wrong (leave-one-out cross-validation).

    The error at a threshold chosen on the very images it is counted on is flattered; this one
    is not."""
    published = wrong = 0
    allowed = _allowed(len(seen.right), budget)
    for number in range(seen.images):
        own = seen.image == number
        threshold = _least(seen.confidence[~own], seen.right[~own], allowed)
        if threshold is None:
            continue
        passed = own & (seen.confidence >= threshold)
        published += int(passed.sum())
        wrong += int((passed & ~seen.right).sum())
    return published, wrong


def upper_bound(wrong: int, published: int) -> float:
    """Give the Clopper-Pearson bound: the greatest error, 0..1, at which so few wrong ones are not
    yet less likely than 1 - LEVEL. For none wrong it is about 3 / `published`, the rule of three.

    C. Clopper and E. Pearson, Biometrika 26 (1934); one-sided."""
    if wrong >= published:
        return 1.0
    low, high = wrong / published, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        if _at_most(wrong, published, middle) > 1 - LEVEL:
            low = middle
        else:
            high = middle
    return high


def needed(budget: float, wrong: int = 0) -> int:
    """Give how many published digits, `wrong` of them wrong, show that the error is at most
    `budget`, as sure as LEVEL."""
    low, high = wrong, max(1, wrong)
    while _at_most(wrong, high, budget) > 1 - LEVEL:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(wrong, middle, budget) > 1 - LEVEL:
            low = middle
        else:
            high = middle
    return high


def _at_most(wrong: int, published: int, error: float) -> float:
    """Probability of at most `wrong` errors among `published` digits."""
    log_error, log_fine = math.log(error or 1e-300), math.log1p(-error)
    k = np.arange(1, wrong + 1)
    steps = np.log((published - k + 1) / k) + log_error - log_fine
    return float(np.exp(published * log_fine + np.concatenate([[0.0], np.cumsum(steps)])).sum())


def _allowed(published: int, budget: float) -> IntArray:
    """Give how many of 1, 2, ... `published` digits may be wrong for a promise of `budget`; -1
    where it takes more digits even without a wrong one."""
    allowed = np.full(published, -1, np.intp)
    for wrong in range(published):
        least = needed(budget, wrong)
        if least > published:
            break
        allowed[least - 1 :] = wrong
    return allowed


def _least(confidence: DoubleArray, right: NDArray[np.bool_], allowed: IntArray) -> float | None:
    """Find the least threshold from which on no more are wrong than `allowed`; None where there is
    none."""
    wrong = np.cumsum(~right)
    within = wrong <= allowed[: len(right)]
    # Digits of equal confidence are published together or not at all.
    within[:-1] &= confidence[1:] < confidence[:-1]
    if not within.any():
        return None
    last = int(np.flatnonzero(within)[-1])
    below = float(confidence[last + 1]) if last + 1 < len(confidence) else None
    return _decimal(below, float(confidence[last]))


def _decimal(below: float | None, at: float) -> float:
    """Return the least of the shortest decimals above `below` and up to `at`; without a `below`,
    the greatest of them."""
    for places in range(2, 17):
        unit = 10.0**-places
        if below is None:
            value = round(math.floor(at / unit) * unit, places)
            if 0 < value <= at:
                return value
        else:
            value = round((math.floor(below / unit) + 1) * unit, places)
            if below < value <= at:
                return value
    return at
