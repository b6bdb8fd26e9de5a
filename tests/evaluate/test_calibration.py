import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.evaluate.calibration import (
    Candidates,
    candidates,
    choose,
    left_out,
    measured,
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
    for budget, threshold, published in ((0.2, 0.86, 1), (0.25, 0.63, 4), (0.4, 0.62, 5)):
        best = measured(found, budget)
        assert best is not None
        assert (best.threshold, best.published) == (threshold, published)


@pytest.mark.parametrize(
    ("count", "budget", "published"),
    # The 41st of them is wrong. 5 % takes 59 digits without a wrong one and 93 with one; 8 % takes
    # 36 and 58.
    [(100, 0.05, 100), (92, 0.05, None), (92, 0.08, 92), (57, 0.08, 40), (35, 0.08, None)],
)
def test_a_promise_takes_so_many_digits(count: int, budget: float, published: int | None) -> None:
    best = choose(seen(*((0.9 - 0.001 * n, n != 40) for n in range(count))), budget)
    assert (best.published if best else None) == published


@given(
    st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), min_size=1, max_size=80),
    st.sampled_from([0.05, 0.1, 0.2]),
)
def test_what_is_chosen_is_promised(digits: list[tuple[float, bool]], budget: float) -> None:
    found = seen(*sorted(digits, reverse=True))
    best = choose(found, budget)
    bounds = [outcome(found, confidence).bound for confidence, _ in digits]
    assert (best is None) == (min(bounds) > budget)
    if best is not None:
        assert best.bound <= budget
        assert best.threshold <= 0.99
        more = [c for c, _ in digits if c < best.threshold]
        assert all(outcome(found, confidence).bound > budget for confidence in more)


def test_below_the_least_confidence_seen_nothing_is_known() -> None:
    for confidences, threshold in (((0.912, 0.876), 0.87), ((0.004,), 0.004)):
        best = measured(seen(*((one, True) for one in confidences)), 0.01)
        assert best is not None
        assert best.threshold == threshold


def test_equally_sure_digits_are_published_together() -> None:
    found = seen((0.9, True), (0.5, True), (0.5, True), (0.5, False), (0.5, True))
    assert measured(found, 0.1) == outcome(found, 0.51)
    assert measured(found, 0.2) == outcome(found, 0.5)


def test_confidences_a_hair_apart_are_told_apart() -> None:
    best = measured(seen((0.99999, True), (0.999985, False)), 0.01)
    assert best is not None
    assert 0.999985 < best.threshold <= 0.99999
    assert best.wrong == 0


def test_a_budget_that_cannot_be_kept() -> None:
    assert measured(seen((0.99, False), (0.9, True)), 0.01) is None
    nothing = candidates([(Label("a", ("1",)), ())])
    assert measured(nothing, 0.01) is None
    assert choose(nothing, 0.01) is None
    assert left_out(nothing, 0.01) == (0, 0)


def test_left_out_does_not_flatter() -> None:
    sure = [(0.95 - 0.001 * number, True) for number in range(20)]
    found = seen(*sure, (0.7, False), (0.6, False))
    best = choose(found, 0.2)
    assert best is not None
    assert best.wrong == 0
    # Without the one at 0.7, the others let everything above 0.6 pass.
    assert left_out(found, 0.2) == (21, 1)
    assert left_out(seen((0.9, False)), 0.2) == (0, 0)


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
    assert least == pytest.approx(3 / budget, rel=0.06)
    for wrong in (0, 1, 2, 9):
        least = needed(budget, wrong)
        assert upper_bound(wrong, least) <= budget < upper_bound(wrong, least - 1)
