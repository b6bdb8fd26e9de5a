import logging
import os
import re
from collections import deque
from pathlib import Path

import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import EndOfStreamError
from camd.sources.video import Video
from tests.sources.pictures import clip, grey

SETTINGS = CameraSettings()


def test_the_frame_rate_is_read(tmp_path: Path) -> None:
    assert Video(clip(tmp_path / "c.avi", [grey(1)] * 5, fps=12), SETTINGS).open().fps == 12


@pytest.mark.parametrize("data", [b"", b"seven eight nine " * 100], ids=["empty", "text"])
def test_what_is_no_video_is_unreadable(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "c.mp4"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="no video") as caught:
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
