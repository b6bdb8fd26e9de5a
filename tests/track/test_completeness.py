from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.track import completeness
from camd.values import Box, Digit, Reason, Rejected

HEIGHT = 40
ROW = [Digit(1, 0.99, (100 + 50 * i, 100, 30, HEIGHT)) for i in range(3)]
"""Three digits, 20 pixels apart; the middle of the row is at 120."""

BOXES = st.tuples(
    st.integers(-200, 600), st.integers(-200, 400), st.integers(1, 300), st.integers(1, 300)
)
MARKS = st.lists(st.builds(Rejected, BOXES, st.sampled_from(Reason)), max_size=8)
DIGITS = st.lists(st.builds(Digit, st.integers(0, 9), st.just(0.99), BOXES), max_size=8)


def says(
    box: Box, reason: Reason = Reason.NOT_A_DIGIT, digits: Sequence[Digit] = ROW
) -> tuple[bool, bool]:
    """Tell what one mark says of a region, and of a frame."""
    marks = [Rejected(box, reason)]
    return completeness.doubtful(marks, digits), completeness.beside(marks, digits)


@pytest.mark.parametrize(
    ("what", "box"),
    [
        ("a letter, or half a digit", (50, 100, 25, 40)),
        ("one digit more", (250, 100, 25, 40)),
        ("one far away: all digits of a region are one number", (600, 100, 25, 40)),
        ("half of a digit whose segments do not touch", (250, 100, 6, 18)),
        ("the other half", (250, 122, 6, 18)),
        ("a minus", (60, 118, 20, 3)),
        ("a small raised sign", (250, 98, 12, 12)),
        ("two digits in one blot", (250, 95, 90, 60)),
        ("what is left of a grid, with a digit in it", (250, 70, 40, 100)),
        ("something between two digits", (133, 105, 14, 30)),
    ],
)
@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason not in (Reason.MASKED, Reason.RULED)]
)
def test_a_mark_in_the_row_of_a_region_is_a_doubt_why_ever_it_was_refused(
    what: str, box: Box, reason: Reason
) -> None:
    assert says(box, reason)[0], what


@pytest.mark.parametrize(
    ("what", "box"),
    [
        ("a point", (131, 134, 6, 6)),
        ("a comma", (131, 132, 6, 14)),
        ("half of a colon", (133, 108, 6, 6)),
        ("dust", (250, 115, 4, 4)),
        ("a word above", (100, 40, 130, 40)),
        ("a word below", (100, 150, 130, 40)),
        ("a line under it", (90, 150, 170, 4)),
        ("a line above it", (90, 85, 170, 4)),
        ("the edge of a box around it", (80, 60, 6, 120)),
        ("a box around it", (80, 60, 200, 120)),
        ("a box around one digit", (142, 90, 46, 62)),
        ("a line through it", (60, 118, 240, 4)),
        ("a digit of the row, in a frame that shows it badly", (103, 103, 25, 36)),
    ],
)
@pytest.mark.parametrize("reason", [Reason.NOT_A_DIGIT, Reason.UNSURE, Reason.AT_BORDER])
def test_what_is_no_part_of_the_number_is_no_doubt(what: str, box: Box, reason: Reason) -> None:
    assert says(box, reason) == (False, False), what


def test_a_rule_is_none_of_a_number_unless_it_is_as_short_as_a_one() -> None:
    assert says((250, 100, 6, 40), Reason.RULED)[0]
    assert not says((240, 60, 40, 160), Reason.RULED)[0]  # it leans
    assert says((240, 60, 40, 160), Reason.AT_BORDER)[0]


def test_what_is_masked_is_no_doubt() -> None:
    assert says((250, 100, 25, 40), Reason.MASKED) == (False, False)


@pytest.mark.parametrize(
    ("box", "reason", "doubtful"),
    [
        ((250, 100, 25, 40), Reason.UNSURE, True),
        ((250, 100, 25, 40), Reason.AT_BORDER, True),
        # There are letters beside many a number.
        ((250, 100, 25, 40), Reason.NOT_A_DIGIT, False),
        ((250, 100, 25, 40), Reason.AMONG_LETTERS, False),
        # Too far away.
        ((290, 100, 25, 40), Reason.UNSURE, False),
    ],
)
def test_in_a_frame_what_nobody_is_sure_of_or_is_cut_off_counts(
    box: Box, reason: Reason, doubtful: bool
) -> None:
    assert says(box, reason)[1] == doubtful


def test_the_nearest_digit_tells_the_row() -> None:
    leaning = [
        replace(digit, box=(100 + 50 * i, 100 + 20 * i, 30, 40)) for i, digit in enumerate(ROW)
    ]
    assert says((250, 160, 25, 40), digits=leaning)[0]
    assert not says((250, 100, 25, 20), digits=leaning)[0]
    two_rows = [*ROW, Digit(1, 0.99, (250, 160, 30, 40))]
    assert says((250, 100, 25, 40), Reason.UNSURE, two_rows) == (True, True)


@pytest.mark.parametrize(
    ("heights", "doubtful"),
    [
        ([40, 40, 40], False),
        ([40, 30, 40], False),  # a 0 of many a hand
        ([40, 60, 40], False),
        ([40, 40, 40, 20], True),  # a raised 3
        ([40, 72, 40], True),  # a bar between two drums
        ([40], False),
    ],
)
def test_digits_of_one_number_are_about_as_high(heights: list[int], doubtful: bool) -> None:
    digits = [Digit(3, 0.99, (50 * i, 100, 30, height)) for i, height in enumerate(heights)]
    assert completeness.doubtful([], digits) == doubtful


@pytest.mark.parametrize(
    ("reason", "doubtful"),
    [(Reason.UNSURE, True), (Reason.AMONG_LETTERS, True), (Reason.NOT_A_DIGIT, False)],
)
def test_without_digits_any_mark_may_be_one_that_a_model_took_for_one(
    reason: Reason, doubtful: bool
) -> None:
    assert says((0, 0, 5, 5), reason, []) == (doubtful, False)
    assert not completeness.doubtful([], [])


def moved(items: Sequence[Any], how: Callable[[Box], Box]) -> list[Any]:
    return [replace(item, box=how(item.box)) for item in items]


@given(MARKS, DIGITS, st.integers(-500, 500), st.integers(-500, 500), st.sampled_from([2, 4, 8]))
def test_neither_place_nor_size_of_the_picture_matters(
    marks: list[Rejected], digits: list[Digit], right: int, down: int, times: int
) -> None:
    def how(box: Box) -> Box:
        x, y, width, height = box
        return times * x + right, times * y + down, times * width, times * height

    for tell in (completeness.doubtful, completeness.beside):
        assert tell(moved(marks, how), moved(digits, how)) == tell(marks, digits)


@given(MARKS, MARKS, DIGITS)
def test_another_mark_takes_no_doubt_away(
    marks: list[Rejected], more: list[Rejected], digits: list[Digit]
) -> None:
    for tell in (completeness.doubtful, completeness.beside):
        assert tell(marks, digits) <= tell([*marks, *more], digits)


@given(MARKS, st.lists(st.tuples(st.integers(0, 9), st.integers(20, 34)), min_size=1, max_size=8))
def test_what_lies_wholly_above_or_below_is_no_doubt(
    marks: list[Rejected], written: list[tuple[int, int]]
) -> None:
    digits = [Digit(d, 0.99, (40 * i, 1000, 30, high)) for i, (d, high) in enumerate(written)]
    assert not completeness.doubtful([m for m in marks if m.reason != Reason.UNSURE], digits)
    assert not completeness.beside(marks, digits)
