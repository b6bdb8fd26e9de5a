"""What is heard, what is refused, and that nothing whatever stops the hearing."""

from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camd.config.live import LiveOptions
from camd.config.settings import Settings
from camd.daemon.control import Control
from camd.mqtt import payloads
from camd.mqtt.publisher import Publisher
from camd.mqtt.requests import BURST, COMMANDS, MOST_BYTES, Hearing, Request, parse
from testing.payloads import check
from tests.mqtt.malformed import damaged, malformed

NESTED = b'{"transaction":' + b"[" * 1500 + b"]" * 1500 + b"}"


@pytest.mark.parametrize("payload", [b"", b" \n", b"{}"])
@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_request_is_one(command: str, payload: bytes) -> None:
    assert parse(command, payload) == Request(command)


def test_the_transaction_comes_back_and_the_rest_is_arguments() -> None:
    request = parse("set", b'{"transaction":[1,"a"],"lines.gap":2,"detection":false}')
    assert request == Request("set", [1, "a"], {"lines.gap": 2, "detection": False})


@pytest.mark.parametrize(
    ("command", "payload", "named"),
    [
        ("dance", b"{}", "snapshot, pause"),
        ("pause", b'{"for":5}', "no arguments"),
        ("pause", b"[]", "object"),
        ("pause", b"{", "JSON"),
        ("pause", b"\xff", "JSON"),
        ("pause", b'{"transaction":NaN}', "JSON"),
        ("pause", b'{"transaction":"\\ud800"}', "JSON"),
        ("pause", NESTED, "JSON"),
        ("pause", b'{"transaction":' + b"9" * 4100 + b"}", "bytes"),
        ("pause", b'{"transaction":"' + b"x" * 300 + b'"}', "transaction"),
        ("set", b'{"a":"' + b"x" * MOST_BYTES + b'"}', "bytes"),
    ],
)
def test_what_cannot_be_obeyed_says_why(command: str, payload: bytes, named: str) -> None:
    assert named in parse(command, payload).error


def test_an_unknown_request_is_answered_with_its_transaction() -> None:
    assert parse("dance", b'{"transaction":7}').transaction == 7


@pytest.mark.parametrize("command", ["", "x" * 33, "Ünsinn", "a b", "$SYS", "../x"])
def test_an_odd_name_is_answered_as_unknown(command: str) -> None:
    assert parse(command, b"").command == "unknown"


def test_retained_requests_are_ignored() -> None:
    hearing = Hearing()
    assert hearing.hear("pause", b"", retained=True, now=0) is None
    assert hearing.ignored == 1


def test_too_many_get_one_error_and_then_silence() -> None:
    hearing = Hearing()
    heard = [hearing.hear("status", b"", retained=False, now=10.0) for _ in range(BURST + 3)]
    assert all(request and not request.error for request in heard[:BURST])
    assert heard[BURST] is not None
    assert "too many" in heard[BURST].error
    assert heard[BURST + 1 :] == [None, None]
    assert hearing.ignored == 2
    again = hearing.hear("status", b"", retained=False, now=10.3)
    assert again == Request("status")


def test_twenty_at_once_and_five_a_second_in_the_long_run() -> None:
    hearing = Hearing()
    obeyed = [0] * 60
    for number in range(60 * 50):
        request = hearing.hear("status", b"", retained=False, now=1000 + number / 50)
        obeyed[number // 50] += bool(request and not request.error)
    assert obeyed[0] == BURST + 4
    assert set(obeyed[1:]) == {5}
    assert hearing.hear("status", b"", retained=False, now=2000), "and it lets a burst pass again"
    assert BURST == 20


class Asker:
    """Stands in for the publisher, with one request at a time, and for the loop."""

    paused = False

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.answers: list[bytes] = []

    def requests(self) -> list[Request]:
        asked, self.asked = self.asked, []
        return asked

    def respond(self, request: Request, data: Any = None, error: str = "") -> None:
        self.answers.append(payloads.encode(payloads.response(request.transaction, data, error)))
        check(f"camd/desk/response/{request.command}", self.answers[-1])

    def state(self, **_: Any) -> None: ...

    def take_snapshot(self) -> bool:
        return False

    def status(self) -> dict[str, Any]:
        return {}

    def retune(self, changed: Settings) -> None:
        assert changed.lines.gap > 0


def test_each_of_ten_thousand_malformed_requests_has_one_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """500 that hypothesis makes, and 19 damaged copies of each, through all that reads them."""
    asker = Asker()
    live = LiveOptions(Settings(), tmp_path / "live.json")
    control = Control(cast(Publisher, asker), live, lambda: None)

    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(COMMANDS) | st.text(max_size=40), malformed, st.randoms())
    def ask(command: str, payload: bytes, random: Random) -> None:
        for item in damaged(payload, random):
            asker.asked.append(parse(command, item))
            control.tick(asker)

    ask()
    assert len(asker.answers) >= 10_000
    assert sum(b'"status":"error"' in answer for answer in asker.answers) > 5_000
    assert "bug" not in caplog.text
