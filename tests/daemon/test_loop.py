"""The loop by itself, with the parts that belong to it."""

import io
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd import paths, sources
from camd.capture.capture import Capture
from camd.classify import svm
from camd.config.settings import (
    CameraSettings,
    ControlSettings,
    MqttSettings,
    RegionSettings,
    Settings,
)
from camd.daemon.loop import Loop, Options, Run
from camd.daemon.watchdog import Pulse
from camd.display.screen import Screen
from camd.mqtt.publisher import Publisher
from camd.pipeline import Pipeline
from camd.service.notify import Service
from camd.sources.base import Source
from camd.terminal import Printer
from camd.values import Image
from camd.web.feed import Feed
from testing.broker import LONG, Subscriber, mosquitto, until
from testing.pages import film, page
from testing.scenes import IMPATIENT
from tests.sources.pictures import clip
from tests.sources.scripted import Scripted


def run(
    stack: ExitStack,
    source: Source,
    settings: Settings,
    publisher: Publisher | None = None,
    unprocessed_s: float = LONG,
) -> Run:
    """Return what a run is made of, its camera at work until the end of `stack`."""
    printer = Printer(io.StringIO(), live=False)
    capture = stack.enter_context(Capture(source, settings.camera, realtime=True))
    timeout_s = settings.camera.timeout_s
    return Run(
        settings=settings,
        options=Options(realtime=True),
        boot="9f3c",
        source=source,
        capture=capture,
        pipeline=Pipeline(settings, svm.load(paths.model_file())),
        screen=Screen(settings, None, printer),
        printer=printer,
        pulse=Pulse(capture, publisher, None, Service({}), timeout_s, unprocessed_s),
        publisher=publisher,
    )


def test_a_paused_camera_is_not_reported_unread() -> None:
    """Its frames are put aside on purpose, for much longer than is allowed without."""
    source = Scripted(["frame"] * 100_000, rate=50)
    with ExitStack() as stack:
        made = run(stack, source, Settings(), unprocessed_s=1.0)
        loop = Loop(made)
        loop.paused = True
        until = time.monotonic() + 3
        problems: set[str] = set()

        def leave() -> bool:
            problems.add(made.pulse.problem)
            return time.monotonic() > until

        loop.run(leave, 0.1)
        assert made.capture.stats().captured > 10
        assert loop.status()["frames"]["processed"] == 0
    assert problems == {""}


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_snapshot_too_large_for_the_broker_is_made_smaller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """Of noise it has 100 kB, and the limit lies below all that a coarser one has."""
    caplog.set_level(logging.INFO)
    noise = np.random.default_rng(7)
    pictures = [noise.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(3)]
    film = str(clip(tmp_path / "film.avi", pictures, fps=5))
    limit = 20_000
    with (
        mosquitto(f"allow_anonymous true\nmax_packet_size {limit}\n") as broker,
        Subscriber(broker.host, broker.port, "camd/desk/snapshot") as heard,
        ExitStack() as stack,
    ):
        mqtt = MqttSettings.model_validate(
            {"host": broker.host, "port": broker.port, "protocol": protocol, "snapshot_s": 0.1}
        )
        settings = Settings(name="desk", mqtt=mqtt, camera=CameraSettings(device=film))
        publisher = Publisher(settings, boot="9f3c", model_id="a1b2c3d4", timing=IMPATIENT)
        publisher.start()
        stack.callback(publisher.stop, 1)
        until(lambda: publisher.stats().connected)
        source = sources.from_uri(film, settings.camera, loop=True)
        loop = Loop(run(stack, source, settings, publisher))

        def seen(count: int) -> Callable[[], bool]:
            deadline = time.monotonic() + LONG
            return lambda: (
                len(heard.on("camd/desk/snapshot")) >= count or (time.monotonic() > deadline)
            )

        for count in (1, 2):
            loop.take_snapshot()
            loop.run(seen(count), 0.1)
        snapshots = [item.payload for item in heard.on("camd/desk/snapshot")]
        assert len(snapshots) >= 2
        assert publisher.stats().connected
    assert all(len(payload) < limit for payload in snapshots)
    first = cv2.imdecode(np.frombuffer(snapshots[0], np.uint8), cv2.IMREAD_COLOR)
    assert first.shape[1] < 320
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if "pictures are made coarser" in text]) == 1


def test_a_page_is_told_what_is_read_and_not_what_no_longer_holds(tmp_path: Path) -> None:
    settings = Settings()
    path = str(film(tmp_path / "clip.mp4", "3 2 5"))
    source = sources.from_uri(path, settings.camera, loop=True)
    feed = Feed(settings)
    with ExitStack() as stack:
        loop = Loop(replace(run(stack, source, settings), feed=feed))
        loop.run(lambda: bool(feed.result.reading.text), 0.1)
        assert feed.result.reading.text == "325"
        assert feed.scene
        loop.paused = True
        track = settings.track.model_copy(update={"settle_ms": 200})
        loop.retune(settings.model_copy(update={"track": track}))  # which forgets what was read
        seen = feed.scene
        loop.run(lambda: feed.scene is not seen, 0.1)
        assert feed.result.reading.lines == ()
        loop.run(lambda: feed.state is not None and feed.state.hud.paused, 0.1)
    assert feed.state
    assert feed.state.health["camera"]["state"] == "open"


class Automatic(Scripted):
    """A camera that chooses its exposure; `shows` is what is before it."""

    def __init__(self) -> None:
        super().__init__(["frame"] * 100_000, rate=50)
        self.shows = page("325")
        self.held: list[bool] = []

    def read(self) -> Image:
        noise = np.full((48, 64), super().read()[0, 0, 0] % 3, np.uint8)
        image = self.shows.copy()
        image[:48, :64, 0] = noise  # it never freezes
        return image

    def hold(self, on: bool) -> None:
        self.held.append(on)


@pytest.mark.parametrize("lock", [True, False])
def test_a_camera_holds_its_exposure_while_a_region_reads_well(lock: bool) -> None:
    source = Automatic()
    outline = ((0.02, 0.1), (0.98, 0.1), (0.98, 0.98), (0.02, 0.98))
    place = RegionSettings(name="meter", polygon=outline, problem_after_s=0.5)
    camera = CameraSettings(controls=ControlSettings(lock=lock))
    with ExitStack() as stack:
        loop = Loop(run(stack, source, Settings(region=(place,), camera=camera)))
        if lock:
            loop.run(lambda: source.held == [True], 0.1)
            source.shows = page("")
            loop.run(lambda: source.held == [True, False], 0.1)
        else:
            loop.run(lambda: bool(loop._said and loop._said["meter"].status == "ok"), 0.1)
    assert source.held == ([True, False] if lock else [])
