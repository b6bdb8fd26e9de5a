"""What subscribers see: one suite for a real mosquitto and for the embedded broker."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

import camd
from camd.mqtt import payloads
from camd.mqtt.requests import Request
from testing.broker import LONG, Mosquitto, Subscriber, retained, until
from testing.proxy import proxy
from testing.scenes import INFO, Embedded, Publishers, event, frame, health, result, tell
from tests.mqtt.failing import STATUS, Failing, connection

Broker = Mosquitto | Embedded
EVENT = "camd/desk/event"


def listen(broker: Broker) -> Subscriber:
    return Subscriber(broker.host, broker.port)


def test_says_online_first_and_offline_last(any_broker: Broker, publishers: Publishers) -> None:
    with listen(any_broker) as subscriber:
        publisher = publishers(any_broker)
        publisher.frame(frame(), result(changed=True), 100.0)
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        said = [item.payload for item in subscriber.on("camd/desk/status")]
        assert said == [b"online", b"offline"]
        assert subscriber.heard[0].payload == b"online"
        assert subscriber.heard[-1].payload == b"offline"
    assert retained(any_broker.host, any_broker.port, "camd/desk/status").payload == b"offline"


def test_every_frame_of_a_file_arrives_in_order(any_broker: Broker, publishers: Publishers) -> None:
    with listen(any_broker) as subscriber:
        publisher = publishers(any_broker, outbox_size=20)
        for number in range(1, 301):
            changed = result(event(number), changed=True, text=str(number))
            publisher.frame(frame(number), changed, 100.0, every_frame=True)
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        sequence = list(range(1, 301))
        assert [item.json["seq"] for item in subscriber.on("camd/desk/digits")] == sequence
        assert [item.json["track"] for item in subscriber.on("camd/desk/event")] == sequence
        assert [item.json["seq"] for item in subscriber.on("camd/desk/reading")] == sequence
        assert publisher.stats().dropped == 0


def test_a_camera_publishes_no_more_than_its_rate(
    any_broker: Broker, publishers: Publishers
) -> None:
    publisher = publishers(any_broker, max_rate=10)
    with listen(any_broker) as subscriber:
        for number in range(90):
            publisher.frame(frame(number), result(), 100 + number / 30)
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        arrived = [item.json["seq"] for item in subscriber.on("camd/desk/digits")]
        assert arrived == sorted(set(arrived))
        assert len(arrived) + publisher.stats().dropped == 30


def test_a_frame_read_too_late_says_nothing_but_what_has_changed(
    any_broker: Broker, publishers: Publishers
) -> None:
    with listen(any_broker) as client:
        publisher = publishers(any_broker, max_rate=1000)
        publisher.frame(frame(1), result(event(), changed=True), 100.6)  # half a second is the most
        client.wait("camd/desk/event")
        client.wait("camd/desk/reading")
        until(lambda: publisher.stats().dropped == 1, "dropped")
        publisher.frame(frame(2, clock=100.3), result(), 100.7)
        assert client.wait("camd/desk/digits")[0].json["age_ms"] == 400
        assert len(client.on("camd/desk/digits")) == 1


def test_messages_are_the_contracts(any_broker: Broker, publishers: Publishers) -> None:
    with listen(any_broker) as subscriber:
        publisher = publishers(any_broker)
        scene = result(event(), changed=True)
        publisher.frame(frame(), scene, 100.0182)
        digits = subscriber.wait("camd/desk/digits")[0].json
        assert digits == payloads.digits(
            camera="desk",
            boot="9f3c",
            seq=1,
            frame=frame(),
            result=scene,
            model_id="a1b2c3d4",
            age_ms=18.2,
        )
        assert subscriber.wait("camd/desk/event")[0].json == payloads.event(
            camera="desk", boot="9f3c", seq=1, at=frame().at, value=event(), dropped=0
        )
        assert subscriber.wait("camd/desk/reading")[0].json == payloads.reading(
            camera="desk", boot="9f3c", seq=1, at=frame().at, value=scene.reading, dropped=0
        )


def test_state_is_kept_for_newcomers_and_moments_are_not(
    any_broker: Broker, publishers: Publishers
) -> None:
    publisher = publishers(any_broker)
    jpeg = bytes(range(256)) * 1000
    with listen(any_broker) as subscriber:
        publisher.frame(frame(), result(event(), changed=True), 100.0)
        publisher.info(INFO)
        publisher.health(health())
        publisher.snapshot(jpeg)
        for topic in ("digits", "event", "reading", "info", "health", "snapshot"):
            subscriber.wait(f"camd/desk/{topic}")
    with listen(any_broker) as newcomer:
        assert newcomer.wait("camd/desk/snapshot")[0].payload == jpeg
        for topic in ("status", "reading", "info", "health"):
            newcomer.wait(f"camd/desk/{topic}")
        assert all(item.retained for item in newcomer.heard)
        assert not newcomer.on("camd/desk/digits") + newcomer.on("camd/desk/event")


def test_reading_is_sent_at_first_and_then_when_it_changes(
    any_broker: Broker, publishers: Publishers
) -> None:
    """The first one replaces what an earlier run has left on the broker."""
    with listen(any_broker) as subscriber:
        publisher = publishers(any_broker)
        for number, changed in enumerate((False, False, True, False, True)):
            publisher.frame(frame(), result(changed=changed, text=str(number)), 100.0)
            until(lambda: publisher.stats().queued == 0)
        publisher.absent(result(changed=True, text="gone"), 1_800_000_000.0)
        readings = subscriber.wait("camd/desk/reading", 4)
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        assert [item.json["text"] for item in readings] == ["0", "2", "4", "gone"]
        assert [item.json["seq"] for item in readings] == [1, 2, 3, 4]
        assert len(subscriber.on("camd/desk/reading")) == 4


def test_an_answer_that_waits_at_the_stop_still_goes_out(
    any_broker: Broker, publishers: Publishers
) -> None:
    with listen(any_broker) as subscriber:
        publisher = publishers(any_broker)
        publisher.respond(Request("reload", transaction=7))
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        (answer,) = subscriber.on("camd/desk/response/reload")
        assert answer.json == {"status": "ok", "data": {}, "transaction": 7}


def test_an_answer_put_while_it_stops_still_goes_out_and_a_late_will_is_contradicted_no_more(
    real: Mosquitto, publishers: Publishers
) -> None:
    """Who stops will be offline in a moment: online would be wrong."""
    with proxy(real) as between, listen(real) as subscriber:
        publisher = publishers(between, requests=True)
        until(lambda: publisher.stats().sent)
        between.withhold_pubacks = True
        publisher.frame(frame(), result(event()), 100.0)  # for which the farewell waits
        stopping = threading.Thread(target=publisher.stop, args=(4,))
        stopping.start()
        subscriber.wait(EVENT)
        tell(real, "camd/desk/status", b"offline")
        tell(real, "camd/desk/request/status", b"", retain=False)
        asked: list[Request] = []
        until(lambda: asked.extend(publisher.requests()) or asked)  # and so the will was heard
        publisher.respond(asked[0])
        subscriber.wait("camd/desk/response/status")
        stopping.join()
        subscriber.wait("camd/desk/status", 4)
        said = [item.payload for item in subscriber.on("camd/desk/status")]
    assert said == [b"online", b"offline", b"offline", b"offline"], "its farewell is not confirmed"


KILLED = """
import sys, time
from camd.mqtt.publisher import Publisher
from camd.config.settings import Settings
settings = Settings(name="desk", mqtt={"host": sys.argv[1], "port": int(sys.argv[2])})
publisher = Publisher(settings, boot="9f3c", model_id="a1b2c3d4")
publisher.start()
time.sleep(600)
"""


def test_a_killed_process_is_offline_by_its_will(any_broker: Broker) -> None:
    with listen(any_broker) as subscriber:
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, any_broker.host, str(any_broker.port)],
            cwd=Path(camd.__file__).parents[1],
        )
        subscriber.wait_payload("camd/desk/status", b"online")
        process.send_signal(signal.SIGKILL)
        process.wait()
        subscriber.wait_payload("camd/desk/status", b"offline")
    assert retained(any_broker.host, any_broker.port, "camd/desk/status").payload == b"offline"


def test_a_broker_that_forgot_is_told_again(any_broker: Broker, publishers: Publishers) -> None:
    publisher = publishers(any_broker)
    publisher.frame(frame(), result(changed=True), 100.0)
    publisher.info(INFO)
    publisher.health(health())
    publisher.snapshot(b"jpeg")
    until(lambda: publisher.stats().sent == 6, "all is sent")
    any_broker.stop()
    any_broker.start()
    until(lambda: publisher.stats().sent == 11, "all but the digits is sent again")
    for topic in ("status", "reading", "info", "health", "snapshot"):
        assert retained(any_broker.host, any_broker.port, f"camd/desk/{topic}").payload


def test_events_that_find_no_room_are_counted_in_the_next_reading(
    any_broker: Broker, publishers: Publishers
) -> None:
    publisher = publishers(any_broker, start=False, outbox_size=10)
    for number in range(1, 26):
        publisher.frame(frame(), result(event(number)), 100.0)
    assert publisher.stats().events_dropped == 15
    publisher.frame(frame(), result(changed=True), 100.0)
    with listen(any_broker) as subscriber:
        publisher.start()
        assert subscriber.wait("camd/desk/reading")[0].json["dropped"] == 15
        arrived = [item.json["track"] for item in subscriber.wait("camd/desk/event", 10)]
        assert arrived == list(range(16, 26))
        told = [(item.json["seq"], item.json["dropped"]) for item in subscriber.on(EVENT)]
        assert told == [(number, number - 10) for number in range(16, 26)]
        publisher.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        assert len(subscriber.on("camd/desk/event")) == 10


def test_a_broker_that_comes_late_is_told_all(any_broker: Broker, publishers: Publishers) -> None:
    any_broker.stop()
    publisher = publishers(any_broker, wait=False)
    assert not publisher.wait_connected(30)
    publisher.frame(frame(), result(event(), changed=True), 100.0)
    any_broker.start()
    until(lambda: publisher.stats().sent == 3, "status, reading and event are sent")
    assert retained(any_broker.host, any_broker.port, "camd/desk/status").payload == b"online"
    assert publisher.stats().dropped == 1  # the digits


def test_a_session_that_fails_is_cut_and_not_left_open(any_broker: Broker) -> None:
    """Left open, its will would say offline at any time later, over the online of the next."""
    with listen(any_broker) as subscriber:
        made = connection(any_broker, Failing("take"))
        made.start()
        subscriber.wait_payload(STATUS, b"online")
        said = [item.payload for item in subscriber.on(STATUS)]
        made.stop(LONG)
    assert said == [b"offline", b"online"]


def lives(broker: Mosquitto, topic: str) -> int | None:
    """Return for how many seconds the broker keeps what it has retained there; None: for ever."""
    heard = threading.Event()
    left: list[int | None] = []

    def hear(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        left.append(getattr(message.properties, "MessageExpiryInterval", None))
        heard.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda *_: client.subscribe(topic, 1)
    client.on_message = hear
    client.connect(broker.host, broker.port)
    client.loop_start()
    assert heard.wait(LONG)
    client.disconnect()
    client.loop_stop()
    return left[0]


@pytest.mark.parametrize(("protocol", "expire_s"), [("5", 100), ("5", 0), ("3.1.1", 100)])
def test_readings_that_nobody_renews_expire_where_the_protocol_lets_them(
    real: Mosquitto, publishers: Publishers, protocol: str, expire_s: int
) -> None:
    publisher = publishers(real, protocol=protocol, expire_s=expire_s, health_s=1)
    publisher.frame(frame(), result(), 100.0)
    publisher.health(health())
    publisher.info(INFO)
    until(lambda: publisher.stats().queued == 0)
    expires = protocol == "5" and expire_s
    for name in ("reading", "health"):
        left = lives(real, f"camd/desk/{name}")
        assert (left is not None and 0 < left <= expire_s) if expires else left is None
    for name in ("status", "info"):
        assert lives(real, f"camd/desk/{name}") is None


def test_readings_are_renewed_long_before_they_expire(
    real: Mosquitto, publishers: Publishers
) -> None:
    with listen(real) as heard:
        publisher = publishers(real, protocol="5", expire_s=1, health_s=1)
        publisher.frame(frame(), result(), 100.0)
        heard.wait("camd/desk/reading")

        def again() -> bool:
            publisher.health(health())
            return len(heard.on("camd/desk/reading")) > 1

        until(again)
        first, second = heard.on("camd/desk/reading")[:2]
        assert first.payload == second.payload
        assert len(heard.on("camd/desk/status")) == 1
