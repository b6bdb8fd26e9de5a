"""Looks for anything that grows: reads many frames as fast as it can, with random faults.

    python -m benchmarks.soak [--frames 200000] [--seed 1]

A camera that fails in every way that its interface allows gives frames to capture, rest, pipeline
and publisher, as in the daemon. Mosquitto is killed now and then, and events wait on disk for it
meanwhile. After each tenth of the frames, while the broker is connected, memory, threads and file
descriptors are counted. They are compared with their numbers after the first tenth.
"""

import argparse
import gc
import logging
import os
import random
import resource
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from camd import paths
from camd.capture.capture import Capture
from camd.capture.motion import Rest
from camd.classify import svm
from camd.config.settings import CameraSettings, MqttSettings, Settings
from camd.daemon.health import Health
from camd.errors import SourceError
from camd.mqtt.publisher import Publisher, Stats
from camd.pipeline import Pipeline
from camd.sources.base import CorruptFrameError, Opened
from camd.values import Image
from testing.broker import Mosquitto, mosquitto, until

FAULT = 0.001
"""Probability of a fault of the camera at each frame."""
BROKER_LIVES, BROKER_AWAY = 1000, 300
"""For how many frames the broker runs, on average, and for how many it is away then."""
FROZEN_S = 0.2
"""After so many seconds with the same picture, the camera counts as dead."""
MOST_GROWTH = 1.05
"""By what factor memory may grow from the first tenth to the last. An allocator keeps a little more
or less memory at different times; greater growth counts as a leak."""


@dataclass(frozen=True)
class Level:
    frames: int
    rss_mib: float
    threads: int
    files: int


class Unreliable:
    """A camera of 320x240 pixels with sheets that come and go. It gives frames almost at once."""

    live = True
    name = "unreliable"

    def __init__(self, seed: int) -> None:
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour = None
        self.faults = 0
        self._random = random.Random(seed)
        noise = np.random.default_rng(seed)
        self._sheets = [_sheet(text, noise) for text in ("", "47", "305", "8 1")]
        self._number = 0
        self._frozen_until = 0.0

    def open(self) -> Opened:
        if self._random.random() < 0.3:
            self.faults += 1
            reason = self._random.choice(["missing", "busy", "permission", "failed"])
            raise SourceError(f"unreliable: {reason}", reason)
        return Opened(320, 240, 0.0)

    def read(self) -> Image:
        self._number += 1
        time.sleep(0.001)  # lets the thread that reads run, too
        self.grabbed = time.monotonic()
        if self._random.random() < FAULT:
            self.faults += 1
            fault = self._random.randrange(7)
            if fault == 0:
                raise SourceError("unreliable: pulled out")
            if fault == 1:
                raise CorruptFrameError("unreliable")
            if fault == 2:
                return np.zeros((1, 1, 3), np.uint8)
            if fault == 3:
                raise ZeroDivisionError("unreliable")
            if fault == 4:
                return np.full((4320, 7680, 3), 200, np.uint8)
            if fault == 5:
                self._frozen_until = self.grabbed + 2 * FROZEN_S
            else:
                return cv2.resize(self._sheets[0], (640, 480))  # type: ignore[return-value]
        if self.grabbed < self._frozen_until:
            return self._sheets[0].copy()
        sheet = self._sheets[self._number // 500 % len(self._sheets)]
        return np.roll(sheet, self._number % 3, 0)

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        pass


def _sheet(text: str, noise: np.random.Generator) -> Image:
    image = noise.normal(220, 3, (240, 320, 3)).clip(0, 255).astype(np.uint8)
    cv2.putText(image, text, (40, 150), cv2.FONT_HERSHEY_SIMPLEX, 2, (40, 40, 40), 5, cv2.LINE_AA)
    return image


@dataclass(frozen=True)
class Soaked:
    levels: list[Level]
    """The figures after each tenth of the frames."""
    faults: int
    """Number of faults of the camera."""
    restarts: int
    """How often the broker was started again."""
    published: Stats


def soak(frames: int, seed: int) -> Soaked:
    with mosquitto() as broker, tempfile.TemporaryDirectory() as state:
        os.environ["STATE_DIRECTORY"] = state
        return _soak(frames, seed, broker)


def _soak(frames: int, seed: int, broker: Mosquitto) -> Soaked:
    options = {"host": broker.host, "port": broker.port, "outbox": "disk"}
    settings = Settings(mqtt=MqttSettings.model_validate(options))
    # Shorter than usual: the pause before the camera is opened again, and how long its picture may
    # stay the same.
    camera = CameraSettings(retry_s=0.1, max_age_ms=60_000, frozen_s=FROZEN_S)
    source = Unreliable(seed)
    pipeline = Pipeline(settings, svm.load(paths.model_file()), time.perf_counter)
    health = Health(time.monotonic())
    rest = Rest(settings.rest.after_s, settings.rest.look_ms / 1000)
    publisher = Publisher(settings, boot="50ac", model_id="soak")
    publisher.start()
    chance, restarts, back = random.Random(seed), 0, 0
    gone = chance.randrange(2 * BROKER_LIVES)
    levels: list[Level] = []
    with threadpool_limits(1), Capture(source, camera) as capture:
        while len(levels) < 10:
            frame = capture.next(1.0)
            if frame is None:
                continue
            if not back and frame.number >= gone:
                broker.kill()
                back = frame.number + BROKER_AWAY
            now = time.monotonic()
            if rest.update(frame.image, frame.clock):
                result = pipeline.process(frame.image, frame.clock)
                publisher.frame(frame, result, now)
                health.frame(result, now - frame.clock, now)
                if result.changed:
                    publisher.snapshot(bytes(50_000))
            due = frame.number >= frames * (len(levels) + 1) / 10
            if back and (due or frame.number >= back):
                broker.start()
                restarts, back = restarts + 1, 0
                gone = frame.number + chance.randrange(2 * BROKER_LIVES)
            if due:
                until(lambda: publisher.stats().connected, "connected")
                counts = asdict(publisher.stats())
                publisher.health(health.payload(now, asdict(capture.stats()), counts))
                gc.collect()
                levels.append(_level(frame.number))
    publisher.stop()
    return Soaked(levels, source.faults, restarts, publisher.stats())


def _level(frames: int) -> Level:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    rss = pages * resource.getpagesize() / 2**20
    files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a listing, not paths
    return Level(frames, rss, threading.active_count(), files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    logging.disable()
    soaked = soak(options.frames, options.seed)
    levels = soaked.levels
    for level in levels:
        sys.stdout.write(
            f"{level.frames:>8} frames  {level.rss_mib:7.1f} MiB  {level.threads} threads  "
            f"{level.files} files\n"
        )
    growth = levels[-1].rss_mib / levels[0].rss_mib
    flat = levels[-1].threads <= levels[0].threads and levels[-1].files <= levels[0].files
    sys.stdout.write(
        f"{soaked.faults} faults of the camera, {soaked.restarts} restarts of the broker; "
        f"{soaked.published.sent} messages sent, {soaked.published.events_dropped} events lost\n"
        f"memory x{growth:.3f}; threads and files flat: {flat}\n"
    )
    return 0 if flat and growth <= MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())
