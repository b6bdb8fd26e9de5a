import asyncio
import logging
import socket
import subprocess
from collections.abc import Awaitable
from typing import Any

import pytest

from camd.errors import ConfigError, PublishError
from camd.mqtt.embedded import EmbeddedBroker
from testing.broker import LONG, Subscriber, find, free_port, retained
from tests.mqtt.scenes import INFO, Embedded, Publishers, event, frame, result


def test_a_taken_port_gives_the_next_that_is_free(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        asked = taken.getsockname()[1]
        broker = EmbeddedBroker(port=asked)
        host, port = broker.start()
        assert asked < port <= asked + 20
        with Subscriber(host, port):
            pass
        broker.stop()
    assert str(port) in caplog.text


def test_its_port_is_free_again_when_it_has_stopped() -> None:
    port = free_port()
    for _ in range(2):
        broker = EmbeddedBroker(port=port)
        assert broker.start() == ("127.0.0.1", port)
        with Subscriber("127.0.0.1", port):
            pass
        broker.stop()
    broker.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_stops_while_clients_are_connected() -> None:
    broker = EmbeddedBroker(port=free_port())
    host, port = broker.start()
    with Subscriber(host, port), socket.create_connection((host, port)):
        broker.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port))


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mqtt\.embedded_bind"):
        EmbeddedBroker("192.0.2.1").start()


def test_it_is_known_whether_it_runs() -> None:
    broker = EmbeddedBroker(port=free_port())
    assert not broker.alive
    broker.start()
    assert broker.alive
    broker.stop()
    assert not broker.alive


def test_no_free_port_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camd.mqtt.embedded.PORTS", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broker = EmbeddedBroker(port=taken.getsockname()[1])
        with pytest.raises(PublishError, match=r"mqtt\.port"):
            broker.start()


def test_is_reached_on_loopback_when_bound_to_all_addresses() -> None:
    broker = EmbeddedBroker("0.0.0.0", free_port())  # noqa: S104
    host, port = broker.start()
    with Subscriber(host, port):
        pass
    broker.stop()


def test_says_nothing_of_its_own(publishers: Publishers, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    broker = Embedded()
    with Subscriber(broker.host, broker.port) as subscriber:
        publisher = publishers(broker)
        publisher.frame(frame(), result(event(), changed=True), 100.0)
        subscriber.wait("camd/desk/reading")
        publisher.stop()
        broker.stop()
    assert not [record for record in caplog.records if not record.name.startswith("camd")]


def test_all_that_was_sent_is_passed_on_before_it_ends(publishers: Publishers) -> None:
    broker = Embedded()
    with Subscriber(broker.host, broker.port) as subscriber:
        publisher = publishers(broker)
        for number in range(500):
            publisher.frame(frame(), result(event(number)), 100.0)
        publisher.stop()
        broker.stop()
        subscriber.wait("camd/desk/event", 500)
        subscriber.wait_payload("camd/desk/status", b"offline")


CONNECT = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a"
PUBLISH = b"\x32\x06\x00\x01t\x00"  # QoS 1, topic t; then the packet id and one byte
DISCONNECT = b"\xe0\x00"


async def wait_for(awaitable: Awaitable[Any], timeout: float | None) -> Any:
    """asyncio.wait_for of Python 3.12, which does not yield where nothing is to be waited for."""
    async with asyncio.timeout(timeout):
        return await awaitable


def test_one_who_says_much_and_leaves_is_heard_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """amqtt acknowledges first and delivers later, and forgets the rest at a disconnect."""
    monkeypatch.setattr(asyncio, "wait_for", wait_for)
    broker = Embedded()
    words = [PUBLISH + bytes([number, 65]) for number in range(1, 201)]
    address = (broker.host, broker.port)
    with Subscriber(*address) as subscriber, socket.create_connection(address) as connection:
        connection.sendall(CONNECT + b"".join(words) + DISCONNECT)
        subscriber.wait("t", 200)
    broker.stop()


def test_a_farewell_reaches_those_who_come_later(publishers: Publishers) -> None:
    broker = Embedded()
    publisher = publishers(broker)
    for number in range(200):
        publisher.frame(frame(), result(event(number)), 100.0)
    publisher.stop()
    assert retained(broker.host, broker.port, "camd/desk/status").payload == b"offline"
    broker.stop()


def test_mosquitto_sub_understands_it(publishers: Publishers) -> None:
    broker = Embedded()
    publisher = publishers(broker)
    publisher.info(INFO)
    with Subscriber(broker.host, broker.port) as subscriber:
        subscriber.wait("camd/desk/info")
    command = [find("mosquitto_sub"), "-h", broker.host, "-p", str(broker.port)]
    told = subprocess.run(
        [*command, "-t", "camd/#", "-v", "-C", "2"], capture_output=True, timeout=LONG, check=True
    )
    info, status = sorted(told.stdout.splitlines())
    assert info.startswith(b'camd/desk/info {"boot":"9f3c",')
    assert status == b"camd/desk/status online"
    broker.stop()
