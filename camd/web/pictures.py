"""The newest picture as a JPEG, made only when somebody asks, and once for all who ask.

Used by the page's thread alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from camd.display import overlay
from camd.values import Image
from camd.web.feed import Feed, Scene

LEAST_GAP_S = 0.1
"""Least time between two pictures, seconds: ten a second look like a film, and more would only cost
the processor that reads the digits."""
PATIENCE = 15.0
"""And so many times as long as making the last one took of the processor: pictures for browsers
never take more than a fifteenth of a core from what reads the digits."""
WIDTHS = (640, 1280, 1920)
"""Pictures are made no wider than one of these, pixels: a phone, a laptop, a large screen. So few
sizes that many browsers share one picture."""
QUALITY = 75
"""Of the JPEG, 1 to 100; digits of 12 pixels stay sharp, and a 720p picture has about 90 kB."""


@dataclass(slots=True)
class _Shot:
    scene: Scene
    files: dict[int, bytes] = field(default_factory=dict)
    """The JPEGs made of it, by width."""
    spent: float = 0.0
    """Processor time that they took, seconds."""


class Pictures:
    def __init__(
        self,
        feed: Feed,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.thread_time,
    ) -> None:
        """`clock` gives seconds, `work` the processor time of this thread, seconds."""
        self._feed = feed
        self._clock = clock
        self._work = work
        self._shot: _Shot | None = None
        self._taken = -LEAST_GAP_S

    def newest(self) -> Scene | None:
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
            shot = self._shot = _Shot(scene)
        return shot.scene if shot else None

    @property
    def stale(self) -> bool:
        """Whether there is no picture that may pass for what the camera sees now."""
        scene = self._feed.scene
        if scene is None:
            return True
        if self._feed.state is not None and self._feed.state.hud.camera == "ended":
            return False
        return self._clock() - scene.frame.clock > self._feed.settings.camera.timeout_s

    def jpeg(self, width: int) -> bytes:
        """Return the picture of the scene that `newest` returned last, not much wider than `width`
        pixels. Call it only after `newest` has returned one."""
        assert self._shot
        limit = next((one for one in WIDTHS if one >= width), WIDTHS[-1])
        if limit not in self._shot.files:
            began = self._work()
            image = shrunk(self._shot.scene.frame.shown(), limit)
            self._shot.files[limit] = overlay.encode_jpeg(image, QUALITY)
            self._shot.spent += self._work() - began
        return self._shot.files[limit]


def shrunk(image: Image, width: int) -> Image:
    """Return `image`, (H, W, 3) or (H, W) uint8, no wider than `width` pixels."""
    scale = width / image.shape[1]
    if scale >= 1:
        return image
    size = width, max(1, round(scale * image.shape[0]))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
