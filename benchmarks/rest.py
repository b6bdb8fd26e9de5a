"""Measures how much of a core a scene takes in which nothing moves, with and without rest.

    python -m benchmarks.rest [--seconds 20] [--size 1280x720] [--fps 30]

A camera gives pictures of a written sheet with the noise of a sensor, already decoded, to capture,
rest and pipeline. The figures leave out decoding, which every frame needs, at rest or not.
"""

import argparse
import logging
import sys
import time
from itertools import cycle

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from camd import paths
from camd.capture.capture import Capture
from camd.capture.motion import Rest
from camd.classify import svm
from camd.config.settings import Settings
from camd.pipeline import Pipeline
from camd.sources.base import Opened
from camd.values import Image

TEXTS = ("314159", "2653 589", "79323846", "26 43 38")


class Steady:
    live = True
    name = "steady"

    def __init__(self, width: int, height: int, fps: float) -> None:
        noise = np.random.default_rng(1)
        sheet = np.full((height, width, 3), 215, np.uint8)
        for row, text in enumerate(TEXTS, start=1):
            place = (width // 8, row * height // 5)
            cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, height / 250, (50,) * 3, 5)
        pictures = [sheet + noise.normal(0, 2, sheet.shape).round().astype(np.int16) for _ in "123"]
        self._pictures = cycle([picture.clip(0, 255).astype(np.uint8) for picture in pictures])
        self._fps = fps
        self._due = time.monotonic()
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour = None

    def open(self) -> Opened:
        return Opened(0, 0, self._fps)

    def read(self) -> Image:
        self._due += 1 / self._fps
        time.sleep(max(0.0, self._due - time.monotonic()))
        self.grabbed = time.monotonic()
        return next(self._pictures)

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        pass


def share(source: Steady, settings: Settings, seconds: float) -> tuple[float, int]:
    """Return the share of a core that is used for `seconds`, once the scene has come to rest, and
    how many frames were read in that time."""
    pipeline = Pipeline(settings, svm.load(paths.model_file()), time.perf_counter)
    rest = Rest(settings.rest.after_s, settings.rest.look_ms / 1000)
    read, began, spent = 0, 0.0, 0.0
    with threadpool_limits(1), Capture(source, settings.camera) as capture:
        first = time.monotonic()
        while not began or time.monotonic() - began < seconds:
            frame = capture.next(0.25)
            if frame is not None and rest.update(frame.image, frame.clock):
                pipeline.process(frame.image, frame.clock)
                read += 1
            if not began and time.monotonic() - first > settings.rest.after_s + 2:
                read, began, spent = 0, time.monotonic(), time.process_time()
        return (time.process_time() - spent) / (time.monotonic() - began), read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--fps", type=float, default=30)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    logging.disable()
    cv2.setNumThreads(1)
    shares = {}
    for name, after_s in (("awake", 0), ("at rest", Settings().rest.after_s)):
        settings = Settings()
        asleep = settings.rest.model_copy(update={"after_s": after_s})
        settings = settings.model_copy(update={"rest": asleep})
        source = Steady(width, height, options.fps)
        shares[name], read = share(source, settings, options.seconds)
        sys.stdout.write(f"{name:>8}: {shares[name]:6.1%} of a core, {read} frames read\n")
    ratio = shares["awake"] / shares["at rest"]
    sys.stdout.write(f"awake / at rest: {ratio:.1f}\n")


if __name__ == "__main__":
    main()
