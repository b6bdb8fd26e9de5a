import pytest

from camd.config.settings import TrackSettings
from camd.track.pace import Pace


def test_looks_far_apart_are_a_step_apart_and_near_ones_as_they_are() -> None:
    pace = Pace(TrackSettings(forget_ms=300))
    assert pace.at(10.0) == 10.0
    assert pace.at(10.1) == pytest.approx(10.1)
    assert pace.at(70.0) == pytest.approx(10.3)
    assert pace.at(130.0) == pytest.approx(10.5)


def test_a_clock_that_goes_back_is_seen() -> None:
    pace = Pace(TrackSettings())
    pace.at(10.0)
    assert pace.at(2.0) == pytest.approx(2.0)


def test_where_nothing_is_remembered_all_of_the_time_counts() -> None:
    pace = Pace(TrackSettings(forget_ms=0))
    pace.at(10.0)
    assert pace.at(70.0) == 70.0
