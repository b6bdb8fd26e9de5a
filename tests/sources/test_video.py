import logging
import os
import re
from collections import deque
from contextlib import suppress
from pathlib import Path

import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import EndOfStreamError, from_uri
from camd.sources.video import Video
from tests.sources.pictures import av1, clip, grey, variable, write

SETTINGS = CameraSettings()


def test_the_frame_rate_is_read(tmp_path: Path) -> None:
    assert Video(clip(tmp_path / "c.avi", [grey(1)] * 5, fps=12), SETTINGS).open().fps == 12


def times(source: Video) -> list[float | None]:
    found = []
    with suppress(EndOfStreamError):
        while True:
            source.read()
            found.append(source.time)
    return found


def test_a_film_keeps_its_own_times(tmp_path: Path) -> None:
    stays = (100, 2000, 50, 500, 40)
    source = Video(variable(tmp_path / "c.mp4", [grey(9)] * 5, stays), SETTINGS)
    for _ in range(2):
        source.open()
        assert times(source) == pytest.approx([0, 0.1, 2.1, 2.15, 2.65], abs=0.001)
        source.close()


def test_a_film_of_one_rate_has_its_times_too(tmp_path: Path) -> None:
    source = Video(clip(tmp_path / "c.avi", [grey(9)] * 5, fps=4), SETTINGS)
    source.open()
    assert times(source) == pytest.approx([0, 0.25, 0.5, 0.75, 1])


def test_a_film_without_times_has_those_of_its_rate(tmp_path: Path) -> None:
    """A stream of pictures and nothing else, as some cameras write it."""
    pictures = [write(tmp_path / "p.jpg", grey(g)).read_bytes() for g in (10, 60, 110)]
    path = tmp_path / "c.mjpeg"
    path.write_bytes(b"".join(pictures))
    source = Video(path, SETTINGS)
    fps = source.open().fps
    assert fps > 0
    assert times(source) == pytest.approx([0, 1 / fps, 2 / fps])


def test_a_film_whose_codec_is_not_known_says_which_it_is(tmp_path: Path) -> None:
    source = from_uri(str(av1(tmp_path / "my film.mp4")), SETTINGS)
    source.open()
    with pytest.raises(SourceError, match=r"AV1.*ffmpeg -i '.*my film.mp4' .*libx264") as caught:
        source.read()
    assert caught.value.reason == "unreadable"


def test_a_film_that_is_damaged_says_so(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", [grey(9)] * 3, "mp4v")
    data = path.read_bytes()
    start = data.index(b"mdat") + 4
    size = int.from_bytes(data[start - 8 : start - 4]) - 8
    path.write_bytes(data[:start] + bytes(size) + data[start + size :])
    source = Video(path, SETTINGS)
    source.open()
    with pytest.raises(SourceError, match="is it damaged"):
        times(source)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no video"),
        (b"seven eight nine " * 100, "no video"),
        (b"\0\0\0\x18ftypisom" + bytes(999), "an MP4 video, but not complete"),
        (b"PK\x03\x04" + bytes(999), "a ZIP archive, no video; unpack"),
        (b"ID3\x04" + bytes(999), "a sound file"),
    ],
    ids=["empty", "text", "no end", "zip", "sound"],
)
def test_what_is_no_video_is_called_what_it_is(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "c.mp4"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=says) as caught:
        Video(path, SETTINGS).open()
    assert caught.value.reason == "unreadable"


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        Video(tmp_path, SETTINGS).open()
    assert caught.value.reason == "unreadable"


def test_names_with_colons_percents_and_any_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = clip(tmp_path / "c.avi", [grey(1)] * 3)
    for name in ("rtsp:c.avi", "%03d.avi", "数字.avi"):
        os.link(plain, tmp_path / name)
        source = Video(Path(name), SETTINGS)
        source.open()
        assert source.read().shape == (48, 64, 3)
        source.close()


def test_a_file_that_was_cut_short_ends_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = clip(tmp_path / "c.avi", [grey(g) for g in range(0, 200, 2)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = Video(path, SETTINGS)
    source.open()
    with caplog.at_level(logging.WARNING), pytest.raises(EndOfStreamError):
        deque((source.read() for _ in range(100)), maxlen=0)
    assert re.search(r"ended after [3-6]\d of about 100 frames", caplog.text)
    source.close()


def test_a_name_of_any_bytes_is_opened(tmp_path: Path) -> None:
    """OpenCV crashes on one that is no UTF-8."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.avi"))
    clip(tmp_path / "c.avi", [grey(9)] * 5).rename(path)
    source = Video(path, SETTINGS)
    assert source.open().width > 0
    assert len(times(source)) == 5
