"""Brokers that take us, and then not all of what we say."""

import logging
import time
from pathlib import Path

import pytest

from testing.broker import Mosquitto, Subscriber, mosquitto, until
from testing.proxy import proxy
from tests.mqtt.scenes import Publishers, event, frame, result
from tests.mqtt.test_connection import peer, said

pytestmark = pytest.mark.usefixtures("impatient")


def test_an_event_that_may_not_be_published_is_counted_as_lost(
    publishers: Publishers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    acl = tmp_path / "acl"
    acl.write_text("topic read #\ntopic write camd/desk/status\n")
    with mosquitto(f"allow_anonymous true\nacl_file {acl}\n") as broker:
        publisher = publishers(broker, protocol="5")
        for number in range(5):
            publisher.frame(frame(), result(event(number)), 100.0)
        until(lambda: publisher.stats().events_dropped == 5)
        assert publisher.stats().connected
    (warning,) = [text for text in said(caplog, logging.WARNING) if "event" in text]
    assert warning.startswith("camd/desk/event: ")
    assert "Not authorized" in warning


def test_what_may_not_be_heard_is_named(
    real: Mosquitto, publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    with proxy(real) as between:
        between.deny_subscriptions = True
        publishers(between, requests=True)
        until(lambda: any("camd/desk/request/+" in text for text in said(caplog)))


def test_a_broker_that_confirms_nothing_is_given_up(
    real: Mosquitto, publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A confirmation that was lost inside the broker would hold back events for ever."""
    monkeypatch.setattr("camd.mqtt.session.CONFIRM_S", 0.3)
    monkeypatch.setattr("camd.mqtt.session.TICK_S", 0.1)
    with proxy(real) as between, Subscriber(real.host, real.port) as heard:
        publisher = publishers(between)
        until(lambda: publisher.stats().queued == 0)
        between.withhold_pubacks = True
        publisher.frame(frame(), result(event()), 100.0)
        until(lambda: "confirms nothing" in publisher.stats().error)
        between.withhold_pubacks = False
        until(lambda: b'"track":12' in b"".join(between.acknowledged))
        assert {item.json["seq"] for item in heard.on("camd/desk/event")} == {1}
    assert publisher.stats().events_dropped == 0
    assert publisher.stats().failures == 0


@pytest.mark.parametrize(
    ("code", "state", "named"),
    [
        (1, "no broker", "mqtt.protocol"),
        (2, "refused", "mqtt.client_id"),
        (3, "no broker", "takes nobody now"),
        (4, "refused", "mqtt.username"),
        (5, "refused", "mqtt.username"),
    ],
)
def test_a_refusal_says_what_to_do(
    publishers: Publishers, caplog: pytest.LogCaptureFixture, code: int, state: str, named: str
) -> None:
    with peer(b"\x20\x02\x00" + bytes([code])) as refusing:
        publisher = publishers(refusing, wait=False)
        assert not publisher.wait_connected(30)
        assert publisher.stats().state == state, publisher.stats()
        until(lambda: said(caplog))
    assert named in said(caplog)[0]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_what_ends_every_connection_is_left_out(
    publishers: Publishers, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """A retained message that is too large would be sent, and end the connection, for ever."""
    with (
        mosquitto("allow_anonymous true\nmax_packet_size 100000\n") as broker,
        Subscriber(broker.host, broker.port) as heard,
    ):
        publisher = publishers(broker, protocol=protocol)
        publisher.snapshot(bytes(200_000))
        until(lambda: "camd/desk/snapshot" in caplog.text)
        until(lambda: publisher.stats().connected)
        publisher.frame(frame(), result(event()), 100.0)
        publisher.snapshot(bytes(50_000))
        heard.wait("camd/desk/event")
        heard.wait("camd/desk/snapshot")
        assert "too many for the MQTT broker" in caplog.text
        assert "client id" not in caplog.text


SHUTTING_DOWN = b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8b\x00"
"""MQTT 5: accepted, and then disconnected."""


def test_a_broker_that_says_why_it_hangs_up_is_believed(
    publishers: Publishers, tries: list[None]
) -> None:
    """It is no second client of the same id, for which MQTT 5 has another word."""
    with peer(SHUTTING_DOWN) as leaving:
        publisher = publishers(leaving, wait=False, protocol="5")
        for _ in range(200):
            assert publisher.stats().state != "taken over"
            if len(tries) > 8:
                break
            time.sleep(0.05)
        until(lambda: "server shutting down" in publisher.stats().error)
    assert len(tries) > 8


def test_a_broker_that_retains_nothing_is_named(
    publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    with mosquitto("allow_anonymous true\nretain_available false\n") as broker:
        publishers(broker, wait=False, protocol="5")
        until(lambda: "Retain not supported" in caplog.text)
    assert "mqtt.username" not in caplog.text
