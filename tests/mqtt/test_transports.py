"""The ways to a broker: versions, WebSockets, TLS with certificates of both sides."""

import logging
from pathlib import Path

import pytest

from testing.broker import Mosquitto, Subscriber, mosquitto, until
from testing.proxy import PUBLISH_QOS1, proxy
from testing.scenes import Publishers, event, frame, result
from tests.mqtt.certificates import Authority

RETAINED = 1
"""A bit of the first byte (MQTT, 3.3.1.3)."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def delivers(publishers: Publishers, broker: Mosquitto, listen_at: int, **options: object) -> bool:
    """Publish an event, and return when someone who listens on another port has it."""
    with Subscriber(broker.host, listen_at) as subscriber:
        publisher = publishers(broker, **options)
        publisher.frame(frame(), result(event()), 100.0)
        subscriber.wait("camd/desk/event")
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
    return True


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_both_versions(real: Mosquitto, publishers: Publishers, protocol: str) -> None:
    assert delivers(publishers, real, real.port, protocol=protocol)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_websockets(publishers: Publishers, protocol: str) -> None:
    with mosquitto("allow_anonymous true\nprotocol websockets\n", plain=True) as broker:
        options = {"transport": "websockets", "protocol": protocol}
        assert delivers(publishers, broker, broker.plain_port, **options)


def test_websockets_in_tls(publishers: Publishers, authority: Authority) -> None:
    lines = authority.listener(authority.issue("broker")) + "protocol websockets\n"
    with mosquitto(lines, plain=True) as broker:
        options = {"transport": "websockets", "tls": True, "ca_file": authority.ca}
        assert delivers(publishers, broker, broker.plain_port, **options)


def test_a_websocket_where_there_is_none_is_reported(
    real: Mosquitto, publishers: Publishers
) -> None:
    publisher = publishers(real, wait=False, transport="websockets")
    assert not publisher.wait_connected(30)
    assert publisher.stats().alive


@pytest.mark.parametrize(
    ("host", "days", "named"),
    [
        ("IP:127.0.0.1", -1, "expired"),
        ("DNS:elsewhere.example", 30, "127.0.0.1"),
    ],
)
def test_a_wrong_certificate_is_refused_and_named(
    publishers: Publishers,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
    host: str,
    days: int,
    named: str,
) -> None:
    with mosquitto(authority.listener(authority.issue("broker", host, days))) as broker:
        publisher = publishers(broker, wait=False, tls=True, ca_file=authority.ca)
        assert not publisher.wait_connected(30)
        assert named in publisher.stats().error
        until(lambda: caplog.records)
        (warning,) = [item.getMessage() for item in caplog.records]
    assert named in warning
    assert "mqtt.ca_file" in warning
    assert "no MQTT broker" not in warning, "it answers"


def test_the_right_certificate_is_taken(publishers: Publishers, authority: Authority) -> None:
    with mosquitto(authority.listener(authority.issue("broker")), plain=True) as broker:
        options = {"tls": True, "ca_file": authority.ca}
        assert delivers(publishers, broker, broker.plain_port, **options)


def test_an_unknown_authority_is_refused(publishers: Publishers, authority: Authority) -> None:
    with mosquitto(authority.listener(authority.issue("broker"))) as broker:
        assert delivers_nothing(publishers, broker, tls=True)


def delivers_nothing(publishers: Publishers, broker: Mosquitto, **options: object) -> bool:
    publisher = publishers(broker, wait=False, **options)
    return not publisher.wait_connected(30)


def test_a_client_certificate_is_the_login(publishers: Publishers, authority: Authority) -> None:
    lines = authority.listener(authority.issue("broker"))
    lines += f"cafile {authority.ca}\nrequire_certificate true\n"
    client = authority.issue("client")
    with mosquitto(lines, plain=True) as broker:
        tls = {"tls": True, "ca_file": authority.ca}
        assert delivers_nothing(publishers, broker, **tls)
        login = {"cert_file": client, "key_file": client.with_suffix(".key")}
        assert delivers(publishers, broker, broker.plain_port, **tls, **login)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_second_client_of_the_same_id_is_named(
    real: Mosquitto,
    publishers: Publishers,
    caplog: pytest.LogCaptureFixture,
    protocol: str,
) -> None:
    """Each throws the other out, for ever, and neither would know why."""
    options = {"client_id": "twins", "protocol": protocol}
    first = publishers(real, **options)
    second = publishers(real, wait=False, **options)
    with caplog.at_level(logging.WARNING):
        until(lambda: "taken over" in {first.stats().state, second.stats().state})
        until(lambda: any("twins" in record.getMessage() for record in caplog.records))


def test_what_is_too_large_for_the_broker_is_left_out(
    publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    """It would end every connection: retained state is sent on each."""
    with mosquitto("allow_anonymous true\nmax_packet_size 20000\n") as broker:
        with Subscriber(broker.host, broker.port) as subscriber:
            publisher = publishers(broker, protocol="5")
            publisher.snapshot(bytes(30_000))
            publisher.frame(frame(), result(event()), 100.0)
            subscriber.wait("camd/desk/event")
            assert not subscriber.on("camd/desk/snapshot")
        assert "camd/desk/snapshot" in caplog.text
        assert publisher.stats().connected


def test_a_narrow_broker_gets_no_more_at_once_than_it_takes(
    publishers: Publishers,
) -> None:
    with (
        mosquitto("allow_anonymous true\nmax_inflight_messages 2\n") as broker,
        proxy(broker) as between,
        Subscriber(broker.host, broker.port) as subscriber,
    ):
        publisher = publishers(between, protocol="5")
        until(lambda: publisher.stats().sent == 1, "online is confirmed")
        between.withhold_pubacks = True
        before = len(between.heads)
        for number in range(50):
            publisher.frame(frame(), result(event(number)), 100.0)
        publisher.snapshot(b"jpeg")  # of QoS 0, so it passes by all that waits
        subscriber.wait("camd/desk/snapshot")
        sent = [head[0] for head in between.heads[before:]]
        assert sent.count(PUBLISH_QOS1) + sent.count(PUBLISH_QOS1 | RETAINED) == 2
        between.withhold_pubacks = False
        between.cut()

        def tracks() -> list[int]:
            """Without the one that may come twice, as its confirmation was withheld."""
            return list({item.json["track"]: None for item in subscriber.on("camd/desk/event")})

        until(lambda: len(tracks()) == 50)
        assert tracks() == list(range(50))
