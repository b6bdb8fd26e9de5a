import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import from_uri
from tests.sources.pictures import grey
from tests.sources.servers import file, mjpeg, snapshots

SETTINGS = CameraSettings(timeout_s=2)


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream"])
def test_an_address_that_gives_one_picture_a_request_is_asked_for_each(kind: str) -> None:
    with snapshots([grey(20), grey(120), grey(220)], kind=kind) as port:
        source = from_uri(f"http://127.0.0.1:{port}/snapshot.jpg", SETTINGS)
        assert source.open().polled
        seen = [round(float(source.read().mean()), -1) for _ in range(3)]
        assert len(set(seen)) == 3


def test_a_stream_is_none() -> None:
    with mjpeg([grey(9)]) as port:
        source = from_uri(f"http://127.0.0.1:{port}/stream", SETTINGS)
        assert not source.open().polled
        source.read()
        source.close()


def test_a_wrong_password_is_said_and_not_shown() -> None:
    with snapshots([grey(9)], ("user", "right")) as port:
        source = from_uri(f"http://user:secret@127.0.0.1:{port}/snapshot.jpg", SETTINGS)
        with pytest.raises(SourceError, match="password") as caught:
            source.open()
    assert "secret" not in str(caught.value)


def test_what_is_called_a_picture_and_is_none_is_damaged() -> None:
    with file(b"\xff\xd8 and nothing") as port:
        source = from_uri(f"http://127.0.0.1:{port}/snapshot.jpg", SETTINGS)
        with pytest.raises(SourceError, match="no picture that can be read"):
            source.open()
