import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.geometry import Point, apart, area, contains, crosses_itself, is_convex, median

SQUARE: list[Point] = [(0, 0), (4, 0), (4, 4), (0, 4)]
NOTCHED: list[Point] = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (SQUARE, False),
        (SQUARE[::-1], False),
        (NOTCHED, False),
        ([(0, 0), (4, 4), (4, 0), (0, 4)], True),
        ([(0, 0), (4, 0), (2, 0)], True),
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], True),
        ([(0, 0), (2, 0), (4, 0), (4, 4)], False),
        ([(0, 0), (4, 0), (4, 4), (0, 0), (0, 4)], True),
    ],
)
def test_sides_that_cross_or_touch_are_found(points: list[Point], expected: bool) -> None:
    assert crosses_itself(points) is expected


on_a_grid = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=6, unique=True
)


@given(on_a_grid, st.integers(0, 5), st.integers(-9, 9), st.integers(-9, 9))
def test_a_polygon_stays_what_it_is_wherever_it_lies_and_whoever_begins(
    points: list[tuple[int, int]], first: int, right: int, down: int
) -> None:
    """On a grid, so that many sides lie along one another or end on one another."""
    found = crosses_itself(points)
    first %= len(points)
    assert crosses_itself([*points[first:], *points[:first]]) is found
    assert crosses_itself(points[::-1]) is found
    assert crosses_itself([(y, x) for x, y in points]) is found
    assert crosses_itself([(x + right, y + down) for x, y in points]) is found


def test_only_what_lies_within_is_contained() -> None:
    assert contains(NOTCHED, 2, 0.5)
    assert not contains(NOTCHED, 2, 3)
    assert not contains(NOTCHED, 5, 0.5)


def test_a_mirrored_or_dented_thing_is_not_four_corners_of_a_flat_one() -> None:
    assert is_convex(SQUARE)
    assert is_convex([*SQUARE[2:], *SQUARE[:2]])  # it may stand upside down
    assert not is_convex(SQUARE[::-1])
    assert not is_convex([(0, 0), (4, 0), (1, 1), (0, 4)])
    assert area(SQUARE) == 16
    assert area(SQUARE[::-1]) == -16


@pytest.mark.parametrize("shape", [(1,), (2,), (5,), (20,), (1, 2), (8, 2), (9, 2)])
def test_it_is_numpys(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(1).normal(0, 9, shape)
    assert median(values) == pytest.approx(np.median(values, axis=0))
    assert median(values.tolist()).shape == shape[1:]


def test_boxes_are_as_far_apart_as_along_the_axis_where_it_is_more() -> None:
    first = np.array([(0, 0, 10, 20)], np.float32)
    beside, below, both, over = (13, 0, 5, 5), (2, 24, 5, 5), (11, 30, 5, 5), (4, 4, 3, 3)
    second = np.array([beside, below, both, over], np.float32)
    assert apart(first, second).tolist() == [[3, 4, 10, -3]]
    assert apart(first, np.zeros((0, 4), np.float32)).shape == (1, 0)
