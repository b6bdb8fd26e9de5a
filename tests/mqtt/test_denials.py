"""Brokers that take us, and then not all of what we say."""

import logging
import time
from dataclasses import replace
from pathlib import Path

import pytest

from camd.mqtt.requests import Request
from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, retained, until
from testing.proxy import SUBSCRIBE, proxy
from testing.scenes import IMPATIENT, INFO, Publishers, event, frame, health, result, tell
from tests.mqtt.test_connection import peer, said


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
    real: Mosquitto, publishers: Publishers
) -> None:
    """A confirmation that was lost inside the broker would hold back events for ever."""
    timing = replace(IMPATIENT, confirm_s=0.3, tick_s=0.1)
    with proxy(real) as between, Subscriber(real.host, real.port) as heard:
        publisher = publishers(between, timing=timing)
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
    ("protocol", "code", "state", "named"),
    [
        ("3.1.1", 1, "refused", "mqtt.protocol"),
        ("3.1.1", 2, "refused", "mqtt.keepalive_s"),
        ("3.1.1", 3, "busy", "takes nobody now"),
        ("3.1.1", 4, "refused", "mqtt.username"),
        ("3.1.1", 5, "refused", "mqtt.username"),
        ("5", 0x84, "refused", "mqtt.protocol"),
        ("5", 0x85, "refused", "mqtt.client_id"),
        ("5", 0x86, "refused", "mqtt.username"),
        ("5", 0x87, "refused", "mqtt.username"),
        ("5", 0x88, "busy", "Server unavailable"),
        ("5", 0x89, "busy", "Server busy"),
        ("5", 0x8A, "refused", "Banned"),
        ("5", 0x97, "busy", "Quota exceeded"),
        ("5", 0x9F, "busy", "Connection rate exceeded"),
    ],
)
def test_a_refusal_says_what_to_do(
    publishers: Publishers,
    caplog: pytest.LogCaptureFixture,
    protocol: str,
    code: int,
    state: str,
    named: str,
) -> None:
    properties = b"\x00" if protocol == "5" else b""
    answer = b"\x20" + bytes([2 + len(properties), 0, code]) + properties
    with peer(answer) as refusing:
        publisher = publishers(refusing, wait=False, protocol=protocol)
        assert not publisher.wait_connected(30)
        assert publisher.stats().state == state, publisher.stats()
        until(lambda: said(caplog))
    assert named in said(caplog)[0]
    assert "no MQTT broker" not in said(caplog)[0], "it answers"


BOTH = pytest.mark.parametrize("protocol", ["3.1.1", "5"])


@BOTH
@pytest.mark.parametrize(
    ("most", "size"), [(2_000, 2_500), (20_000, 30_000), (70_000, 141_000), (100_000, 1_000_000)]
)
def test_what_ends_every_connection_is_left_out(
    publishers: Publishers,
    caplog: pytest.LogCaptureFixture,
    tries: list[None],
    protocol: str,
    most: int,
    size: int,
) -> None:
    """A retained message that is too large would be sent, and end the connection, for ever; and
    no picture is as large as the one before."""
    with (
        mosquitto(f"allow_anonymous true\nmax_packet_size {most}\n") as broker,
        Subscriber(broker.host, broker.port) as heard,
    ):
        publisher = publishers(broker, protocol=protocol)
        publisher.snapshot(bytes(size))
        until(lambda: "too many for the MQTT broker" in caplog.text)
        for change in range(-50, 51, 10):
            publisher.snapshot(bytes(size + change))
            publisher.frame(frame(), result(event(change)), 100.0)
            heard.wait("camd/desk/event", change // 10 + 6)
        publisher.snapshot(bytes(most // 2 - 100))
        heard.wait("camd/desk/snapshot")
    assert len(tries) == (4 if protocol == "3.1.1" else 1)
    assert "client id" not in caplog.text
    assert "no MQTT broker" not in caplog.text
    assert len([text for text in said(caplog) if "camd/desk/snapshot: " in text]) <= 2


def test_a_limit_is_put_to_the_proof_again_after_a_rival_was_there(
    publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have been the rival's doing that the connections broke."""
    learnt = "camd/desk/snapshot: the MQTT broker hangs up on"
    with mosquitto("allow_anonymous true\nmax_packet_size 20000\n") as broker:
        publisher = publishers(broker, client_id="twin")
        publisher.snapshot(bytes(30_000))
        until(lambda: caplog.text.count(learnt) == 1)
        until(lambda: tell(broker, "x", b"", client_id="twin") or caplog.text.count(learnt) == 2)
    assert "another client seems to use the client id twin" in caplog.text


def test_what_is_too_large_is_known_before_the_next_connection(
    publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    """A picture that is taken until then would be left out, and the old one stay."""
    with mosquitto("allow_anonymous true\nmax_packet_size 20000\n") as broker:

        class Leave(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if "the MQTT broker hangs up on" in record.getMessage():
                    broker.kill()

        leave = Leave()
        logging.getLogger("camd").addHandler(leave)
        try:
            publisher = publishers(broker, protocol="3.1.1")
            publisher.snapshot(bytes(30_000))
            until(lambda: "the MQTT broker hangs up on" in caplog.text)
        finally:
            logging.getLogger("camd").removeHandler(leave)
        assert publisher.snapshot_room < 30_000


@BOTH
@pytest.mark.parametrize("most", [500, 2_000])
def test_an_announcement_that_ends_every_connection_is_left_out(
    publishers: Publishers, caplog: pytest.LogCaptureFixture, tries: list[None], protocol: str,
    most: int,
) -> None:  # fmt: skip
    with (
        mosquitto(f"allow_anonymous true\nmax_packet_size {most}\n") as broker,
        Subscriber(broker.host, broker.port) as heard,
    ):
        publisher = publishers(broker, wait=False, protocol=protocol, discovery=True)
        publisher.snapshot(bytes(141_000))
        publisher.info(INFO | {"options": {"x": "x" * 600}})
        publisher.frame(frame(), result(event()), 100.0)
        heard.wait("camd/desk/event")
        until(lambda: publisher.stats().connected and not publisher.stats().queued)
        assert not heard.on("homeassistant/device/camd_desk/config")
        assert bool(heard.on("camd/desk/info")) == (most > 1_000)
    assert len(tries) <= 6
    assert "client id" not in caplog.text


def test_a_broker_that_says_how_much_it_takes_gets_so_much_and_no_more(
    publishers: Publishers,
) -> None:
    """To the byte: what is left out could have arrived otherwise, or would end the connection."""
    with (
        mosquitto("allow_anonymous true\nmax_packet_size 20000\n") as broker,
        proxy(broker) as between,
        Subscriber(broker.host, broker.port) as heard,
    ):
        publisher = publishers(between, protocol="5", prefix="ää")
        topic = "ää/desk/snapshot"
        expiry = 5
        beside = len(topic.encode()) + 1 + 3 + 2 + 1 + expiry
        for size in (20_001, 20_000, 19_999, 20_002, 20_000):
            publisher.snapshot(bytes(size - beside))
            until(lambda: not publisher.stats().queued)
        heard.wait(topic, 3)
        sizes = [len(item.payload) + beside for item in heard.on(topic)]
        assert sizes == [20_000, 19_999, 20_000]
        assert between.connections == 1


def test_a_broker_without_wildcards_is_not_asked_for_them(
    real: Mosquitto, publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    """MQTT 5, 3.2.2.3.11: it would hang up."""
    with proxy(real) as between:
        between.properties = b"\x28\0"
        publisher = publishers(between, protocol="5", requests=True, discovery=True)

        def asked() -> list[bytes]:
            return [head for head in between.heads if head[0] >> 4 == SUBSCRIBE]

        until(lambda: asked() and not publisher.stats().queued)
        heads = asked()
    assert not any(b"+" in head for head in heads)
    assert "camd/desk/request/+: the MQTT broker knows no wildcards" in caplog.text


def test_nobody_can_send_us_more_than_we_read(real: Mosquitto, publishers: Publishers) -> None:
    """MQTT 5 lets us say how large a message may be; the broker keeps the larger ones."""
    publisher = publishers(real, protocol="5", requests=True)
    until(lambda: publisher.stats().sent, "confirmed, so what was subscribed to before is, too")
    for payload in (bytes(70_000), b'{"transaction":1}', b" " * 60_000):
        tell(real, "camd/desk/request/status", payload, retain=False)
    asked: list[Request] = []
    until(lambda: asked.extend(publisher.requests()) or len(asked) == 2)
    assert [(request.transaction, request.error) for request in asked] == [
        (1, ""),
        (None, "more than 4096 bytes"),
    ]


@BOTH
@pytest.mark.parametrize("websockets", [False, True])
def test_a_broker_that_retains_nothing_is_told_all_the_same(
    publishers: Publishers,
    caplog: pytest.LogCaptureFixture,
    tries: list[None],
    protocol: str,
    websockets: bool,
) -> None:
    """It refuses the will, or hangs up on it without a word."""
    lines = "allow_anonymous true\n" + "protocol websockets\n" * websockets
    with mosquitto(f"{lines}retain_available false\n", plain=True) as broker:
        with Subscriber(broker.host, broker.plain_port) as heard:
            options = {"transport": "websockets" if websockets else "tcp", "protocol": protocol}
            publisher = publishers(broker, wait=False, **options)
            assert publisher.wait_connected(LONG)
            publisher.frame(frame(), result(event(), changed=True), 100.0)
            heard.wait("camd/desk/reading")
        with Subscriber(broker.host, broker.plain_port) as late:
            publisher.health(health())
            late.wait("camd/desk/reading")
            late.wait_payload("camd/desk/status", b"online")
            publisher.stop()
            late.wait_payload("camd/desk/status", b"offline")
        assert not any(item.retained for item in late.heard)
    assert len(tries) <= 4
    (warning,) = said(caplog, logging.WARNING)
    assert "mqtt.health_s" in warning


@BOTH
@pytest.mark.parametrize("kept", [True, False])
def test_a_broker_of_qos_0_only_is_told_all_the_same(
    publishers: Publishers,
    caplog: pytest.LogCaptureFixture,
    tries: list[None],
    protocol: str,
    kept: bool,
) -> None:
    lines = f"allow_anonymous true\nmax_qos 0\nretain_available {str(kept).lower()}\n"
    with mosquitto(lines) as broker, Subscriber(broker.host, broker.port) as heard:
        publisher = publishers(broker, wait=False, protocol=protocol)
        assert publisher.wait_connected(LONG)
        for number in range(50):
            publisher.frame(frame(), result(event(number), changed=True), 100.0)
        publisher.snapshot(bytes(100_000))
        heard.wait("camd/desk/snapshot")
        assert [item.json["track"] for item in heard.wait("camd/desk/event", 50)] == list(range(50))
        publisher.stop()
        heard.wait_payload("camd/desk/status", b"offline")
        assert publisher.stats().events_dropped == 0
        if kept:
            known = retained(broker.host, broker.port, "camd/desk/reading")
            assert known.json["lines"] == ["7"]
    assert len(tries) <= 6
    assert any("confirms no message" in text for text in said(caplog, logging.WARNING))
    assert "no MQTT broker" not in caplog.text


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
