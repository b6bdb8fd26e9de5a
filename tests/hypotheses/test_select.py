from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.hypotheses.select import (
    NOTHING,
    Reading,
    heaviest,
    leads,
    likeliest,
    outermost,
    overlap,
    unexplained,
)
from camd.tuned import TUNED
from camd.values import SIDE, Box, Classified, Glyph, Reason, Rejected

LEFT, RIGHT, BOTH = (0, 0, 10, 20), (12, 0, 10, 20), (0, 0, 22, 20)


def reading(*said: tuple[Box, int, float]) -> Reading:
    """Make a reading of boxes, each taken for a label with a confidence."""
    crop = np.zeros((SIDE, SIDE), np.uint8)
    return Reading(
        tuple(Glyph(box, crop) for box, _, _ in said),
        Classified(
            np.array([label for _, label, _ in said], np.int64),
            np.ones(len(said), np.float32),
            np.array([sure for _, _, sure in said], np.float32),
        ),
    )


def said(readings: Sequence[Reading]) -> list[list[int]]:
    return [one.classified.labels.tolist() for one in readings]


def test_parts_give_way_to_the_surer_digit_that_they_make() -> None:
    parts = reading((LEFT, 1, 0.6), (RIGHT, 0, 0.6))
    assert said(likeliest(parts, reading((BOTH, 6, 0.99)))) == [[], [6]]


def test_two_sure_digits_do_not_give_way_to_one() -> None:
    parts = reading((LEFT, 1, 0.99), (RIGHT, 0, 0.99))
    assert said(likeliest(parts, reading((BOTH, 6, 0.99)))) == [[1, 0], []]


def test_where_both_are_as_likely_the_usual_one_stays() -> None:
    assert said(likeliest(reading((LEFT, 7, 0.9)), reading((LEFT, 1, 0.9)))) == [[7], []]


def test_what_is_no_digit_stays_unless_a_digit_takes_its_place() -> None:
    usual = reading((LEFT, -1, 0.9), (RIGHT, -1, 0.9))
    assert said(likeliest(usual, reading((LEFT, 3, 0.95)))) == [[-1], [3]]
    assert said(likeliest(usual, reading((LEFT, -1, 0.95)))) == [[-1, -1], []]


def test_neighbours_found_at_one_threshold_never_contend() -> None:
    leaning = [(0, 0, 14, 20), (6, 0, 14, 20)]
    lower = reading((leaning[0], 7, 0.95), (leaning[1], 1, 0.95))
    assert said(likeliest(reading(), lower)) == [[], [7, 1]]


def test_what_lies_in_a_larger_digit_is_none_of_the_other_polarity() -> None:
    far = (100, 0, 10, 20)
    other = reading((LEFT, 1, 0.97), (far, 4, 0.97))
    usual = reading((BOTH, 8, 0.5), ((104, 6, 3, 6), 1, 0.8))
    assert outermost(other, usual).glyphs == other.glyphs[1:]
    label = reading((BOTH, -1, 0.5))
    assert outermost(other, label).glyphs == outermost(other, NOTHING).glyphs == other.glyphs


def test_nothing_gives_nothing() -> None:
    assert not outermost(NOTHING, NOTHING).glyphs
    assert said(likeliest(NOTHING, NOTHING)) == [[], []]
    assert unexplained((), ()) == ()


def test_only_a_sure_digit_leads() -> None:
    assert leads(reading((LEFT, 3, 0.95)))
    assert not leads(reading((LEFT, 3, 0.6), (RIGHT, -1, 0.99)))


def test_marks_that_are_part_of_a_digit_are_explained() -> None:
    far = (100, 0, 10, 20)
    marks = tuple(Rejected(box, Reason.RULED) for box in (LEFT, far))
    assert unexplained(marks, [BOTH]) == marks[1:]


boxes = st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(1, 30)] * 2)
readings = st.lists(st.tuples(boxes, st.integers(-1, 9), st.floats(0.01, 0.99)), max_size=6).map(
    lambda some: reading(*some)
)


@given(readings, readings)
def test_no_other_set_without_conflicts_is_heavier(usual: Reading, lower: Reading) -> None:
    def logits(sure: float) -> float:
        return float(np.log(sure / (1 - sure))) if sure else -np.inf

    one = [max(0.0, logits(sure)) for sure in usual.classified.sure.tolist()]
    other = [logits(sure) - TUNED.later for sure in lower.classified.sure.tolist()]
    contend = overlap([g.box for g in usual.glyphs], [g.box for g in lower.glyphs]) > TUNED.shared
    best = 0.0
    for taken in product([False, True], repeat=len(other)):
        free = [not any(row[list(taken)]) for row in contend]
        best = max(
            best, sum(w for w, is_in in zip(one + other, [*free, *taken], strict=True) if is_in)
        )
    kept, added = likeliest(usual, lower)
    ids = {id(glyph) for glyph in (*kept.glyphs, *added.glyphs)}
    found = sum(w for w, g in zip(one, usual.glyphs, strict=True) if id(g) in ids)
    found += sum(w for w, g in zip(other, lower.glyphs, strict=True) if id(g) in ids)
    assert found == pytest.approx(best, abs=1e-6)
    assert not (
        overlap([g.box for g in kept.glyphs], [g.box for g in added.glyphs]) > TUNED.shared
    ).any()


def test_a_page_of_scribbles_is_decided_for_what_is_worth_most() -> None:
    many = [(9 * i, 0, 10, 20) for i in range(30)]
    usual = reading(*((box, 1, 0.6) for box in many))
    lower = reading(*((box, 2, 0.99) for box in many))
    assert said(likeliest(usual, lower)) == [[], [2] * 30]


def test_the_heaviest_set_may_leave_the_heaviest_out() -> None:
    worth = np.array([3.0, 2.0, 2.0, -1.0])
    contend = np.zeros((4, 4), bool)
    contend[0, 1:3] = contend[1:3, 0] = True
    assert heaviest(worth, contend).tolist() == [False, True, True, False]
    assert heaviest(np.zeros(0), np.zeros((0, 0), bool)).tolist() == []
