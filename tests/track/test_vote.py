from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.config.settings import TrackSettings
from camd.track.vote import Vote

SETTINGS = TrackSettings()


def frames_to_change(vote: Vote, digit: int, confidence: float, step: float) -> int:
    """Cast the same vote until the value is `digit`."""
    for frame in range(1, 1000):
        vote.cast(digit, confidence, step)
        if vote.value == digit:
            return frame
    raise AssertionError("never settled")


def frames_to_settle(digit: int, confidence: float, step: float) -> int:
    vote = Vote(SETTINGS)
    vote.cast(digit, confidence, 0.0)
    return 1 + frames_to_change(vote, digit, confidence, step)


@pytest.mark.parametrize(("fps", "frames"), [(60, 10), (30, 6), (5, 3), (1, 3)])
def test_settles_after_settle_ms_and_settle_frames(fps: float, frames: int) -> None:
    assert frames_to_settle(7, 0.9999, 1 / fps) == frames


def test_a_doubtful_digit_takes_longer_but_not_300_ms() -> None:
    sure, doubtful = frames_to_settle(7, 0.9999, 1 / 30), frames_to_settle(7, 0.9, 1 / 30)
    assert sure < doubtful <= 9


def test_no_settling_time_settles_on_sight() -> None:
    vote = Vote(TrackSettings(settle_ms=0, settle_frames=1))
    vote.cast(4, 0.95, 0.0)
    assert vote.value == 4


@pytest.mark.parametrize("seconds", [1, 600])
def test_a_long_held_value_is_overturned_as_fast_as_it_was_accepted(seconds: int) -> None:
    vote = Vote(SETTINGS)
    for _ in range(seconds * 30):
        vote.cast(1, 0.9999, 1 / 30)
    assert vote.value == 1
    assert frames_to_change(vote, 7, 0.9999, 1 / 30) <= frames_to_settle(7, 0.9999, 1 / 30) + 1


def test_a_value_misread_at_first_gives_way_to_the_majority() -> None:
    vote, rng = Vote(SETTINGS), np.random.default_rng(1)
    for _ in range(30):
        vote.cast(1, 0.999, 1 / 30)
    for _ in range(90):
        vote.cast(7 if rng.random() < 0.8 else 1, 0.999, 1 / 30)
    assert vote.value == 7


def test_an_unsure_digit_stays_unsettled_however_often_it_is_seen() -> None:
    vote = Vote(TrackSettings(settle_confidence=0.7))
    for _ in range(1000):
        vote.cast(7, 0.65, 1 / 30)
    assert vote.value is None
    assert not vote.pending


def test_it_settles_once_the_mean_is_sure() -> None:
    vote = Vote(TrackSettings(settle_confidence=0.7, memory_ms=1500))
    for _ in range(60):
        vote.cast(7, 0.65, 1 / 30)
    assert 10 < frames_to_change(vote, 7, 0.8, 1 / 30) < 60


def test_votes_that_are_not_sure_overturn_a_value_and_settle_nothing() -> None:
    vote = Vote(TrackSettings(settle_confidence=0.75))
    for _ in range(30):
        vote.cast(9, 0.999, 1 / 30)
    for _ in range(15):
        vote.cast(4, 0.6, 1 / 30)
    assert vote.value is None


def test_a_digit_about_to_settle_is_pending() -> None:
    vote = Vote(SETTINGS)
    assert not vote.pending
    pending = []
    for _ in range(10):
        vote.cast(7, 0.9999, 1 / 30)
        pending.append((vote.pending, vote.value))
    settled = [value for _, value in pending].index(7)
    assert pending == [(True, None)] * settled + [(False, 7)] * (10 - settled)
    vote.cast(1, 0.9999, 1 / 30)
    assert vote.pending


@pytest.mark.parametrize(("rate", "most"), [(0.05, 0), (0.15, 0), (0.3, 9)])
def test_a_digit_misread_now_and_then_keeps_its_value(rate: float, most: int) -> None:
    vote, rng = Vote(SETTINGS), np.random.default_rng(2)
    values = []
    for _ in range(10 * 60 * 30):
        vote.cast(7 if rng.random() < rate else 1, 0.999, 1 / 30)
        values.append(vote.value)
    settled = values[values.index(1) :]
    changes = sum(a != b for a, b in pairwise(settled))
    assert changes <= most


def test_what_is_seen_in_every_other_frame_only_does_not_settle() -> None:
    vote = Vote(SETTINGS)
    for _ in range(300):
        vote.cast(3, 0.99, 1 / 30)
        vote.miss(1 / 30)
    assert vote.value is None


def test_a_settled_value_survives_missing_frames() -> None:
    vote = Vote(SETTINGS)
    for _ in range(10):
        vote.cast(3, 0.999, 1 / 30)
    for _ in range(30):
        vote.miss(1 / 30)
    assert vote.value == 3


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats(0, 1), st.floats(0, 2), st.booleans()), max_size=80
    )
)
def test_a_value_is_always_one_that_was_voted_for(
    steps: list[tuple[int, float, float, bool]],
) -> None:
    vote, seen = Vote(SETTINGS), set()
    for digit, confidence, elapsed, missed in steps:
        if missed:
            vote.miss(elapsed)
        else:
            seen.add(digit)
            vote.cast(digit, confidence, elapsed)
        assert vote.value is None or vote.value in seen
        assert 0 <= vote.confidence <= 1


def test_what_is_a_digit_in_some_frames_only_never_settles() -> None:
    """Pieces of a scribble, cut otherwise from frame to frame."""
    vote = Vote(SETTINGS)
    for frame in range(300):
        if frame % 4:
            vote.cast(0, 0.9, 1 / 30)
        else:
            vote.miss(1 / 30)
    assert vote.value is None


def test_a_sure_digit_settles_though_a_frame_misses_it() -> None:
    vote = Vote(SETTINGS)
    for frame in range(12):
        if frame == 3:
            vote.miss(1 / 30)
        else:
            vote.cast(4, 0.97, 1 / 30)
    assert vote.value == 4
