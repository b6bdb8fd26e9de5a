from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from camd.hypotheses.minus import find
from camd.values import Box, Plane
from testing.segments import display

HIGH = 60
FIRST = (85, 24, 36, 60)
"""The box of the digit in the second cell of a display."""


def shown(text: str, **colours: int) -> Plane:
    return display(text, HIGH, lean=0.0, **colours)


@pytest.mark.parametrize("colours", [{}, {"ink": 210, "ground": 30}, {"ink": 120, "ground": 140}])
def test_a_segment_before_the_digits_is_a_minus(colours: dict[str, int]) -> None:
    box = find(shown("-42", **colours), [FIRST, (136, 24, 36, 60)])
    assert box is not None
    x, y, width, height = box
    assert abs(x - 34) < 6
    assert abs(width - 28) < 8
    assert y < 54 < y + height


@pytest.mark.parametrize("before", [" ", "1", "8", "4", "0"])
def test_nothing_and_digits_are_none(before: str) -> None:
    assert find(shown(before + "42"), [FIRST, (136, 24, 36, 60)]) is None


def around(draw: Sequence[Box]) -> Plane:
    """A 5 with bars of dark ink beside it: left, top, width, height."""
    picture = np.full((200, 300), 200, np.uint8)
    cv2.putText(picture, "5", (200, 130), cv2.FONT_HERSHEY_SIMPLEX, 2.7, 40, 6)
    for x, y, width, height in draw:
        cv2.rectangle(picture, (x, y), (x + width, y + height), 40, -1)
    return picture


DIGIT = (200, 70, 45, 60)


@pytest.mark.parametrize(
    ("what", "bars"),
    [
        ("a minus", [(150, 98, 30, 5)]),
        ("a minus that nearly touches", [(160, 98, 36, 5)]),
    ],
)
def test_short_bars_are(what: str, bars: list[Box]) -> None:
    assert find(around(bars), [DIGIT]) is not None, what


@pytest.mark.parametrize(
    ("what", "bars"),
    [
        ("nothing", []),
        ("a point", [(175, 98, 6, 6)]),
        ("a rule that goes on", [(0, 98, 190, 5)]),
        ("a line below", [(150, 124, 30, 5)]),
        ("an H", [(140, 70, 8, 60), (175, 70, 8, 60), (148, 98, 27, 5)]),
        ("a plus", [(150, 98, 30, 5), (163, 84, 5, 32)]),
        ("an E", [(150, 70, 6, 60), (150, 70, 30, 5), (150, 98, 30, 5), (150, 126, 30, 5)]),
        ("a bar far away", [(30, 98, 30, 5)]),
        ("something faint", []),
    ],
)
def test_other_marks_are_none(what: str, bars: list[Box]) -> None:
    picture = around(bars)
    if what == "something faint":
        cv2.rectangle(picture, (150, 98), (180, 103), 175, -1)
    assert find(picture, [DIGIT]) is None, what


def test_without_digits_or_contrast_there_is_none() -> None:
    assert find(around([(150, 98, 30, 5)]), []) is None
    assert find(np.full((200, 300), 128, np.uint8), [DIGIT]) is None
    assert find(around([]), [(-20, -10, 5, 5)]) is None
