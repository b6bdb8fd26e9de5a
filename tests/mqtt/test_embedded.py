import asyncio
import logging
import socket
import struct
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from camd.config.settings import MqttSettings
from camd.errors import ConfigError, PublishError
from camd.mqtt.embedded import EmbeddedBroker
from testing.broker import LONG, Subscriber, find, free_port, retained, until
from testing.scenes import INFO, Embedded, Publishers, event, frame, result


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


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("localhost", "127.0.0.1"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("0.0.0.0", "0.0.0.0"),  # noqa: S104
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_an_address_may_be_written_in_several_ways(written: str, meant: str) -> None:
    assert MqttSettings(embedded_bind=written).embedded_bind == meant


@pytest.mark.parametrize(
    "written",
    [
        "", " ", " 127.0.0.1", "127.0.0.1 ", "*", "0", "1883", ":1883", "127.1", "0x7f000001",
        "2130706433", "127.0.0.1:1883", "[::1]:1883", "[::1", "::1]", "[127.0.0.1]", "[]",
        "localhost:1883", "Localhost.", "broker.lan", "mqtt://127.0.0.1", "127.0.0.1/8", "::/0",
        "224.0.0.1", "ff02::1", "255.255.255.255", "127.0.0.1\0", "127.0.0.1\n", "١٢٧.0.0.1",
    ],
)  # fmt: skip
def test_what_could_listen_for_everybody_unasked_is_refused(written: str) -> None:
    """Nothing at all stood for all addresses, without a login."""
    with pytest.raises(ValidationError, match=r"127\.0\.0\.1: only this machine"):
        MqttSettings(embedded_bind=written)


def test_an_address_of_the_newer_kind(publishers: Publishers) -> None:
    broker = EmbeddedBroker("::1", free_port())
    host, port = broker.start()
    with Subscriber(host, port):
        pass
    broker.stop()


def test_it_is_known_whether_it_runs() -> None:
    broker = EmbeddedBroker(port=free_port())
    assert not broker.alive
    broker.start()
    assert broker.alive
    broker.stop()
    assert not broker.alive


def test_no_free_port_is_an_error_that_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        broker = EmbeddedBroker(port=taken.getsockname()[1], ports=0)
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


def connect(name: bytes, *, keepalive: int = 60) -> bytes:
    """A CONNECT with a will."""
    variable = b"\0\x04MQTT\x04\x06" + struct.pack("!H", keepalive)
    texts = (name, b"will", b"gone")
    payload = b"".join(struct.pack("!H", len(text)) + text for text in texts)
    return bytes([0x10, len(variable + payload)]) + variable + payload


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[Embedded]:
    embedded = Embedded(**getattr(request, "param", {}))
    yield embedded
    embedded.stop()


@pytest.fixture
def visit(broker: Embedded) -> Callable[[], socket.socket]:
    def made() -> socket.socket:
        return socket.create_connection((broker.host, broker.port), timeout=LONG)

    return made


REQUEST = b"GET / HTTP/1.1\r\nHost: camd\r\n\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x10",
        connect(b"half")[:12],
        connect(b"other").replace(b"MQTT\x04", b"MQTT\x05"),
        connect(b"other").replace(b"MQTT", b"MQXX"),
        connect(b"reserved").replace(b"\x04\x06", b"\x04\x07"),
        REQUEST,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        DISCONNECT,
        bytes(100),
        b"\xff" * 100,
    ],
)
@pytest.mark.parametrize("leaving", ["in order", "reset"])
def test_who_leaves_before_a_session_costs_nothing(
    visit: Callable[[], socket.socket], said: bytes, leaving: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A port check, a browser, a client that speaks something else: each cost a descriptor."""
    before = descriptors()
    for _ in range(20):
        with visit() as sock:
            sock.sendall(said)
            if leaving == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: descriptors() <= before, "all closed")
    assert not caplog.records, "it is nobody's fault"


@pytest.mark.parametrize("broker", [{"connect_s": 0.3}], indirect=True)
@pytest.mark.parametrize("said", [b"", b"\x10", connect(b"half")[:12]])
def test_who_stays_and_says_too_little_is_shown_out(
    visit: Callable[[], socket.socket], said: bytes
) -> None:
    with visit() as sock:
        sock.sendall(said)
        assert sock.recv(1) == b""


@pytest.mark.parametrize("broker", [{"connect_s": 0.5}], indirect=True)
def test_one_byte_now_and_then_is_too_little(visit: Callable[[], socket.socket]) -> None:
    with visit() as sock:
        sock.sendall(connect(b"slow")[:2])
        sock.settimeout(0.05)
        said = None
        while said is None:
            with suppress(TimeoutError):
                said = sock.recv(1)
            with suppress(OSError):
                sock.sendall(b"\0")
        assert said == b""


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x30",  # a packet is begun
        b"\x30\x20\x00\x01",
        b"\x30\x06\x00\x03a/#x",  # no topic
        b"\x30\x03\x00\x00x",
        b"\x30\x06\x00\x03$aax",
        connect(b"again"),
        b"\xf0\x00",
        b"\x30\xff\xff\xff\xff\xff",
        b"\x82\x02\x00\x01",  # subscribes to nothing
        b"\x62\x02\x00\x07",  # and confirms what was never sent
    ],
)
def test_whose_session_goes_wrong_is_closed_and_has_its_will_sent(
    broker: Embedded, visit: Callable[[], socket.socket], said: bytes
) -> None:
    """The keep-alive ends it, where nothing else does."""
    with Subscriber(broker.host, broker.port, "will") as heard, visit() as sock:
        sock.sendall(connect(b"wrong", keepalive=1))
        assert sock.recv(4) == b"\x20\x02\x00\x00"
        sock.sendall(said)
        while sock.recv(100):
            pass
        heard.wait_payload("will", b"gone")


def test_who_gives_signs_of_life_stays(visit: Callable[[], socket.socket]) -> None:
    with visit() as sock:
        sock.sendall(connect(b"alive", keepalive=2))
        assert sock.recv(4) == b"\x20\x02\x00\x00"
        for _ in range(10):
            time.sleep(0.5)
            sock.sendall(b"\xc0\x00")
            assert sock.recv(2) == b"\xd0\x00"


def test_a_large_message_may_take_longer_than_the_keep_alive(
    broker: Embedded, visit: Callable[[], socket.socket]
) -> None:
    with Subscriber(broker.host, broker.port, "t") as heard, visit() as sock:
        sock.sendall(connect(b"slow", keepalive=1))
        sock.sendall(b"\x30\x0b\x00\x01t")
        for byte in b"12345678":
            time.sleep(0.5)
            sock.sendall(bytes([byte]))
        heard.wait_payload("t", b"12345678")


@pytest.mark.parametrize("broker", [{"ending_s": 0.2}], indirect=True)
def test_who_takes_nothing_is_cut_off(visit: Callable[[], socket.socket]) -> None:
    """A half-open connection: what is left for it would be kept, and it, for ever."""
    before = descriptors()
    deaf = visit()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(connect(b"deaf", keepalive=1) + b"\x82\x06\x00\x01\x00\x01t\x00")
    with visit() as sock:
        sock.sendall(connect(b"loud"))
        for _ in range(20):
            sock.sendall(b"\x30\x83\x80\x40\x00\x01t" + bytes(1 << 20))
        until(lambda: descriptors() <= before + 3, "only the loud one, from both sides")
        sock.sendall(b"\xc0\x00")
    deaf.close()


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5), st.booleans())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_is_said_costs_a_descriptor_or_the_broker(
    visit: Callable[[], socket.socket], parts: list[bytes], greeted: bool
) -> None:
    before = descriptors()
    with visit() as sock, suppress(OSError):
        if greeted:
            sock.sendall(connect(b"noise", keepalive=1))
        for part in parts:
            sock.sendall(part)
    until(lambda: descriptors() <= before, "closed")
    with visit() as sock:
        sock.sendall(connect(b"after") + DISCONNECT)
        assert sock.recv(4) == b"\x20\x02\x00\x00"
