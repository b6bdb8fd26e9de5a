import io
import threading

import cv2
import numpy as np
import pytest

from camd import paths
from camd.capture.motion import Rest
from camd.classify import svm
from camd.config.settings import Settings
from camd.daemon import daemon
from camd.daemon.loop import Options
from camd.errors import SourceError
from camd.pipeline import Pipeline
from camd.service.notify import Service
from camd.terminal import Printer
from camd.values import Image
from testing.broker import until
from tests.sheets import paper, write
from tests.sources.scripted import Scripted

RNG = np.random.default_rng(11)
NOISE = [RNG.normal(0, 3, (480, 640, 3)).astype(np.int16) for _ in range(7)]


def grain(image: Image) -> Image:
    """Add a sensor's noise."""
    noise = NOISE[RNG.integers(len(NOISE))][: image.shape[0]]
    return np.clip(image + noise, 0, 255).astype(np.uint8)


SHEET = write(paper(), "47", (200, 300))


def still(rest: Rest, seconds: float, start: float = 0.0, fps: float = 30) -> list[bool]:
    return [rest.update(grain(SHEET), start + n / fps) for n in range(round(seconds * fps))]


def test_a_still_scene_is_read_seldom_after_a_while() -> None:
    rest = Rest(after_s=5, look_s=1)
    read = still(rest, 9)
    assert all(read[:150])
    assert sum(read[151:]) in (3, 4)
    assert rest.resting


@pytest.mark.parametrize(
    "change",
    [
        lambda image: cv2.line(image, (100, 100), (100, 112), (60, 60, 60), 2),  # a small 1
        lambda image: cv2.putText(image, "3", (90, 110), 0, 0.5, (60, 60, 60), 1, cv2.LINE_AA),
        lambda image: np.roll(image, 12, 1),
        lambda image: (image * 0.9).astype(np.uint8),
        lambda image: image[:240],
    ],
    ids=["small 1", "thin 3", "moved", "darker", "size"],
)
def test_the_first_frame_of_a_change_is_read_and_those_after_it(change: object) -> None:
    rest = Rest(after_s=5, look_s=60)
    still(rest, 7)
    assert not rest.update(grain(SHEET), 7.0)
    changed = change(SHEET.copy())  # type: ignore[operator]
    read = [rest.update(grain(changed), 7.03 + n / 30) for n in range(150)]
    assert all(read)
    assert not rest.resting


def test_what_creeps_is_seen_in_the_end() -> None:
    rest = Rest(after_s=1, look_s=1e6)
    sheet = SHEET.astype(np.float32)
    read = [
        rest.update(np.clip(sheet - n / 20, 0, 255).astype(np.uint8), n / 30) for n in range(600)
    ]
    assert sum(read[60:]) > 30


def test_waking() -> None:
    rest = Rest(after_s=1, look_s=60)
    still(rest, 3)
    rest.wake()
    assert all(still(rest, 1, start=3.0))


def test_zero_never_rests() -> None:
    assert all(still(Rest(after_s=0, look_s=60), 3))


def test_a_reading_lasts_through_a_rest() -> None:
    settings = Settings()
    pipeline = Pipeline(settings, svm.load(paths.model_file()))
    rest = Rest(settings.rest.after_s, settings.rest.look_ms / 1000)
    read, texts, events = 0, set(), 0
    for n in range(20 * 30):
        clock = n / 30
        image = grain(SHEET)
        if not rest.update(image, clock):
            continue
        read += 1
        result = pipeline.process(image, clock)
        if clock > settings.rest.after_s:
            texts.add(result.reading.text)
            events += len(result.events)
    assert read < 180
    assert texts == {"47"}
    assert events == 0


class Desk(Scripted):
    """Shows SHEET, with a camera's noise."""

    def read(self) -> Image:
        super().read()
        return grain(SHEET)


def test_a_camera_that_comes_back_to_the_same_scene_is_read_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = [SourceError("desk: gone", "missing")] * 20
    source = Desk([*["frame"] * 150, "fail"], *gone, ["frame"] * 100_000, rate=50)
    monkeypatch.setattr(daemon.sources, "from_uri", lambda *_, **__: source)
    monkeypatch.setattr(daemon.sources, "are_stills", lambda *_: False)
    settings = Settings.model_validate(
        {
            "camera": {"timeout_s": 1, "retry_s": 0.1, "max_age_ms": 60_000},
            "rest": {"after_s": 1, "look_ms": 60_000},
            "mqtt": {"broker": "none"},
            "overlay": {"window": False},
        }
    )
    out = io.StringIO()
    signals = daemon.Signals(threading.Event(), threading.Event())
    arguments = (lambda: settings, Options(), Printer(out, live=False), signals, Service({}))
    thread = threading.Thread(target=daemon.run, args=arguments)
    thread.start()
    until(lambda: out.getvalue().count("  47\n") == 2, "the reading is there again")
    signals.stop.set()
    thread.join(30)
    said = [line.partition("  ")[2] for line in out.getvalue().splitlines()]
    assert said == ["47", "(no digits)", "47"]
