"""PURE. How often digits are right, by the confidence with which they were published."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from camd.evaluate.score import tell_apart
from camd.evaluate.truth import Label
from camd.values import Line

LEAST = (0.99, 0.95, 0.9, 0.75, 0.5, 0.0)
"""Where the bins begin; each ends where the one before it begins, the first with 1."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Digits published with a confidence from `least` to below `below`."""

    least: float
    below: float
    digits: int = 0
    wrong: int = 0
    expected: float = 0.0
    """How many were to be wrong if each confidence were a probability."""


def by_confidence(images: Iterable[tuple[Label, Sequence[Line]]]) -> tuple[Bin, ...]:
    """Sort the digits of each image's lines into the bins of LEAST, the surest first; bins without
    a digit are left out. Which digits are wrong: camd.score.tell_apart."""
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
