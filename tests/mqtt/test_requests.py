"""What is heard, what is refused, and that nothing whatever stops the hearing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.mqtt import payloads
from camd.mqtt.requests import BURST, COMMANDS, MOST_BYTES, Hearing, Request, parse
from tests.mqtt.malformed import malformed

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


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(COMMANDS) | st.text(max_size=40), malformed)
def test_whatever_is_asked_has_an_answer(command: str, payload: bytes) -> None:
    request = parse(command, payload)
    payloads.encode(payloads.response(request.transaction, {}, request.error))
