import socket
import threading

import pytest

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.reach import Lookup, connect
from camd.sources.stream import Stream
from testing.broker import free_port


def test_a_name_server_that_does_not_answer_is_given_up_and_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time it takes is the resolver's, and would be held against the camera's driver."""
    answer = threading.Event()
    asked: list[object] = []
    found = socket.getaddrinfo("127.0.0.1", 1, type=socket.SOCK_STREAM)

    def silent(*arguments: object, **_: object) -> object:
        asked.append(arguments)
        answer.wait()
        return found

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    stream = Stream("rtsp://u:secret@camera.lan/live", CameraSettings(timeout_s=1))
    for _ in range(2):
        with pytest.raises(SourceError, match="name server does not answer") as caught:
            stream.open()
        assert caught.value.reason == "missing"
        assert "secret" not in str(caught.value)
    assert asked == [("camera.lan", 554)]
    answer.set()
    with pytest.raises(SourceError, match="no answer at port 554"):
        stream.open()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".lan", "a..lan"])
def test_what_is_no_name(host: str) -> None:
    with pytest.raises(SourceError) as caught:
        Stream(f"rtsp://u:secret@{host}/live", CameraSettings(timeout_s=30)).open()
    assert caught.value.reason == "missing"
    assert "secret" not in repr(caught.value)


def test_a_failed_lookup_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = Lookup("camera.lan", 554)
    answers: list[object] = [OSError("temporary"), [(socket.AF_INET, 1, 6, "", ("127.0.0.1", 554))]]

    def answer(*_: object, **__: object) -> object:
        given = answers.pop(0)
        if isinstance(given, OSError):
            raise given
        return given

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(OSError, match="temporary"):
        lookup.places(30)
    assert lookup.places(30) == [(socket.AF_INET, ("127.0.0.1", 554))]


def test_one_address_that_answers_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = (socket.AF_INET, ("127.0.0.1", server.getsockname()[1]))
        nobody = (socket.AF_INET, ("127.0.0.1", free_port()))
        connect([nobody, here], 30)
        with pytest.raises(ConnectionRefusedError):
            connect([nobody], 30)
    with pytest.raises(TimeoutError):
        connect([here], 0)
