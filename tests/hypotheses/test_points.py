from typing import Any

import cv2
import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.hypotheses import points
from camd.hypotheses.points import Point, decide
from camd.values import Box, FloatArray, Plane
from testing.segments import display

HIGH = 60
MARGIN = 24


@pytest.fixture(scope="module")
def machine() -> svm.Model:
    found = svm.load(paths.model_file()).points
    assert found is not None
    return found


def boxes(count: int, *, off: int = 0) -> list[Box]:
    """The boxes of the digits of a display, each cell 51 pixels wide."""
    return [(MARGIN + 51 * n + 9, MARGIN + off, 36, HIGH) for n in range(count)]


def shown(text: str, **colours: int) -> Plane:
    return display(text, HIGH, lean=0.04, **colours)


@pytest.mark.parametrize("colours", [{}, {"ink": 210, "ground": 30}, {"ink": 120, "ground": 170}])
@pytest.mark.parametrize(
    ("text", "after"),
    [("12.5", 2), ("4.08", 1), ("360.7", 3), ("2975", None), ("15:48", None)],
)
def test_a_point_is_found_where_it_stands(
    machine: svm.Model, text: str, after: int | None, colours: dict[str, int]
) -> None:
    digits = boxes(sum(map(str.isdecimal, text)))
    light = colours.get("ink", 0) > colours.get("ground", 255)
    assert points.find(shown(text, **colours), digits, machine, light_ink=light) == Point(
        sure=True, after=after
    )


@pytest.mark.parametrize("off", [-4, 4])
def test_digits_may_be_read_a_little_too_high_or_low(machine: svm.Model, off: int) -> None:
    found = points.find(shown("29.75"), boxes(4, off=off), machine, light_ink=False)
    assert found == Point(sure=True, after=2)


@pytest.mark.parametrize("high", [20, 35, 150])
def test_it_may_be_small_or_large(machine: svm.Model, high: int) -> None:
    scale = high / HIGH
    picture = cv2.resize(shown("29.75"), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    digits = [tuple(round(scale * side) for side in box) for box in boxes(4)]
    found = points.find(np.asarray(picture, np.uint8), digits, machine, light_ink=False)  # type: ignore[arg-type]
    assert found == Point(sure=True, after=2)


def test_two_points_are_a_doubt(machine: svm.Model) -> None:
    assert not points.find(shown("1.23.4"), boxes(4), machine, light_ink=False).sure


def test_a_point_before_the_first_digit_is_a_doubt(machine: svm.Model) -> None:
    # Its 0 may have been missed.
    picture = shown("0.25")[:, 60:]
    digits: list[Any] = [(x - 60, y, width, height) for x, y, width, height in boxes(3)[1:]]
    assert not points.find(picture, digits, machine, light_ink=False).sure


def test_what_stands_higher_is_no_point(machine: svm.Model) -> None:
    picture = shown("2975")
    cv2.circle(picture, (MARGIN + 2 * 51 - 6, MARGIN + 6), 4, 40, -1)
    assert points.find(picture, boxes(4), machine, light_ink=False) == Point(sure=True)


def test_without_digits_there_is_none(machine: svm.Model) -> None:
    assert points.find(shown("12"), [], machine, light_ink=False) == Point(sure=True)
    outside = points.find(shown("12"), [(900, 900, 30, 60)], machine, light_ink=False)
    assert outside == Point(sure=True)


def test_a_flat_picture_has_none(machine: svm.Model) -> None:
    flat = np.full((120, 200), 90, np.uint8)
    assert points.find(flat, boxes(3), machine, light_ink=False) == Point(sure=True)


@pytest.mark.parametrize(
    ("probabilities", "point"),
    [
        ([0, 0, 0.99], Point(sure=True, after=2)),
        ([0, 0, 0.01], Point(sure=True)),
        ([0.3, 0, 0.01], Point(sure=True)),
        ([0], Point(sure=True)),
        ([0, 0.5, 0.01], Point(sure=False, after=1)),
        ([0, 0.01, 0.75, 0.02], Point(sure=True, after=2)),
        ([0, 0.1, 0.75, 0.02], Point(sure=False, after=2)),
        ([0, 0.1, 0.97, 0.02], Point(sure=True, after=2)),
        ([0, 0.95, 0.9], Point(sure=False, after=1)),
        ([0.99, 0, 0], Point(sure=False, after=0)),
    ],
)
def test_doubt_is_told(probabilities: list[float], point: Point) -> None:
    given: FloatArray = np.array(probabilities, np.float32)
    assert decide(given) == point
