import subprocess
import sys
import time
from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings

from camd.address import Address
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.stream import Stream
from camd.values import Image
from tests.sources.pictures import av1, clip, grey
from tests.sources.servers import file, mjpeg, rtsp
from tests.test_address import secrets

SETTINGS = CameraSettings(timeout_s=2)


def test_a_server_without_video_has_failed_and_is_not_missing() -> None:
    with mjpeg([grey(9)]) as port, pytest.raises(SourceError, match="check its path") as caught:
        Stream(f"http://127.0.0.1:{port}/nothing", SETTINGS).open()
    assert caught.value.reason == "failed"


def test_user_and_password_arrive_as_they_were_meant() -> None:
    """Each letter that is special in an address, and what hypothesis adds."""
    meant = ("us@er", "a#b?c/d@e:f%25&+ ä")
    with mjpeg([grey(9)], login=lambda: meant) as port:

        @settings(max_examples=12)
        @given(secrets.filter(lambda text: ":" not in text), secrets)
        @example(*meant)
        def each(user: str, password: str) -> None:
            nonlocal meant
            meant = user, password
            address = Address("http", "127.0.0.1", port, user, password, "/stream")
            source = Stream(address.url(), SETTINGS)
            source.open()
            assert source.read().shape == grey(9).shape[:2]
            source.close()

        each()
        meant = ("admin", "b@d")
        source = Stream(f"http://admin:b@d@127.0.0.1:{port}/stream", SETTINGS)
        source.open()
        source.close()


def test_a_zone_is_understood() -> None:
    source = Stream("rtsp://[fe80::1%25lo]:9/x", SETTINGS)
    assert source.name == "rtsp://[fe80::1%lo]:9/x"
    with pytest.raises(SourceError) as caught:
        source.open()
    assert caught.value.reason == "missing"


def test_an_at_behind_a_host_that_is_not_found_may_be_the_end_of_a_password() -> None:
    with pytest.raises(SourceError, match="if its @ ends a password, write") as caught:
        Stream("rtsp://no-such-host.invalid/secret?x@host/live", SETTINGS).open()
    assert "secret?x" not in str(caught.value)


def test_a_stream_that_breaks_off_has_failed_and_not_ended() -> None:
    with mjpeg([grey(9)], frames=60) as port:
        source = Stream(f"http://127.0.0.1:{port}/stream", SETTINGS)
        source.open()
        with pytest.raises(SourceError, match="broke off") as caught:
            deque((source.read() for _ in range(100)), maxlen=0)
        source.close()
    assert caught.value.reason == "failed"


def test_a_stream_of_a_codec_that_opencv_lacks_is_read(tmp_path: Path) -> None:
    film = av1(tmp_path / "film.mp4").read_bytes()
    with file(film) as port:
        source = Stream(f"http://127.0.0.1:{port}/film.mp4", SETTINGS)
        assert source.open().detail == "network stream, libdav1d"
        assert source.read().mean() == pytest.approx(9, abs=4)
        source.close()


def test_a_stream_whose_codec_is_not_known_is_not_decodable(tmp_path: Path) -> None:
    film = clip(tmp_path / "film.avi", [grey(9)] * 5).read_bytes()
    with file(film.replace(b"MJPG", b"ZZZZ")) as port, pytest.raises(SourceError) as caught:
        Stream(f"http://127.0.0.1:{port}/film.avi", SETTINGS).open()
    assert caught.value.reason == "unreadable"
    assert "cannot decode" in str(caught.value)


def test_who_is_slow_sees_the_present_and_no_queue_of_the_past() -> None:
    class Sent(list[Image]):
        last = 0

        def __getitem__(self, number: Any) -> Any:
            Sent.last = number
            return super().__getitem__(number)

    # Of one size and kind, so that each is a key frame: 250 greys, of which each tells its number.
    shown = Sent(grey(number) for number in range(250))
    settings = CameraSettings(timeout_s=5, max_age_ms=200)
    with mjpeg(shown, every_s=0.02) as port:
        source = Stream(f"http://127.0.0.1:{port}/stream", settings)
        source.open()
        first = source.read().mean()
        while Sent.last < first + 80:  # one who is busy for more than a second
            time.sleep(0.02)
        before = time.monotonic()
        behind = Sent.last - source.read().mean()
        assert behind < 30
        assert source.grabbed > before - 1
        source.close()


def test_what_was_held_back_on_its_way_is_as_old_as_its_own_time_says(tmp_path: Path) -> None:
    path = clip(tmp_path / "film.ts", [grey(50 + n % 100) for n in range(100)], "mpg1", fps=25)
    waited, moments = [], []
    with rtsp(path, seconds=4, stall_s=0.8) as port:
        source = Stream(f"rtsp://127.0.0.1:{port}/live", SETTINGS)
        source.open()
        for _ in range(80):
            source.read()
            waited.append(time.monotonic() - source.grabbed)
            moments.append(source.grabbed)
        source.close()
    assert max(waited) > waited[-1] + 0.1
    # They left one by one, though many came in one moment.
    assert max(b - a for a, b in pairwise(moments)) < 0.6
    assert min(b - a for a, b in pairwise(moments)) > 0.0


@pytest.mark.parametrize("uri", ["rtsp://host:secret/live", "http:///stream", "rtsp://[::1/live"])
def test_malformed_addresses_are_refused_before_anything_is_tried(uri: str) -> None:
    with pytest.raises(SourceError, match="names no host and port") as caught:
        Stream(uri, SETTINGS)
    assert caught.value.reason == "missing"
    assert "secret" not in str(caught.value)


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
