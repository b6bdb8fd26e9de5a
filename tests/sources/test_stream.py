import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from camd.address import Address
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.stream import Stream
from tests.sources.pictures import av1, grey
from tests.sources.servers import file, mjpeg
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
            assert source.read().shape == grey(9).shape
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
