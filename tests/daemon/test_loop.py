"""The loop by itself, on a camera that a script plays."""

import io
import time

from camd import paths
from camd.capture.capture import Capture
from camd.classify import svm
from camd.config.settings import Settings
from camd.daemon.loop import Loop, Options, Run
from camd.daemon.watchdog import Pulse
from camd.display.screen import Screen
from camd.pipeline import Pipeline
from camd.service.notify import Service
from camd.terminal import Printer
from tests.sources.scripted import Scripted


def test_a_paused_camera_is_not_reported_unread() -> None:
    """Its frames are put aside on purpose, for much longer than is allowed without."""
    settings = Settings()
    printer = Printer(io.StringIO(), live=False)
    source = Scripted(["frame"] * 100_000, rate=50)
    with Capture(source, settings.camera) as capture:
        pulse = Pulse(capture, None, None, Service({}), settings.camera.timeout_s, 1.0)
        screen = Screen(settings, None, printer)
        loop = Loop(
            Run(
                settings=settings,
                options=Options(),
                boot="9f3c",
                source=source,
                capture=capture,
                pipeline=Pipeline(settings, svm.load(paths.model_file())),
                screen=screen,
                printer=printer,
                pulse=pulse,
            )
        )
        loop.paused = True
        until = time.monotonic() + 3
        problems: set[str] = set()

        def leave() -> bool:
            problems.add(pulse.problem)
            return time.monotonic() > until

        loop.run(leave, 0.1)
        assert capture.stats().captured > 10
        assert loop.status()["frames"]["processed"] == 0
    assert problems == {""}
