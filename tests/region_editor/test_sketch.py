import pytest

from camd.region_editor.sketch import Kind, Sketch

REACH = (0.02, 0.03)
SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))


def drawn(kind: Kind, *points: tuple[float, float]) -> Sketch:
    sketch = Sketch(kind)
    for point in points:
        sketch = sketch.press(point, REACH).release()
    return sketch


def test_corners_go_clockwise_from_the_first_however_they_were_set() -> None:
    first, second, third, fourth = SQUARE
    assert drawn("corners", first, third, fourth, second).outline == SQUARE
    assert drawn("corners", *SQUARE).turn().outline == (second, third, fourth, first)


@pytest.mark.parametrize(("kind", "least"), [("corners", 4), ("polygon", 3), ("mask", 3)])
def test_enough_points_make_it_done(kind: Kind, least: int) -> None:
    for count in range(least):
        assert drawn(kind, *SQUARE[:count]).lacking == least - count
    assert drawn(kind, *SQUARE[:least]).done


def test_a_fifth_corner_is_not_set() -> None:
    assert len(drawn("corners", *SQUARE, (0.5, 0.5)).points) == 4


def test_sides_that_cross_are_a_problem() -> None:
    first, second, third, fourth = SQUARE
    crossed = drawn("polygon", first, third, second, fourth)
    assert "cross" in crossed.problem
    assert not crossed.done


def test_a_point_is_taken_hold_of_moved_and_put_back() -> None:
    moved = drawn("polygon", *SQUARE).press((0.21, 0.21), REACH).drag((0.3, 1.4)).release()
    assert moved.points[0] == (0.3, 1.0)
    assert moved.undo().points == SQUARE
    assert moved.undo().undo().points == SQUARE[:3]


def test_a_click_on_a_point_is_no_step() -> None:
    clicked = drawn("polygon", *SQUARE).press((0.2, 0.2), REACH).release()
    assert clicked.undo().points == SQUARE[:3]


def test_a_point_set_on_a_side_goes_between_its_ends() -> None:
    assert drawn("polygon", *SQUARE, (0.5, 0.21)).points[1] == (0.5, 0.21)


def test_what_was_there_before_is_taken_back_point_by_point() -> None:
    assert Sketch("mask", SQUARE).undo().points == SQUARE[:3]
    assert Sketch("mask").undo().points == ()
