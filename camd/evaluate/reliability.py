"""PURE. Tells how often digits are right, depending on the confidence that was published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camd.evaluate.score import tell_apart
from camd.evaluate.truth import Label
from camd.values import Line

LEAST = (0.99, 0.95, 0.9, 0.75, 0.5, 0.0)
"""The least confidence of each bin. A bin ends where the one before it begins; the first ends with
1."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The digits that were published with a confidence of at least `least` and less than
    `below`."""

    least: float
    below: float
    digits: int = 0
    wrong: int = 0
    expected: float = 0.0
    """How many should be wrong if the confidences are true probabilities."""


def by_confidence(images: Iterable[tuple[Label, Sequence[Line]]]) -> tuple[Bin, ...]:
    """Sort all digits into the bins of LEAST, those with the highest confidence first. Bins without
    a digit are left out. camd.evaluate.score.tell_apart says which digits are wrong."""
    found: dict[float, list[tuple[float, bool]]] = {least: [] for least in LEAST}
    for label, lines in images:
        _, false = tell_apart(label.digits, [line.text for line in lines])
        digits = [digit for line in lines for digit in line.digits]
        for digit, wrong in zip(digits, false, strict=True):
            bound = next(least for least in LEAST if digit.confidence >= least)
            found[bound].append((digit.confidence, wrong))
    return tuple(
        Bin(
            least,
            below,
            len(digits),
            sum(wrong for _, wrong in digits),
            sum(1 - confidence for confidence, _ in digits),
        )
        for below, (least, digits) in zip((1.0, *LEAST), found.items(), strict=False)
        if digits
    )
