import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from camd.config.settings import CameraSettings, ControlSettings
from camd.sources import controls, v4l2
from camd.sources.camera import Camera
from camd.sources.controls import Device, settle
from camd.sources.orient import Oriented

linux = pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")
pytestmark = linux

if sys.platform == "linux":
    from linuxpy.video.device import ControlID

    from tests.sources.knobs import WEBCAM, Knobs, kernel
    from tests.sources.webcam import Webcam

ALL = ControlSettings(exposure=200, gain=10, focus=30, white_balance=4500, power_line_hz=50)


@pytest.fixture
def knobs() -> "Knobs":
    return Knobs()


@pytest.fixture(params=["stand-in", "linuxpy"])
def device(request: pytest.FixtureRequest, knobs: "Knobs", tmp_path: Path) -> Iterator[Device]:
    if request.param == "stand-in":
        yield knobs
        return
    with kernel(knobs, tmp_path) as node:
        opened = controls.V4l2(node)
        yield opened
        opened.close()


def test_the_numbers_are_those_of_v4l2() -> None:
    for name in ("AUTO_WHITE_BALANCE", "EXPOSURE", "AUTOGAIN", "GAIN", "POWER_LINE_FREQUENCY"):
        assert getattr(controls, name) == ControlID[name], name
    for name in ("WHITE_BALANCE_TEMPERATURE", "EXPOSURE_AUTO", "EXPOSURE_ABSOLUTE"):
        assert getattr(controls, name) == ControlID[name], name
    for name in ("FOCUS_ABSOLUTE", "FOCUS_AUTO"):
        assert getattr(controls, name) == ControlID[name], name


def test_a_device_tells_what_it_has(device: Device) -> None:
    found = device.controls()
    assert {n: (c.value, c.minimum, c.maximum, c.step, c.choices) for n, c in found.items()} == {
        n: (c.value, c.minimum, c.maximum, c.step, c.choices) for n, c in WEBCAM.items()
    }
    assert controls.shown(found) == (
        "exposure 3 to 2047 or auto, now auto; gain 0 to 255, now 0; "
        "focus 0 to 250 in steps of 5 or auto, now auto; "
        "white_balance 2000 to 6500 in steps of 10 or auto, now auto; "
        "power_line_hz 0, 50, 60, now 60"
    )


def test_all_is_set_and_read_back(device: Device, knobs: "Knobs") -> None:
    settled = settle(device, ALL, {})
    assert settled.complaints == ()
    assert settled.said == (
        *("exposure 200", "gain 10", "focus 30", "white_balance 4500", "power_line_hz 50"),
    )
    assert knobs.found[controls.EXPOSURE_ABSOLUTE].value == 200
    assert knobs.found[controls.EXPOSURE_AUTO].value == 1
    assert knobs.found[controls.POWER_LINE_FREQUENCY].value == 1
    again = settle(device, ControlSettings(exposure="auto", focus="auto"), {})
    assert again.said == ("exposure auto", "focus auto")


def test_what_is_unset_stays_as_it_is(device: Device, knobs: "Knobs") -> None:
    assert settle(device, ControlSettings(), {}) == controls.Settled()
    assert knobs.done == []


def test_what_a_camera_lacks_refuses_or_ignores_is_said(device: Device, knobs: "Knobs") -> None:
    del knobs.found[controls.FOCUS_ABSOLUTE], knobs.found[controls.FOCUS_AUTO]
    knobs.deaf = {controls.GAIN}
    settled = settle(device, ALL.model_copy(update={"exposure": 5000}), {})
    assert settled.said == ("gain 0", "white_balance 4500", "power_line_hz 50")
    assert settled.complaints == (
        "camera.controls.exposure = 5000: it takes 3 to 2047",
        "camera.controls.gain = 10: the camera made it 0",
        "camera.controls.focus: this camera has no such control",
    )


def test_what_is_automatic_is_held_and_let_go(device: Device, knobs: "Knobs") -> None:
    held = controls.hold(device)
    assert held == {"exposure": 250, "focus": 60, "white_balance": 4000}
    assert {n for n, _ in knobs.done} == {a for a, _ in Knobs.AUTOMATIC.values()}
    assert controls.hold(device) == {}
    controls.free(device, held)
    assert controls.hold(device) == held


Open = Callable[..., Camera]


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch, knobs: "Knobs") -> Open:
    monkeypatch.setattr(v4l2, "check", lambda *_: "C920")

    def make(**options: object) -> Camera:
        settings = CameraSettings(controls=ControlSettings(**options))  # type: ignore[arg-type]
        return Camera("0", settings, connect=Webcam(), device_of=knobs)

    return make


def test_a_camera_is_set_when_it_opens_and_again_when_it_was_away(
    camera: Open, knobs: "Knobs"
) -> None:
    source = camera(exposure=200, focus=30)
    assert source.open().detail.endswith("; exposure 200; focus 30")
    source.close()
    knobs.found = dict(WEBCAM)  # as after it was unplugged
    source.open()
    assert knobs.found[controls.EXPOSURE_ABSOLUTE].value == 200
    assert knobs.open == 0


def test_nothing_is_opened_where_nothing_is_wanted(camera: Open, knobs: "Knobs") -> None:
    knobs.gone = True
    assert "controls" not in camera().open().detail


def test_a_camera_that_cannot_be_set_is_read_all_the_same_and_it_is_said_once(
    camera: Open, knobs: "Knobs", caplog: pytest.LogCaptureFixture
) -> None:
    source = camera(exposure=5000)
    for _ in range(3):
        source.open()
        source.read()
    assert caplog.text.count("it takes 3 to 2047") == 1
    knobs.gone = True
    source.open()
    assert "No such device" in caplog.text


def test_what_was_locked_is_so_again_when_the_camera_was_away(
    camera: Open, knobs: "Knobs", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = Oriented(camera(lock=True), 90, mirror=False)
    source.open()
    assert knobs.done == []
    source.hold(True)
    assert "locked: exposure 250, focus 60, white_balance 4000" in caplog.text
    knobs.found = dict(WEBCAM) | {
        controls.EXPOSURE_ABSOLUTE: controls.Control("Exposure", 90, 250, 3, 2047)
    }
    source.close()
    source.open()
    assert knobs.found[controls.EXPOSURE_AUTO].value == 1
    assert knobs.found[controls.EXPOSURE_ABSOLUTE].value == 250
    source.hold(False)
    assert knobs.found[controls.EXPOSURE_AUTO].value == 3
    assert knobs.found[controls.FOCUS_AUTO].value == 1
    knobs.gone = True
    source.hold(True)
    assert "cannot be locked: No such device" in caplog.text
