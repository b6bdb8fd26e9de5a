"""The newest picture with what is marked on it, made only when somebody asks, and once for all who
ask.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np

from camd.display import overlay
from camd.values import Image
from camd.web import live
from camd.web.feed import Feed, Scene

LEAST_GAP_S = 0.1
"""Least time between two pictures, seconds: ten a second look like a film, and more would only cost
the processor that reads the digits."""
PATIENCE = 20.0
"""And so many times as long as making the last one took of the processor: pictures for browsers
never take more than a twentieth of a core from what reads the digits."""
WIDTHS = (640, 1280, 1920)
"""Pictures are made no wider than one of these, pixels: a phone, a laptop, a large screen. So few
sizes that many browsers share one picture."""
QUALITY = 75
"""Of the JPEG, 1 to 100; digits of 12 pixels stay sharp, and a 720p picture has about 90 kB."""
KINDNESS = 10
"""How nice the thread is that makes them: one at 0 gets nine times as much of a processor."""

_Made = TypeVar("_Made")


@dataclass(slots=True)
class Shot:
    """A scene that browsers are shown."""

    scene: Scene
    _feed: Feed
    _work: Callable[[], float]
    _answers: dict[int, bytes] = field(default_factory=dict)
    """What browsers are given of it, by width."""
    spent: float = 0.0
    """Processor time that they took, seconds."""

    def answer(self, width: int) -> bytes:
        """Return marks and picture, not much wider than `width` pixels, as live.together has it.
        Any thread may call it, one at a time."""
        limit = next((one for one in WIDTHS if one >= width), WIDTHS[-1])
        if limit not in self._answers:
            began = self._work()
            jpeg = overlay.encode_jpeg(shrunk(self.scene.frame.shown(), limit), QUALITY)
            self._answers[limit] = live.together(live.marks(self._feed, self.scene), jpeg)
            self.spent += self._work() - began
        return self._answers[limit]


class Pictures:
    """Used by the page's thread alone."""

    def __init__(
        self,
        feed: Feed,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        """`clock` gives seconds, `work` the processor time of the thread that asks, seconds."""
        self._feed = feed
        self._clock = clock
        self._work = work
        self._shot: Shot | None = None
        self._taken = -LEAST_GAP_S

    def newest(self) -> Shot | None:
        """Return the newest scene, of which there are at most ten a second; None before the first
        frame, and when the newest is too old to be shown."""
        now = self._clock()
        scene = self._feed.scene
        if self.stale:
            self._shot = None  # its memory is of use to nobody
            return None
        shot = self._shot
        fresh = scene is not None and (shot is None or shot.scene is not scene)
        gap = max(LEAST_GAP_S, PATIENCE * shot.spent) if shot else LEAST_GAP_S
        if scene is not None and fresh and now - self._taken >= gap:
            self._taken = now
            self._shot = Shot(scene, self._feed, self._work)
        return self._shot

    @property
    def stale(self) -> bool:
        """Whether there is no picture that may pass for what the camera sees now."""
        scene = self._feed.scene
        if scene is None:
            return True
        if self._feed.state is not None and self._feed.state.hud.camera == "ended":
            return False
        return self._clock() - scene.frame.clock > self._feed.settings.camera.timeout_s


class Painter:
    """Makes pictures, one after the other, in a thread of its own that makes way for what reads the
    digits.

    Such a thread must hardly ever hold Python's lock: while it waits for the processor, the loop
    would wait for the lock. OpenCV, which does nearly all of this work, computes without it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "pictures", make_way)

    async def paint(self, work: Callable[[], _Made]) -> _Made:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def make_way() -> None:
    """Have other threads go before this one, where that can be had: Linux has priorities of
    threads, and the unit of camd's service does not let it set any."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        nice = max(KINDNESS, os.getpriority(os.PRIO_PROCESS, thread))
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, nice)


def shrunk(image: Image, width: int) -> Image:
    """Return `image`, (H, W, 3) or (H, W) uint8, no wider than `width` pixels.

    Averaging all pixels is quick by a whole number only: from 1920 to 1280 it takes four times as
    long as interpolating, and the picture looks the same."""
    high, wide = image.shape[:2]
    if wide <= width:
        return image
    size = width, max(1, round(width / wide * high))
    times = wide // width
    if times > 1:
        smaller = max(1, wide // times), max(1, high // times)
        image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
