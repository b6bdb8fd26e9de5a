"""How many pictures are made, and which are too old to be shown."""

import asyncio
import os
import sys
import threading

import cv2
import numpy as np
import pytest

from camd.values import Frame, Image
from camd.web.feed import Feed
from camd.web.pictures import KINDNESS, Painter, Pictures, shrunk
from testing.scenes import frame, result
from tests.web.serving import state


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_however_many_ask_a_picture_is_made_once_and_at_most_ten_a_second() -> None:
    clock, feed, made = Clock(), Feed(), []

    def colour() -> Image:
        made.append(clock.now)
        return np.zeros((720, 1280, 3), np.uint8)

    pictures = Pictures(feed, clock, work=lambda: 0.0)
    for number in range(90):  # three seconds of 30 frames a second
        clock.now = 100 + number / 30
        feed.show(Frame(np.zeros((720, 1280), np.uint8), number, 0.0, clock.now, colour), result())
        for _ in range(3):
            shot = pictures.newest()
            assert shot
            shot.answer(640)
    assert 20 <= len(made) <= 31


def test_pictures_that_take_long_are_made_less_often() -> None:
    clock, feed, made, spent = Clock(), Feed(), [], [0.0]

    def colour() -> Image:
        made.append(clock.now)
        spent[0] += 0.02
        return np.zeros((720, 1280, 3), np.uint8)

    pictures = Pictures(feed, clock, work=lambda: spent[0])
    for number in range(90):
        clock.now = 100 + number / 30
        feed.show(Frame(np.zeros((720, 1280), np.uint8), number, 0.0, clock.now, colour), result())
        shot = pictures.newest()
        assert shot
        shot.answer(640)
    assert 7 <= len(made) <= 9  # 0.02 of every 0.4 seconds


def test_a_frame_that_nobody_asks_for_is_never_decoded() -> None:
    feed = Feed()

    def colour() -> Image:
        raise AssertionError("decoded")

    for number in range(10):
        feed.show(Frame(np.zeros((4, 4), np.uint8), number, 0.0, 100.0, colour), result())
    assert feed.scene
    assert feed.scene.frame.number == 9


def test_the_picture_is_as_wide_as_the_browser_needs() -> None:
    clock, feed = Clock(), Feed()
    feed.show(frame(), result())
    shot = Pictures(feed, clock).newest()
    assert shot
    for asked, wide in ((10, 640), (640, 640), (700, 1280), (9999, 1280)):
        answer = shot.answer(asked)
        data = np.frombuffer(answer[answer.index(b"\xff\xd8") :], np.uint8)
        assert cv2.imdecode(data, cv2.IMREAD_COLOR).shape[1] == wide


def test_an_old_picture_is_none_but_the_last_of_a_film_stays() -> None:
    clock, feed = Clock(), Feed()
    pictures = Pictures(feed, clock)
    assert pictures.stale
    feed.show(frame(clock=100.0), result())
    feed.state = state(camera="open")
    assert pictures.newest()
    clock.now = 100 + feed.settings.camera.timeout_s + 1
    assert pictures.newest() is None
    assert pictures.stale
    feed.state = state(camera="ended")
    assert pictures.newest()


@pytest.mark.parametrize("wide", [5, 640, 700, 1280, 1281, 1919, 1920, 4000])
@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_picture_is_made_smaller_and_looks_the_same(wide: int, shape: tuple[int, ...]) -> None:
    left = np.zeros((54, 1920, *shape), np.uint8)
    left[:, 960:] = 200
    small = shrunk(left, wide)
    assert small.shape == (max(1, round(54 * min(1, wide / 1920))), min(wide, 1920), *shape)
    assert small[:, : small.shape[1] // 2 - 1].max(initial=0) == 0
    assert small[:, small.shape[1] // 2 + 2 :].min(initial=200) == 200


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
def test_the_thread_that_makes_pictures_makes_way_and_no_other_does() -> None:
    def nice() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = nice()
    assert asyncio.run(Painter().paint(nice)) == max(KINDNESS, before)
    assert nice() == before
