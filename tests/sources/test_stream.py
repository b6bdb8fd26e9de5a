import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import redact
from camd.sources.stream import Stream
from tests.sources.pictures import av1, grey
from tests.sources.servers import file, mjpeg

SETTINGS = CameraSettings(timeout_s=2)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://host:554/live", "rtsp://host:554/live"),
        ("rtsp://user:pw@host/live", "rtsp://***@host/live"),
        ("http://pw@host/live", "http://***@host/live"),
        ("rtsp://user:p@w/x?y#z@host/live", "rtsp://***@host/live"),
        ("http://host/video.cgi?user=me&pwd=pw", "http://host/video.cgi?***"),
        ("rtsp://host/user=me&password=pw&channel=1.sdp", "rtsp://host/user=***"),
        ("http://host/x#token=pw", "http://host/x#token=***"),
        ("user:pw@host/live", "***@host/live"),
        ("/home/me@work/clip.mp4", "/home/me@work/clip.mp4"),
    ],
)
def test_credentials_are_not_shown(uri: str, shown: str) -> None:
    assert redact(uri) == shown


def test_a_server_without_video_has_failed_and_is_not_missing() -> None:
    with mjpeg([grey(9)]) as port, pytest.raises(SourceError, match="check its path") as caught:
        Stream(f"http://127.0.0.1:{port}/nothing", SETTINGS).open()
    assert caught.value.reason == "failed"


def test_a_stream_that_breaks_off_has_failed_and_not_ended() -> None:
    with mjpeg([grey(9)], frames=60) as port:
        source = Stream(f"http://127.0.0.1:{port}/stream", SETTINGS)
        source.open()
        with pytest.raises(SourceError, match="broke off") as caught:
            deque((source.read() for _ in range(100)), maxlen=0)
        source.close()
    assert caught.value.reason == "failed"


def test_a_stream_whose_codec_is_not_known_says_which_it_is(tmp_path: Path) -> None:
    film = av1(tmp_path / "film.mp4").read_bytes()
    with file(film) as port:
        source = Stream(f"http://127.0.0.1:{port}/film.mp4", SETTINGS)
        source.open()
        with pytest.raises(SourceError, match=r"its codec is AV1.*H\.264") as caught:
            source.read()
        source.close()
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("uri", ["rtsp://host:secret/live", "http:///stream", "rtsp://[::1/live"])
def test_malformed_addresses_are_missing(uri: str) -> None:
    with pytest.raises(SourceError) as caught:
        Stream(uri, SETTINGS).open()
    assert caught.value.reason == "missing"


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_the_libraries_print_no_address(scheme: str) -> None:
    """FFmpeg and OpenCV write to stderr past Python, so only a process of its own shows it."""
    code = f"""if True:
        import logging
        logging.basicConfig(level=logging.DEBUG)
        from camd.errors import SourceError
        from camd.config.settings import CameraSettings
        from camd.sources import from_uri
        try:
            from_uri("{scheme}://user:secret@127.0.0.1:1/x?pw=secret", CameraSettings()).open()
        except SourceError as exc:
            logging.exception("caught")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"{scheme}://***@127.0.0.1:1/x?***: no answer at port 1" in done.stderr
    assert "secret" not in done.stderr
    assert " @ 0x" not in done.stderr, "FFmpeg begins its lines like [tcp @ 0x55ca]"


def test_frames_too_large_to_take_from_a_stranger_are_refused() -> None:
    with mjpeg([grey(9, 8000, 6000)]) as port:
        stream = Stream(f"http://127.0.0.1:{port}/stream", CameraSettings())
        with pytest.raises(SourceError, match="8000x6000") as caught:
            stream.open()
    assert caught.value.reason == "unreadable"
