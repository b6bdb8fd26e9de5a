import click
import pytest

from camd.mqtt.broker_url import parse_broker


def test_nothing_asked_changes_nothing() -> None:
    assert parse_broker(None) == {}


@pytest.mark.parametrize("word", ["embedded", "none"])
def test_words(word: str) -> None:
    assert parse_broker(word) == {("mqtt", "broker"): word}


@pytest.mark.parametrize(
    ("text", "host", "port", "tls", "user"),
    [
        ("mqtt://h", "h", 1883, False, None),
        ("mqtts://h", "h", 8883, True, None),
        ("mqtt://u@h:99/", "h", 99, False, "u"),
        ("mqtt://[::1]:99", "::1", 99, False, None),
        ("ws://h", "h", 80, False, None),
        ("wss://u@h:8084/mqtt/", "h", 8084, True, "u"),
    ],
)
def test_addresses(text: str, host: str, port: int, tls: bool, user: str | None) -> None:
    settings = parse_broker(text)
    assert settings["mqtt", "host"] == host
    assert settings["mqtt", "port"] == port
    assert settings["mqtt", "tls"] is tls
    assert settings.get(("mqtt", "username")) == user


@pytest.mark.parametrize(
    ("text", "transport", "path"),
    [
        ("mqtt://h", "tcp", None),
        ("ws://h", "websockets", None),
        ("ws://h/", "websockets", None),
        ("wss://h/a/b", "websockets", "/a/b"),
    ],
)
def test_websockets(text: str, transport: str, path: str | None) -> None:
    settings = parse_broker(text)
    assert settings["mqtt", "transport"] == transport
    assert settings.get(("mqtt", "websocket_path")) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h:1883",
        "http://h",
        "mqtt://",
        "mqtt://h:x",
        "mqtt://h:99999",
        "mqtt://h/topic",
        "ws://h/a?b",
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="mqtt://"):
        parse_broker(text)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(click.BadParameter) as caught:
        parse_broker("mqtt://u:hunter2@h")
    assert "hunter2" not in str(caught.value)
