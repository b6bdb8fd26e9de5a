from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import CorruptFrameError, are_stills, from_uri
from camd.sources.camera import Camera
from camd.sources.demo import Demo
from camd.sources.images import Images
from camd.sources.snapshots import Http
from camd.sources.stream import Stream
from camd.sources.video import Video
from tests.sources.pictures import animation, clip, grey, write

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
        ("http://host:8080/stream.mjpg", Http),
        ("https://host/stream", Http),
        (" RTSP://host/live", Stream),
        ("demo", Demo),
    ],
)
def test_what_is_live_is_told_by_its_name(device: str, kind: type) -> None:
    assert type(from_uri(device, SETTINGS)) is kind


def test_files_are_told_by_their_content_then_by_suffix(tmp_path: Path) -> None:
    def copy(source: Path, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(source.read_bytes())
        return path

    def made(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    picture = write(tmp_path / "p.png", grey(1))
    video = clip(tmp_path / "c.avi", [grey(1)])
    pictures = [
        *(tmp_path, picture, copy(picture, "scan"), copy(picture, "p.mp4")),
        made("text.JPG", b"no picture, but meant to be one"),
        made("x.mov", b"\0\0\0\x18ftypheic" + bytes(60)),
        made("page.pdf", b"%PDF-1.4"),
        *(animation(tmp_path / f"a{s}", [grey(1), grey(9)], (90, 90)) for s in (".gif", ".webp")),
    ]
    videos = [
        *(video, copy(video, "clip.bin"), copy(video, "c.jpg")),
        made("text.mp4", b"no video, but meant to be one"),
        # Picture after picture, and it begins as the first of them does.
        copy(write(tmp_path / "p.jpg", grey(1)), "c.mjpeg"),
    ]
    assert [type(from_uri(str(path), SETTINGS)) for path in pictures] == [Images] * len(pictures)
    assert [type(from_uri(str(path), SETTINGS)) for path in videos] == [Video] * len(videos)


def test_what_moves_is_no_still(tmp_path: Path) -> None:
    still = write(tmp_path / "1.png", grey(1))
    pages = tmp_path / "p.tif"
    first, second = (Pillow.new("L", (64, 48), value) for value in (30, 40))
    first.save(pages, save_all=True, append_images=[second])
    moving = animation(tmp_path / "a.png", [grey(1), grey(9)], (90, 90))
    video = clip(tmp_path / "c.avi", [grey(1)])
    assert [are_stills(str(p), SETTINGS) for p in (tmp_path, still, pages, moving, video)] == [
        *(True, True, True, False, False)
    ]


@pytest.mark.parametrize(
    "device",
    [
        "nothing.mp4",
        "/dev/shm/nothing.mp4",
        "user:secret@host",
        "-1",
        "x" * 5000,
        "/".join(["x" * 100] * 50),
        "~nobody-of-this-name/clip.mp4",
        "a\0b",
        "\udcff",
    ],
)
def test_anything_else_is_missing_and_says_what_was_expected(device: str) -> None:
    with pytest.raises(SourceError, match=r"expected a camera number.*demo") as caught:
        from_uri(device, SETTINGS)
    assert caught.value.reason == "missing"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "device",
    ["rstp://user:secret@host/", " rtsp:/user:secret@host/", "ftp://user:secret@host/clip.mp4"],
)
def test_what_is_meant_as_an_address_and_is_none_says_how_one_begins(device: str) -> None:
    with pytest.raises(SourceError, match="one of rtsp://, rtsps://, http://, https://") as caught:
        from_uri(device, SETTINGS)
    assert caught.value.reason == "missing"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_frames_are_turned_clockwise_and_then_mirrored(
    tmp_path: Path, degrees: int, mirror: bool
) -> None:
    picture = grey(0)
    picture[0, 0] = 255
    path = write(tmp_path / "p.png", picture)
    settings = CameraSettings(rotate=degrees, mirror=mirror)  # type: ignore[arg-type]
    source = from_uri(str(path), settings)
    source.open()
    image = source.read()
    row, column = {0: (0, 0), 90: (0, -1), 180: (-1, -1), 270: (-1, 0)}[degrees]
    corner = row, (-1 - column if mirror else column)
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
