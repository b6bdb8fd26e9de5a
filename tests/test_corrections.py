"""Crops that are kept to be labelled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camd.corrections import MOST_LABELLED, OFTEN, Collector, Sample, Store, surroundings
from camd.errors import CamdError
from camd.values import Digit, Frame, Reason, RegionReading, Rejected, Result
from testing.broker import LONG

IMAGE = np.full((120, 400, 3), 200, np.uint8)
OUTLINE = ((0, 0), (300, 0), (300, 120), (0, 120))


def crop(digit: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    image = np.zeros((28, 28), np.uint8)
    cv2.putText(image, str(digit), (6, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2, cv2.LINE_AA)
    return image


def frame(clock: float) -> Frame:
    return Frame(IMAGE, 1, 1e9 + clock, clock)


def digit(value: int, confidence: float, at: int = 0, *, stable: bool = True) -> Digit:
    box = (20 + 40 * at, 30, 20, 40)
    return Digit(value, confidence, box, track=10 * at + value, stable=stable, crop=crop(value))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state" / "desk.crops.sqlite", 100)
    yield store
    store.close(LONG)


def kept(store: Store) -> list[tuple[str, str, int]]:
    store.close(LONG)
    return [(one.why, one.region, one.guess) for one in store.to_label(1000)]


def test_an_unsure_digit_is_kept_once_with_where_it_came_from(store: Store) -> None:
    collector = Collector(store, "a1b2c3d4")
    region = RegionReading("water", "ok", outline=OUTLINE)
    for n in range(100):
        seen = (digit(4, 0.7), digit(8, 0.99, 1), digit(7, 0.6, 9))
        collector.see(frame(n), Result(digits=seen, regions=(region,)))
    assert kept(store) == [("unsure", "", 7), ("unsure", "water", 4)]
    sample = store.to_label(9)[1]
    assert (sample.at, sample.box, sample.model) == (1e9, (20, 30, 20, 40), "a1b2c3d4")
    assert np.array_equal(sample.crop, crop(4))
    around = cv2.imdecode(np.frombuffer(sample.around, np.uint8), cv2.IMREAD_COLOR)
    assert around is not None
    assert around.shape[0] == 96


def test_a_digit_in_passing_is_not_kept_and_one_that_never_settles_is(store: Store) -> None:
    collector = Collector(store, "m")
    passing, restless = digit(4, 0.7, stable=False), digit(8, 0.7, 1, stable=False)
    for n in range(OFTEN):
        some = (passing, restless) if n < 5 else (restless,)
        collector.see(frame(n), Result(digits=some))
    assert kept(store) == [("unsure", "", 8)]


def test_a_refused_mark_is_kept_once_it_has_stayed(store: Store) -> None:
    collector = Collector(store, "m")
    for n in range(3 * OFTEN):
        marks = (
            Rejected((20 + n % 2, 30, 20, 40), Reason.NOT_A_DIGIT, crop(5)),
            Rejected((90, 30, 20, 40), Reason.RULED),
            Rejected((20 * n, 30, 20, 40), Reason.NOT_A_DIGIT, crop(6)),
        )
        collector.see(frame(n), Result(rejected=marks))
    assert kept(store) == [("refused", "", -1)]


def test_the_same_writing_is_not_kept_again_after_a_restart(store: Store, tmp_path: Path) -> None:
    Collector(store, "m").see(frame(0), Result(digits=(digit(4, 0.7),)))
    store.close(LONG)
    again = Store(tmp_path / "state" / "desk.crops.sqlite", 100)
    collector = Collector(again, "m")
    collector.see(frame(0), Result(digits=(digit(4, 0.7, 3),)))
    assert len(kept(again)) == 1


def test_what_a_person_says_is_another_digit_is_kept_with_it(store: Store) -> None:
    collector = Collector(store, "m")
    region = RegionReading("water", "ok", outline=OUTLINE)
    seen = (digit(9, 0.99, 1), digit(3, 0.99, 0), digit(5, 0.99, 8))
    result = Result(digits=seen, regions=(region,))
    collector.changed(frame(0), result, "water", "4".zfill)  # 04, where 39 was read
    collector.changed(frame(0), result, "water", "12345".zfill)  # other ones than are in view
    collector.changed(frame(0), result, "gas", "1".zfill)
    assert kept(store) == [("changed", "water", 4), ("changed", "water", 0)]


def sample(number: int = 4) -> Sample:
    around = surroundings(IMAGE, (20, 30, 20, 40))
    return Sample(1e9, "", "unsure", 4, 0.5, "m", (1, 2, 3, 4), crop(number), around)


def test_labels_are_given_taken_back_and_skipped(store: Store) -> None:
    for number in (4, 9, 7):
        store.add(sample(number))
    store.close(LONG)
    ids = [one.id for one in store.to_label(10)]
    assert store.label(ids[0], 7)
    assert store.label(ids[1], -1)
    assert store.label(ids[2], None, skip=True)
    assert not store.label(10**9, 3)
    assert store.to_label(10) == []
    assert [one.label for one in store.labelled()] == [-1, 7]
    counts = store.counts()
    assert (counts.left, counts.digits, counts.others) == (0, 1, 1)
    assert store.label(ids[0], None)
    assert [one.id for one in store.to_label(10)] == [ids[0]]


def test_no_more_are_kept_than_asked_and_those_with_labels_stay(tmp_path: Path) -> None:
    path = tmp_path / "crops"
    store = Store(path, 20)
    store.add(sample())
    store.close(LONG)
    assert store.label(1, 4)
    store = Store(path, 20)
    for _ in range(50):
        store.add(sample())
    store.close(LONG)
    assert [one.id for one in store.to_label(100)] == list(range(51, 31, -1))
    assert [one.id for one in store.labelled()] == [1]
    assert MOST_LABELLED > 1000


def test_a_file_that_cannot_be_used_keeps_nobody_from_reading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "crops"
    path.write_bytes(b"no database " * 1000)
    store = Store(path, 20)
    collector = Collector(store, "m")
    collector.see(frame(0), Result(digits=(digit(4, 0.7),)))
    store.close(LONG)
    assert "are lost" in caplog.text
    with pytest.raises(CamdError, match="cannot be used"):
        store.counts()
