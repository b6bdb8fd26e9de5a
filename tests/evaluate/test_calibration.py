import numpy as np
import pytest

from camd.errors import DataError
from camd.evaluate.calibration import (
    Candidates,
    candidates,
    choose,
    left_out,
    needed,
    outcome,
    upper_bound,
)
from camd.evaluate.truth import Label
from camd.values import Digit


def read(*digits: tuple[int, float]) -> list[Digit]:
    return [Digit(digit, confidence, (0, 0, 9, 9)) for digit, confidence in digits]


def seen(*digits: tuple[float, bool], written: int = 0) -> Candidates:
    """One digit an image, the surest first."""
    confidence, right = zip(*digits, strict=True)
    count = len(digits)
    return Candidates(np.array(confidence), np.array(right), np.arange(count), count, written)


def test_digits_that_are_not_written_are_wrong_the_least_sure_of_them_first() -> None:
    found = candidates(
        [
            (Label("a", ("1 7", "7")), read((7, 0.6), (7, 0.9), (7, 0.8), (2, 0.7))),
            (Label("none", ()), read((1, 0.95))),
        ]
    )
    assert found.confidence.tolist() == [0.95, 0.9, 0.8, 0.7, 0.6]
    assert found.right.tolist() == [False, True, True, False, False]
    assert found.image.tolist() == [1, 0, 0, 0, 0]
    assert (found.images, found.written) == (2, 3)


def test_outcome_counts_what_is_published() -> None:
    row = outcome(seen((0.9, True), (0.8, False), (0.7, True), written=4), 0.8)
    assert (row.published, row.wrong, row.error, row.missed) == (2, 1, 0.5, 0.75)
    none = outcome(seen((0.9, True)), 0.95)
    assert (none.published, none.error, none.missed, none.bound) == (0, 0, 0, 1)


def test_the_least_threshold_within_the_budget() -> None:
    # One wrong of two is 50 %, of three 33 %, of four 25 %, and then it gets worse again.
    found = seen((0.91, True), (0.85, False), (0.7, True), (0.63, True), (0.628, False))
    assert choose(found, 0.2).threshold == 0.86
    assert choose(found, 0.25).threshold == 0.63
    assert choose(found, 0.4).threshold == 0.62
    assert choose(found, 0.25).published == 4


def test_below_the_least_confidence_seen_nothing_is_known() -> None:
    assert choose(seen((0.912, True), (0.876, True)), 0.01).threshold == 0.87
    assert choose(seen((0.004, True)), 0.01).threshold == 0.004


def test_equally_sure_digits_are_published_together() -> None:
    found = seen((0.9, True), (0.5, True), (0.5, True), (0.5, False), (0.5, True))
    assert choose(found, 0.1).threshold == 0.51
    assert choose(found, 0.2).threshold == 0.5


def test_confidences_a_hair_apart_are_told_apart() -> None:
    found = seen((0.99999, True), (0.999985, False))
    best = choose(found, 0.01)
    assert 0.999985 < best.threshold <= 0.99999
    assert best.wrong == 0


def test_a_budget_that_cannot_be_kept() -> None:
    with pytest.raises(DataError, match="no threshold keeps the error within 1 %"):
        choose(seen((0.99, False), (0.9, True)), 0.01)
    with pytest.raises(DataError, match="no digit was read"):
        choose(candidates([(Label("a", ("1",)), ())]), 0.01)


def test_left_out_does_not_flatter() -> None:
    found = seen((0.9, True), (0.8, True), (0.7, False), (0.6, False))
    assert choose(found, 0.01).wrong == 0
    # Without the one at 0.7, the others let everything above 0.6 pass.
    assert left_out(found, 0.01) == (3, 1)
    assert left_out(seen((0.9, False)), 0.01) == (0, 0)


@pytest.mark.parametrize(
    ("wrong", "published", "bound"),
    # scipy.stats.beta.ppf(0.95, wrong + 1, published - wrong)
    [(0, 300, 0.009936), (0, 1, 0.95), (1, 100, 0.046560), (5, 400, 0.026102), (3, 3, 1.0)],
)
def test_the_bound_of_clopper_and_pearson(wrong: int, published: int, bound: float) -> None:
    assert upper_bound(wrong, published) == pytest.approx(bound, abs=2e-6)


@pytest.mark.parametrize("budget", [0.005, 0.01, 0.1])
def test_needed_is_the_rule_of_three(budget: float) -> None:
    least = needed(budget)
    assert upper_bound(0, least) <= budget < upper_bound(0, least - 1)
    assert least == pytest.approx(3 / budget, rel=0.06)
