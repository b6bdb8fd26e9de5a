"""A network and brokers that misbehave: no message is lost uncounted, and nothing hangs."""

import json
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from testing.broker import Mosquitto, Subscriber, until
from testing.proxy import proxy
from testing.scenes import IMPATIENT, Publishers, event, frame, result

EVENT = "camd/desk/event"
SERVER_KEEP_ALIVE = b"\x13"
"""MQTT 5, 3.2.2.3.14: two bytes of seconds follow."""


@pytest.mark.timeout(120)
def test_a_quiet_connection_stays_and_a_dead_one_is_noticed_whatever_keep_alive_the_broker_wants(
    real: Mosquitto, publishers: Publishers
) -> None:
    """MQTT 5: ours, one above it, and none at all. Dead is half open: nothing comes, and what goes
    is taken."""
    timing = replace(IMPATIENT, tick_s=0.1)
    with ExitStack() as stack:
        ways = []
        for number, wanted in enumerate(
            (b"", SERVER_KEEP_ALIVE + b"\0\x3c", SERVER_KEEP_ALIVE + b"\0\0")
        ):
            between = stack.enter_context(proxy(real))
            between.properties = wanted
            options = {"protocol": "5", "client_id": f"own-{number}", "prefix": f"own-{number}"}
            ways.append((between, publishers(between, timing=timing, keepalive_s=5, **options)))
        time.sleep(12)
        for between, publisher in ways:
            assert publisher.stats().connected
            assert between.connections == 1
            between.frozen = True
        while any(publisher.stats().connected for _, publisher in ways):
            for _, publisher in ways:
                publisher.frame(frame(), result(), time.monotonic())
            time.sleep(0.05)
        for between, publisher in ways:
            assert "silent" in publisher.stats().error
            between.frozen = False
            until(lambda: publisher.stats().connected, "connected again")  # noqa: B023


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


def test_a_network_that_breaks_again_and_again_sets_no_limit_to_the_size_of_messages(
    real: Mosquitto, publishers: Publishers
) -> None:
    """Where nothing at all is confirmed, what is larger is not sent again, so it is not blamed for
    what ends the connection."""
    with proxy(real) as between, Subscriber(real.host, real.port) as subscriber:
        publisher = publishers(between)
        until(lambda: publisher.stats().sent == 1, "online is confirmed")
        between.withhold_pubacks = True
        publisher.frame(frame(), result(changed=True), 100.0)
        subscriber.wait("camd/desk/reading")
        for _ in range(5):
            cut = between.cut()
            until(lambda: between.connections > cut and publisher.stats().connected)  # noqa: B023
            subscriber.wait("camd/desk/status", between.connections)
        assert len(subscriber.on("camd/desk/reading")) == 1
        between.withhold_pubacks = False
        between.cut()
        subscriber.wait("camd/desk/reading", 2)


STEPS = st.lists(
    st.integers(1, 25) | st.sampled_from(["cut", "withhold", "freeze", "mend", "slow", "wait"]),
    min_size=5,
    max_size=15,
)
"""So many events, or a fault of the network."""


@pytest.mark.timeout(300)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
@example(steps=[20, "withhold", 10, "wait", "cut", 15, "mend", 5])
@example(steps=["wait", 18, 38, "withhold", "cut", "wait", "freeze", 17, "slow"])
def test_whatever_happens_each_event_arrives_or_is_counted_and_none_is_both(
    real: Mosquitto, publishers: Publishers, steps: list[int | str]
) -> None:
    """Where the broker has an event and its confirmation is lost, the event is in doubt: it may not
    be dropped, and counted, for want of room."""
    with proxy(real) as between, Subscriber(real.host, real.port, EVENT) as subscriber:
        publisher = publishers(between, outbox_size=10)
        made = 0
        for step in steps:
            if isinstance(step, int):
                for _ in range(step):
                    publisher.frame(frame(), result(event(made)), 100.0)
                    made += 1
            elif step == "cut":
                between.cut()
            elif step == "wait":
                time.sleep(0.05)
            else:
                between.withhold_pubacks = step == "withhold"
                between.frozen = step == "freeze"
                between.pause_s = 0.005 if step == "slow" else 0.0
        between.frozen = between.withhold_pubacks = False
        between.pause_s = 0.0
        cut = between.cut()

        def settled() -> bool:
            arrived = {item.json["seq"] for item in subscriber.on(EVENT)}
            return len(arrived) + publisher.stats().events_dropped >= made

        until(settled)
        # What is in doubt when the publisher stops is counted, so it must have gone out anew.
        until(lambda: between.connections > cut)
        until(lambda: publisher.stats().connected and not publisher.stats().queued)
        publisher.stop()
        arrived = {item.json["seq"] for item in subscriber.on(EVENT)}
        assert len(arrived) + publisher.stats().events_dropped == made
