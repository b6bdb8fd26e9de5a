from dataclasses import replace

import click
import pytest
from hypothesis import given

from camd.address import BROKER, Address
from camd.config.settings import MqttSettings
from camd.mqtt.broker_url import parse_broker
from tests.test_address import addresses


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
        ("mqtt://us%40er@h", "h", 1883, False, "us@er"),
        ("mqtt://us@er@h", "h", 1883, False, "us@er"),
        ("mqtt://vhost%3Auser@h", "h", 1883, False, "vhost:user"),
        ("mqtt://[fe80::1%25lo]", "fe80::1%lo", 1883, False, None),
        ("MQTT://h", "h", 1883, False, None),
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
        "mqtt://h?x",
        "mqtt:/u@h",
        "mqtt://fe80::1",
        "ws://h/a?b",
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="mqtt://"):
        parse_broker(text)


@pytest.mark.parametrize(
    "text", ["mqtt://u:hunter2@h", "mqtt://u:a#hunter2@h", "mqtt:/u:hunter2@h"]
)
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        parse_broker(text)
    assert "hunter2" not in str(caught.value)


@given(addresses(BROKER, passwords=False))
def test_every_address_becomes_the_settings_it_means(whole: Address) -> None:
    websockets = whole.scheme.startswith("ws")
    plain = replace(whole, rest=whole.rest.partition("?")[0] if websockets else "")
    settings = parse_broker(plain.url())
    assert settings["mqtt", "host"] == whole.host
    assert settings["mqtt", "port"] == whole.usual_port
    assert settings.get(("mqtt", "username")) == whole.user
    assert settings.get(("mqtt", "websocket_path"), "") == plain.rest.rstrip("/")
    data = {key[1]: value for key, value in settings.items()}
    assert MqttSettings.model_validate(data).host == whole.host
