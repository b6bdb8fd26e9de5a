"""PURE. Finds the least confidence from which on digits can be published so that few enough of them
are wrong: the core of `camd calibrate`."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.evaluate.truth import Label
from camd.values import Digit, DoubleArray, IntArray

LEVEL = 0.95
"""How sure an upper bound of the error is: in 95 of 100 cases the true error is below it."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Every digit that camd would publish without a threshold, the surest first."""

    confidence: DoubleArray
    """(N,) 0..1, descending."""
    right: NDArray[np.bool_]
    """(N,) whether it is one of the digits written on its image. Of three 7s, where two are
    written, the least sure one is wrong: so this does not depend on the threshold."""
    image: IntArray
    """(N,) number of its image, from 0."""
    images: int
    written: int
    """Digits written on all images."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of labelled images when digits are published from a certain confidence on."""

    threshold: float
    published: int
    wrong: int
    written: int

    @property
    def error(self) -> float:
        """Share of the published digits that are wrong; 0 if none are published."""
        return self.wrong / self.published if self.published else 0.0

    @property
    def bound(self) -> float:
        """What the error is at most, as surely as LEVEL says; 1 if nothing is published."""
        return upper_bound(self.wrong, self.published)

    @property
    def missed(self) -> float:
        """Share of the written digits that are not published; 0 if none are written."""
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
    """Find the least threshold with which the error on images such as these is within `budget`
    (0..1), as surely as LEVEL says. Return None if that is sure of no threshold.

    It is a short decimal, and not below the least confidence that was seen: these images tell
    nothing about lower ones."""
    threshold = _least(seen.confidence, seen.right, _allowed(len(seen.right), budget))
    return None if threshold is None else outcome(seen, threshold)


def measured(seen: Candidates, budget: float) -> Outcome | None:
    """Find the least threshold with which the error on these very images is within `budget`; None
    if there is none. It may be larger on other images."""
    allowed = np.floor(budget * np.arange(1, len(seen.right) + 1)).astype(np.intp)
    threshold = _least(seen.confidence, seen.right, allowed)
    return None if threshold is None else outcome(seen, threshold)


def left_out(seen: Candidates, budget: float) -> tuple[int, int]:
    """Publish each image with the threshold that `choose` finds on all others. Return how many
    digits are published, and how many of them are wrong (leave-one-out cross-validation).

    An error counted on the same images on which the threshold was chosen would be too low."""
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
    """Return the upper bound of the error, 0..1, by Clopper and Pearson: with a greater error, a
    count as low as `wrong` would be less likely than 1 - LEVEL. If none are wrong, it is about 3 /
    `published` (the rule of three).

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
    """Return how many published digits, with `wrong` of them wrong, it takes to be sure that the
    error is at most `budget`."""
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
    """Return, for each of 1, 2, ... `published` digits, how many may be wrong if the error is to be
    within `budget` for sure; -1 where so few digits cannot show that at all."""
    allowed = np.full(published, -1, np.intp)
    for wrong in range(published):
        least = needed(budget, wrong)
        if least > published:
            break
        allowed[least - 1 :] = wrong
    return allowed


def _least(confidence: DoubleArray, right: NDArray[np.bool_], allowed: IntArray) -> float | None:
    """Find the least threshold with which no more digits are wrong than `allowed`; None if there is
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
