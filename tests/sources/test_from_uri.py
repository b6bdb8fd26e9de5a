from pathlib import Path

import numpy as np
import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import CorruptFrameError, from_uri
from camd.sources.camera import Camera
from camd.sources.demo import Demo
from camd.sources.images import Images
from camd.sources.stream import Stream
from camd.sources.video import Video
from tests.sources.pictures import clip, grey, write

SETTINGS = CameraSettings()


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ("0", Camera),
        ("/dev/video2", Camera),
        ("/dev/v4l/by-id/usb-046d_C920-video-index0", Camera),
        ("/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0", Camera),
        ("/dev/desk-camera", Camera),
        ("/dev/null", Camera),
        ("rtsp://host/live", Stream),
        ("rtsps://host/live", Stream),
        ("http://host:8080/stream.mjpg", Stream),
        ("https://host/stream", Stream),
        ("demo", Demo),
    ],
)
def test_what_is_live_is_told_by_its_name(device: str, kind: type) -> None:
    assert type(from_uri(device, SETTINGS)) is kind


def test_files_are_told_by_suffix_then_by_content(tmp_path: Path) -> None:
    picture = write(tmp_path / "p.png", grey(1))
    unnamed = tmp_path / "scan"
    unnamed.write_bytes(picture.read_bytes())
    text = tmp_path / "text.JPG"
    text.write_text("no picture, but meant to be one")
    video = clip(tmp_path / "c.avi", [grey(1)])
    strange = tmp_path / "clip.bin"
    strange.write_bytes(video.read_bytes())
    assert [type(from_uri(str(p), SETTINGS)) for p in (picture, unnamed, text, tmp_path)] == [
        Images
    ] * 4
    assert [type(from_uri(str(p), SETTINGS)) for p in (video, strange)] == [Video] * 2


@pytest.mark.parametrize(
    "device",
    ["nothing.mp4", "/dev/shm/nothing.mp4", "rstp://user:secret@host/", "user:secret@host", "-1"],
)
def test_anything_else_is_missing_and_says_what_was_expected(device: str) -> None:
    with pytest.raises(SourceError, match=r"expected a camera number.*demo") as caught:
        from_uri(device, SETTINGS)
    assert caught.value.reason == "missing"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_frames_are_rotated_clockwise(tmp_path: Path, degrees: int) -> None:
    picture = grey(0)
    picture[0, 0] = 255
    path = write(tmp_path / "p.png", picture)
    source = from_uri(str(path), CameraSettings(rotate=degrees))  # type: ignore[arg-type]
    source.open()
    image = source.read()
    corner = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[degrees]
    assert image.shape == ((64, 48, 3) if degrees in (90, 270) else (48, 64, 3))
    assert np.all(image[corner] == 255)


def test_a_looped_folder_without_one_good_picture_fails_instead_of_spinning(
    tmp_path: Path,
) -> None:
    (tmp_path / "1.png").write_text("text")
    source = from_uri(str(tmp_path), SETTINGS, loop=True)
    source.open()
    with pytest.raises(CorruptFrameError):
        source.read()
    with pytest.raises(SourceError) as caught:
        source.read()
    assert caught.value.reason == "unreadable"
