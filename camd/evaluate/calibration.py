"""PURE. The least confidence at which digits may be published within an error budget: the core of
`camd calibrate`."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.errors import DataError
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
        """The error is at most this, as sure as LEVEL."""
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


def choose(seen: Candidates, budget: float) -> Outcome:
    """Find the least threshold at which the error is at most `budget`, 0..1.

    It is a short decimal, and never below the least confidence that was seen: of what lies under
    it these images say nothing. Raises DataError where no threshold keeps to the budget."""
    if not len(seen.confidence):
        raise DataError("no digit was read on these images: nothing to calibrate with")
    threshold = _least(seen.confidence, seen.right, budget)
    if threshold is None:
        raise DataError(
            f"no threshold keeps the error within {100 * budget:g} %: among the surest digits, of"
            f" confidence {seen.confidence[0]:.4f}, one is wrong already. See the worst images of"
            " `camd eval`: is every digit on them in labels.json?"
        )
    return outcome(seen, threshold)


def left_out(seen: Candidates, budget: float) -> tuple[int, int]:
    """Publish each image with the threshold that the others choose, and return how many digits
    are published and how many of them are wrong (leave-one-out cross-validation).

    The error at a threshold chosen on the very images it is counted on is flattered; this one
    is not."""
    published = wrong = 0
    for number in range(seen.images):
        own = seen.image == number
        threshold = _least(seen.confidence[~own], seen.right[~own], budget)
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


def needed(budget: float) -> int:
    """Give how many published digits, none of them wrong, show that the error is at most `budget`,
    as sure as LEVEL."""
    return math.ceil(math.log(1 - LEVEL) / math.log(1 - budget))


def _at_most(wrong: int, published: int, error: float) -> float:
    """Probability of at most `wrong` errors among `published` digits."""
    n, log_error, log_fine = published, math.log(error or 1e-300), math.log1p(-error)
    return math.fsum(
        math.exp(
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * log_error
            + (n - k) * log_fine
        )
        for k in range(wrong + 1)
    )


def _least(confidence: DoubleArray, right: NDArray[np.bool_], budget: float) -> float | None:
    """Find the least threshold within the budget; None where there is none."""
    wrong = np.cumsum(~right)
    within = wrong <= budget * np.arange(1, len(right) + 1)
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
