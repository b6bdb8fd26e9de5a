"""What can be said of cameras where there is none: why one does not open, and what is asked of
one that does."""

import errno
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import CorruptFrameError, v4l2
from camd.sources.camera import Camera
from camd.sources.orient import Oriented
from tests.sources.webcam import Webcam, jpeg

SETTINGS = CameraSettings()
NOISE = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
linux = pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")
pytestmark = linux


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every node passes for the camera C920; the list says which were asked."""
    nodes: list[str] = []

    def check(node: str, _: str) -> str:
        nodes.append(node)
        return "C920"

    monkeypatch.setattr(v4l2, "check", check)
    return nodes


def test_format_comes_before_size_and_all_is_as_asked(checked: list[str]) -> None:
    opened = Camera("2", SETTINGS, connect=Webcam()).open()
    assert (opened.width, opened.height, opened.fps) == (1280, 720, 30)
    assert opened.detail == "C920: MJPG 1280x720 at 30 fps; as asked"
    assert checked == ["/dev/video2"]


def test_what_the_camera_made_of_it_is_said(checked: list[str]) -> None:
    settings = CameraSettings(fourcc="H264", width=1920, height=1080)
    opened = Camera("2", settings, connect=Webcam()).open()
    assert (opened.width, opened.height) == (640, 480)
    assert opened.detail == ("C920: YUYV 640x480 at 30 fps; asked for H264 1920x1080 at 30 fps")


def test_an_empty_fourcc_leaves_the_format_alone(checked: list[str]) -> None:
    opened = Camera("2", CameraSettings(fourcc="", width=640, height=480), connect=Webcam()).open()
    assert opened.detail == "C920: YUYV 640x480 at 30 fps; as asked"


@pytest.mark.parametrize(("waited", "believed"), [(0.3, True), (-5.0, False), (60.0, False)])
def test_a_frame_is_as_old_as_the_driver_says_if_that_can_be(
    checked: list[str], waited: float, believed: bool
) -> None:
    webcam = Webcam()
    camera = Camera("2", SETTINGS, connect=webcam)
    camera.open()
    before = time.monotonic()
    webcam.stamp = before - waited
    camera.read()
    assert (camera.grabbed == pytest.approx(webcam.stamp)) == believed
    assert believed or camera.grabbed >= before


def test_a_failed_grab_has_failed_and_an_empty_frame_is_corrupt(checked: list[str]) -> None:
    webcam = Webcam([jpeg(NOISE), np.zeros(0, np.uint8)])
    camera = Camera("0", SETTINGS, connect=webcam)
    camera.open()
    webcam.grabs = [True, True, False]
    assert camera.read().shape == (240, 320)
    with pytest.raises(CorruptFrameError):
        camera.read()
    with pytest.raises(SourceError) as caught:
        camera.read()
    assert caught.value.reason == "failed"
    camera.close()
    assert not webcam.opened


def test_what_libjpeg_says_of_a_picture_is_counted_or_said_once(
    checked: list[str], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It writes to standard error, each frame, into a journal that is kept for months."""
    data = jpeg(NOISE)
    half = len(data) // 2
    cut = np.concatenate([data[:half], data[-2:]])
    overlong = np.concatenate([data[:half], np.zeros(500, np.uint8), data[half + 500 :]])
    caplog.set_level("INFO")
    camera = Camera("0", SETTINGS, connect=Webcam([data, cut, overlong, overlong, overlong]))
    camera.open()
    assert camera.read().shape == (240, 320)
    with pytest.raises(CorruptFrameError, match=r"(?i)premature end"):
        camera.read()
    for _ in range(3):
        camera.read()
        assert camera.colour is not None
        camera.colour()
    assert caplog.text.count("extraneous bytes") == 1
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"


def test_jpegs_are_read_in_grey_and_shown_in_colour(checked: list[str]) -> None:
    red, blue = (np.full((48, 64, 3), colour, np.uint8) for colour in ((0, 0, 200), (200, 0, 0)))
    camera = Oriented(Camera("0", SETTINGS, connect=Webcam([jpeg(red), jpeg(blue)])), 90)
    camera.open()
    first, shown = camera.read(), camera.colour
    second = camera.read()
    assert first.shape == second.shape == (64, 48)
    assert (first.mean(), second.mean()) == pytest.approx((0.299 * 200, 0.114 * 200), abs=2)
    assert shown is not None
    assert shown().shape == (64, 48, 3)
    assert shown().mean((0, 1)) == pytest.approx((0, 0, 200), abs=4)


def test_what_is_no_jpeg_or_a_giant_one_is_not_decoded(
    checked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few damaged bytes may claim more memory than there is."""
    png = np.asarray(cv2.imencode(".png", NOISE)[1], np.uint8).reshape(-1)
    data = jpeg(NOISE)
    giant = np.frombuffer(
        data.tobytes().replace(b"\x00\xf0\x01\x40", b"\x40\x00\x40\x00"), np.uint8
    )
    assert len(giant) == len(data)
    assert not np.array_equal(giant, data)
    decoded = []
    monkeypatch.setattr(cv2, "imdecode", lambda *_: decoded.append(1))
    camera = Camera("0", SETTINGS, connect=Webcam([png, giant]))
    camera.open()
    for _ in range(2):
        with pytest.raises(CorruptFrameError):
            camera.read()
    assert not decoded


def test_other_formats_come_in_colour(checked: list[str]) -> None:
    grey = np.full((480, 640), 7, np.uint8)
    camera = Camera("0", CameraSettings(fourcc="YUYV"), connect=Webcam([grey, NOISE]))
    camera.open()
    assert camera.read().shape == (480, 640, 3)
    assert camera.read().shape == (240, 320, 3)
    assert camera.colour is None


def test_a_link_is_followed_anew_at_each_open(checked: list[str], tmp_path: Path) -> None:
    link = tmp_path / "usb-C920-index0"
    camera = Camera(str(link), SETTINGS, connect=Webcam())
    for number in (0, 2):
        node = tmp_path / f"video{number}"
        node.touch()
        link.unlink(missing_ok=True)
        link.symlink_to(node)
        camera.open()
        camera.close()
    assert [Path(node).name for node in checked] == ["video0", "video2"]


def test_the_driver_is_waited_for_as_long_as_the_settings_say(
    checked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", raising=False)
    Camera("0", CameraSettings(timeout_s=2.5), connect=Webcam()).open()
    assert os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] == "3"


def test_a_missing_camera_is_missing_and_the_others_are_named() -> None:
    with pytest.raises(
        SourceError, match=r"/dev/video99: missing, no such camera; (no )?cameras here"
    ) as e:
        Camera("99", SETTINGS).open()
    assert e.value.reason == "missing"


def test_what_is_no_camera_is_said_to_be_none() -> None:
    with pytest.raises(SourceError, match="/dev/null: not a camera") as caught:
        v4l2.check("/dev/null", "/dev/null")
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(
    ("error", "reason", "says"),
    [
        (errno.EACCES, "permission", "no permission"),
        (errno.EBUSY, "busy", "held by"),
        (errno.ENODEV, "missing", "no such camera"),
        (errno.EIO, "failed", "Input/output error"),
    ],
)
def test_each_errno_has_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: int, reason: str, says: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(v4l2.os, "open", refuse)
    with pytest.raises(SourceError, match=says) as caught:
        v4l2.check("/dev/video0", "/dev/video0", dev=tmp_path)
    assert caught.value.reason == reason


def test_a_busy_camera_names_who_holds_it(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    hold = f"import sys; held = open({str(node)!r}); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        refused = v4l2.refused(str(node), "desk camera")
        holder.communicate()
    assert refused.reason == "busy"
    assert re.fullmatch(rf"desk camera: busy, held by PID {holder.pid} \(.+\)", str(refused))


def test_a_camera_nobody_holds_has_no_signal(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    assert v4l2.refused(str(node), "desk camera").reason == "failed"


def test_opening_fails_where_opencv_does(checked: list[str]) -> None:
    webcam = Webcam()
    webcam.refuses = True
    with pytest.raises(SourceError, match="/dev/video42: gives no video"):
        Camera("42", SETTINGS, connect=webcam).open()


def test_cameras_are_listed_with_the_names_that_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("video10", "video2", "video11"):
        (tmp_path / name).touch()
    by_id = tmp_path / "v4l" / "by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-C920-index0").symlink_to(tmp_path / "video2")
    metadata = (tmp_path / "video11").stat().st_ino
    monkeypatch.setattr(
        v4l2, "_card", lambda fd: None if os.fstat(fd).st_ino == metadata else "C920"
    )
    assert v4l2.cameras(tmp_path) == (
        f"cameras here: {tmp_path}/video2, {by_id}/usb-C920-index0; {tmp_path}/video10"
    )
    assert v4l2.cameras(by_id) == "no cameras here"


def test_formats_are_named_as_the_kernel_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = [b"MJPG", b"Y10 ", b"Y16\xa0"]  # the last one is big-endian

    def ioctl(fd: int, request: int, answer: bytearray) -> int:
        index = answer[0]
        if index >= len(names):
            raise OSError(errno.EINVAL, "no more")
        answer[44:48] = names[index]
        return 0

    monkeypatch.setattr(v4l2.fcntl, "ioctl", ioctl)
    node = tmp_path / "video0"
    node.touch()
    assert v4l2.formats(str(node)) == ["MJPG", "Y10", "Y16-BE"]
