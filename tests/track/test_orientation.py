from itertools import pairwise

import pytest

from camd.track.orientation import AGAIN, FOLLOWED, FORGOTTEN, LONGEST, Orientation


def look(orientation: Orientation, at: float | None, *, well: bool = False) -> bool:
    return orientation.asks(at, well=well, empty=False)


def test_what_reads_well_is_not_looked_at_another_way() -> None:
    assert not look(Orientation(), 0.0, well=True)
    assert not look(Orientation(), None, well=True)


def test_one_picture_on_its_own_is_turned_at_once() -> None:
    orientation = Orientation()
    assert look(orientation, None)
    assert orientation.found(90, None)
    assert orientation.turn == 90


def test_over_frames_two_in_a_row_have_to_say_the_same() -> None:
    orientation = Orientation()
    assert look(orientation, 0.0)
    assert not orientation.found(180, 0.0)
    assert look(orientation, 0.03)
    assert not orientation.found(90, 0.03)
    assert look(orientation, 0.06)
    assert not orientation.found(0, 0.06)
    assert look(orientation, 1.0)
    assert not orientation.found(90, 1.0)
    assert look(orientation, 1.03)
    assert orientation.found(90, 1.03)
    assert orientation.turn == 90


def test_looks_that_find_nothing_grow_rare() -> None:
    orientation = Orientation()
    looks = []
    for frame in range(1000):
        at = frame / 25
        if look(orientation, at):
            looks.append(at)
            orientation.found(0, at)
    gaps = [b - a for a, b in pairwise(looks)]
    assert gaps[0] == pytest.approx(AGAIN, abs=0.05)
    assert gaps[-1] == pytest.approx(LONGEST, abs=0.05)
    assert look(orientation, 41.0, well=True) is False
    assert look(orientation, 41.1)


def test_an_empty_picture_is_not_looked_at_and_stands_upright_after_a_while() -> None:
    orientation = Orientation()
    orientation.asks(0.0, well=True, empty=False)
    orientation.found(90, None)
    assert not orientation.asks(1.0, well=False, empty=True)
    assert orientation.turn == 90
    assert not orientation.asks(1.0 + FORGOTTEN, well=False, empty=True)
    assert orientation.turn == 0


def test_a_time_before_the_last_one_starts_over() -> None:
    orientation = Orientation()
    orientation.asks(100.0, well=True, empty=False)
    orientation.found(90, None)
    orientation.asks(1.0, well=True, empty=False)
    assert orientation.turn == 0


def test_the_picture_turns_after_its_rows() -> None:
    orientation = Orientation()
    orientation.follow(FOLLOWED - 1)
    assert orientation.turn == 0
    orientation.follow(FOLLOWED + 1)
    assert orientation.turn == 345
    orientation.follow(-FOLLOWED - 1)
    assert orientation.turn == 0
