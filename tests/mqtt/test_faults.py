"""A network and brokers that misbehave: no message is lost uncounted, and nothing hangs."""

import json
import time

import pytest

from testing.broker import Mosquitto, Subscriber, until
from testing.proxy import proxy
from tests.mqtt.scenes import Publishers, event, frame, result

pytestmark = pytest.mark.usefixtures("impatient")


def test_a_half_open_connection_is_noticed(
    real: Mosquitto, publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camd.mqtt.session.TICK_S", 0.1)
    with proxy(real) as between:
        publisher = publishers(between, keepalive_s=5)
        between.frozen = True
        while publisher.stats().connected:  # though it goes on saying something
            publisher.frame(frame(), result(), time.monotonic())
            time.sleep(0.05)
        assert "silent" in publisher.stats().error
        between.frozen = False
        until(lambda: publisher.stats().connected, "connected again")


def test_a_quiet_connection_that_works_stays(
    real: Mosquitto, publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camd.mqtt.session.TICK_S", 0.1)
    with proxy(real) as between:
        publisher = publishers(between, keepalive_s=5)
        time.sleep(12)
        assert publisher.stats().connected
        assert between.connections == 1


def test_withheld_acknowledgements_hold_back_events_and_nothing_else(
    real: Mosquitto, publishers: Publishers
) -> None:
    with proxy(real) as between, Subscriber(real.host, real.port) as subscriber:
        publisher = publishers(between, outbox_size=30, max_rate=1000)
        until(lambda: publisher.stats().sent == 1, "online is confirmed")
        between.withhold_pubacks = True
        for number in range(60):
            publisher.frame(frame(), result(event(number)), 100.0 + number)
        subscriber.wait("camd/desk/event", 19)
        publisher.snapshot(b"jpeg")
        subscriber.wait("camd/desk/snapshot")
        assert publisher.stats().events_dropped == 30
        publisher.stop(1.5)
        assert publisher.stats().events_dropped == 60, "never acknowledged: counted as lost"


def test_a_slow_network_delays_and_loses_no_event(real: Mosquitto, publishers: Publishers) -> None:
    with proxy(real) as between, Subscriber(real.host, real.port) as subscriber:
        between.pause_s = 0.01
        publisher = publishers(between, max_rate=1000)
        for number in range(200):
            publisher.frame(frame(), result(event(number)), 100.0 + number)
        tracks = [item.json["track"] for item in subscriber.wait("camd/desk/event", 200)]
        assert tracks == list(range(200))


def test_twenty_kills_under_load_lose_nothing_uncounted(
    real: Mosquitto, publishers: Publishers
) -> None:
    """What the broker has confirmed, and what was counted as dropped, is what was sent, by seq."""
    with proxy(real) as between:
        publisher = publishers(between, outbox_size=50)
        sent = 0
        for _ in range(20):
            until(lambda: publisher.stats().connected, "connected")
            confirmed = len(between.acknowledged)
            for number in range(70):
                publisher.frame(frame(), result(event(sent)), 100.0)
                sent += 1
                if number == 20:
                    until(lambda: len(between.acknowledged) > confirmed + 5, "under way")  # noqa: B023
                elif number == 30:
                    real.kill()
            real.start()
        until(lambda: publisher.stats().queued == 0, "all sent")
        publisher.stop()
        messages = [json.loads(item) for item in between.acknowledged if b'"track":' in item]
    received = {item["seq"] for item in messages if "type" in item}
    dropped = publisher.stats().events_dropped
    assert 0 < dropped < sent
    assert len(received) + dropped == sent
    assert max(item["dropped"] for item in messages) == dropped
