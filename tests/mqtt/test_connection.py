"""Brokers that are absent, die, refuse, stall or are none at all; on a real mosquitto."""

import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from camd.config.settings import MqttSettings
from camd.mqtt.outbox import Message
from camd.mqtt.publisher import Publisher
from camd.mqtt.requests import Hearing
from camd.mqtt.timing import Timing
from testing.broker import LONG, Mosquitto, Subscriber, free_port, mosquitto, password_file, until
from testing.recorded import Recorded
from testing.scenes import IMPATIENT, Publishers, event, frame, result, tell
from tests.mqtt.failing import HEARD, Failing, connection

SECRET = "correct horse battery"


def absent() -> Any:
    return SimpleNamespace(host="127.0.0.1", port=free_port())


def said(caplog: pytest.LogCaptureFixture, *levels: int) -> list[str]:
    wanted = levels or (logging.INFO, logging.WARNING, logging.ERROR)
    return [record.getMessage() for record in caplog.records if record.levelno in wanted]


@contextmanager
def peer(answer: bytes, *, hang_up: bool = False) -> Iterator[Any]:
    """Yield the address of something that takes connections, says `answer`, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    held.append(connection)
                    with suppress(ConnectionError):
                        connection.recv(4096)  # who answers before the question breaks the protocol
                        connection.sendall(answer)
                        if hang_up:
                            connection.shutdown(socket.SHUT_WR)
                            while connection.recv(4096):  # unread, it would undo the answer
                                pass
                            connection.close()
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield SimpleNamespace(host="127.0.0.1", port=server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


def test_an_absent_broker_is_reported_once(
    publishers: Publishers, tries: list[None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    nobody = absent()
    publisher = publishers(nobody, wait=False)
    until(lambda: len(tries) >= 4, "four tries")
    (warning,) = said(caplog)
    assert f"127.0.0.1:{nobody.port}" in warning
    assert "--broker" in warning
    assert publisher.stats().state == "no broker"
    assert publisher.stats().error == "Connection refused"
    publisher.stop()
    assert publisher.stats().state == "stopped"


def test_coming_and_going_is_reported_each_time(
    real: Mosquitto, publishers: Publishers, caplog: pytest.LogCaptureFixture, tries: list[None]
) -> None:
    caplog.set_level(logging.INFO)
    publisher = publishers(real)
    real.kill()
    before = len(tries)
    until(lambda: len(tries) >= before + 3, "three tries")
    real.start()
    until(lambda: publisher.stats().connected, "connected again")
    kinds = [message.split(" the ")[0] for message in said(caplog)]
    assert kinds == ["connected to", "lost", "connected to"]


ACCEPTED = b"\x20\x02\x00\x00"
UNAUTHORIZED = b"\x20\x02\x00\x05"


@pytest.mark.parametrize(
    ("answer", "hang_up", "options", "named"),
    [
        (b"", True, {}, "mqtt.tls"),
        (b"", True, {"protocol": "5"}, "mqtt.protocol"),
        (b"", False, {}, "mqtt.port"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20, True, {}, "mqtt.port"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True, {"transport": "websockets"}, "websocket_path"),
        (b"", True, {"transport": "websockets"}, "websocket_path"),
        (b"not TLS", True, {"tls": True}, "mqtt.tls"),
        (b"", True, {"tls": True}, "mqtt.tls"),
        (b"", False, {"tls": True}, "mqtt.tls"),
        (ACCEPTED, True, {}, "camd/desk/status"),
    ],
)
def test_who_answers_is_not_called_absent(
    publishers: Publishers,
    tries: list[None],
    caplog: pytest.LogCaptureFixture,
    answer: bytes,
    hang_up: bool,
    options: dict[str, object],
    named: str,
) -> None:
    caplog.set_level(logging.INFO)
    timing = IMPATIENT if hang_up else replace(IMPATIENT, answer_s=0.2, reach_s=0.2)
    with peer(answer, hang_up=hang_up) as somebody:
        publisher = publishers(somebody, wait=False, timing=timing, **options)
        until(lambda: any(named in text for text in said(caplog)))
        count = len(tries)
        until(lambda: len(tries) >= count + 4)
        assert publisher.stats().alive
        publisher.stop()
    assert not any("no MQTT broker" in text or "client id" in text for text in said(caplog))
    kinds = {text.partition(" (")[0] for text in said(caplog)}
    assert len(kinds) == len(said(caplog)) or answer == ACCEPTED, "each is said once"


@pytest.fixture
def backoff() -> Recorded:
    return Recorded(1.0, 30.0)


def test_what_only_a_person_can_mend_is_tried_again_slowly(
    publishers: Publishers, backoff: Recorded
) -> None:
    with peer(UNAUTHORIZED) as refusing:
        publisher = publishers(refusing, wait=False, backoff=backoff)
        until(lambda: len(backoff.waits) >= 3)
        assert publisher.stats().state == "refused"
        assert min(backoff.waits) >= 15


def test_a_rival_for_the_client_id_is_met_slowly(publishers: Publishers, backoff: Recorded) -> None:
    """Each throws the other out at once: fast, they would do nothing else."""
    with peer(b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8e\x00") as shared:
        publisher = publishers(shared, wait=False, protocol="5", backoff=backoff)
        until(lambda: publisher.stats().state == "taken over")
        until(lambda: len(backoff.waits) >= 3)
        assert min(backoff.waits) >= 15


def test_an_absent_broker_is_looked_for_less_and_less_often(
    publishers: Publishers, backoff: Recorded
) -> None:
    publishers(absent(), wait=False, backoff=backoff)
    until(lambda: len(backoff.waits) >= 8)
    for wait, most in zip(backoff.waits, (1, 2, 4, 8, 16, 30, 30, 30), strict=False):
        assert most / 2 <= wait <= most


def test_a_broker_that_takes_us_and_hangs_up_gets_no_fast_tries(
    publishers: Publishers, backoff: Recorded
) -> None:
    with peer(ACCEPTED, hang_up=True) as flapping:
        publishers(flapping, wait=False, backoff=backoff)
        until(lambda: len(backoff.waits) >= 5)
        for wait, least in zip(backoff.waits, (0.5, 1, 2, 4, 8), strict=False):
            assert wait >= least


def test_after_a_good_connection_the_next_is_tried_soon(
    real: Mosquitto,
    publishers: Publishers,
    backoff: Recorded,
) -> None:
    publisher = publishers(real, timing=Timing(short_s=0.0), backoff=backoff)  # each is good enough
    for _ in range(2):
        before = len(backoff.waits)
        real.kill()
        until(lambda: len(backoff.waits) >= before + 5)  # noqa: B023
        assert backoff.waits[before] <= 1
        assert backoff.waits[before + 4] >= 8
        real.start()
        until(lambda: publisher.stats().connected)


def test_a_name_that_does_not_exist_is_survived(publishers: Publishers) -> None:
    nowhere: Any = SimpleNamespace(host="broker.invalid", port=1883)
    publisher = publishers(nowhere, wait=False)
    until(lambda: publisher.stats().state == "no broker", "given up")
    assert publisher.stats().alive
    assert publisher.stats().failures == 0


@pytest.mark.parametrize("method", ["opened", "take", "left", "hear"])
def test_a_callback_that_raises_costs_one_connection(
    real: Mosquitto, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    outbox = Failing(method)
    made = connection(real, outbox)
    made.start()
    if method == "hear":
        assert made.wait_connected(LONG)
        until(lambda: outbox.failed or tell(real, HEARD, b"", retain=False))
    until(lambda: outbox.failed and made.failures and made.state == "connected")
    with Subscriber(real.host, real.port) as subscriber:
        with made.outbox() as lent:
            lent.put(Message("camd/desk/else", b"after it", qos=1))
        subscriber.wait("camd/desk/else")
    assert made.failures == 1
    assert made.alive()
    assert any("planted" in str(record.exc_info) for record in caplog.records)
    made.stop(LONG)


def test_an_answer_to_what_was_never_asked_costs_one_connection(
    publishers: Publishers, tries: list[None]
) -> None:
    with peer(ACCEPTED + b"\x90\x03\x12\x34\x00") as confused:
        publisher = publishers(confused, wait=False)
        until(lambda: len(tries) >= 3)
        assert publisher.stats().alive


def test_a_request_that_breaks_the_hearing_costs_one_connection(
    real: Mosquitto, publishers: Publishers, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = Hearing.hear

    def raise_on_bomb(hearing: Hearing, command: str, *args: Any, **more: Any) -> Any:
        if command == "bomb":
            raise RuntimeError("planted")
        return hear(hearing, command, *args, **more)

    monkeypatch.setattr(Hearing, "hear", raise_on_bomb)
    publisher = publishers(real, requests=True)
    with Subscriber(real.host, real.port) as subscriber:
        subscriber.publish("camd/desk/request/bomb", qos=1)
        until(lambda: publisher.stats().failures == 1, "it broke")
        until(lambda: publisher.stats().connected, "connected again")

        def heard() -> bool:
            subscriber.publish("camd/desk/request/status", qos=1)
            return bool(publisher.requests())

        until(heard, "a request is heard")
    assert publisher.stats().alive


@pytest.mark.parametrize("user", ["camd", "somebody"])
def test_a_refused_login_is_reported_once_and_without_the_password(
    publishers: Publishers,
    tries: list[None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    user: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    users = password_file(tmp_path / "users", "camd", "another password")
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    with mosquitto(f"allow_anonymous false\npassword_file {users}\n") as broker:
        publisher = publishers(broker, wait=False, username=user, password_file=secret)
        assert not publisher.wait_connected(30)
        until(lambda: len(tries) >= 3, "three tries")
        stats = publisher.stats()
        publisher.stop()
    (warning,) = said(caplog)
    assert "mqtt.password_file" in warning
    assert stats.state == "refused"
    assert SECRET not in caplog.text + repr(stats) + repr(vars(publisher))


def test_the_right_password_connects(publishers: Publishers, tmp_path: Path) -> None:
    users = password_file(tmp_path / "users", "camd", SECRET)
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    with mosquitto(f"allow_anonymous false\npassword_file {users}\n") as broker:
        publisher = publishers(broker, username="camd", password_file=secret)
        assert publisher.wait_connected(0)


def test_a_peer_that_never_answers_is_given_up(publishers: Publishers) -> None:
    with peer(b"") as silent:
        publisher = publishers(silent, wait=False, timing=replace(IMPATIENT, answer_s=0.1))
        assert not publisher.wait_connected(30)
        assert "does not answer" in publisher.stats().error


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20,
        b"\x20\x00",
        b"\x20\x02\x00",
        b"\x00" * 64,
        b"\xff" * 64,
    ],
)
def test_a_peer_that_speaks_something_else_is_survived(
    publishers: Publishers, tries: list[None], answer: bytes
) -> None:
    with peer(answer) as foreign:
        publisher = publishers(foreign, wait=False, timing=replace(IMPATIENT, answer_s=0.2))
        until(lambda: len(tries) >= 3, "three tries")
        assert publisher.stats().alive
        assert not publisher.stats().connected


def test_stop_returns_whatever_the_broker_does(real: Mosquitto, publishers: Publishers) -> None:
    with peer(b"") as silent:
        publisher = publishers(silent, wait=False)
        publisher.stop(0.3)
    publisher = publishers(absent(), wait=False)
    publisher.wait_connected(30)
    publisher.stop(600)
    publisher = publishers(real)
    real.signal(signal.SIGSTOP)
    publisher.frame(frame(), result(event()), 100.0)
    publisher.stop(0.3)
    assert publisher.stats().events_dropped == 1


def test_stop_before_start_and_stop_twice_are_harmless(
    real: Mosquitto, publishers: Publishers
) -> None:
    publishers(real, start=False).stop()
    publisher = publishers(real)
    publisher.stop()
    publisher.stop()
    publisher.frame(frame(), result(), 100.0)


def fill(publisher: Publisher, real: Mosquitto) -> None:
    """Stop the broker and leave more in the socket than the kernel buffers."""
    real.signal(signal.SIGSTOP)
    publisher.snapshot(bytes(32_000_000))
    until(lambda: publisher.stats().queued == 0, "handed over")


def test_nothing_piles_up_behind_a_broker_that_stalls(
    real: Mosquitto, publishers: Publishers
) -> None:
    with Subscriber(real.host, real.port, "camd/desk/digits") as subscriber:
        publisher = publishers(real, outbox_size=10, max_rate=1000)
        fill(publisher, real)
        for number in range(50):
            publisher.frame(frame(), result(event(), changed=True), 100.0 + number)
            publisher.snapshot(bytes(1_000_000))
        stats = publisher.stats()
        assert stats.queued == 1 + 10 + 1 + 1  # digits, events, reading, snapshot
        assert stats.events_dropped == 40
        real.signal(signal.SIGCONT)
        until(lambda: publisher.stats().queued == 0, "the broker takes it")
        assert publisher.stats().dropped == 40 + 50, "the newest frame has grown old by then"
        publisher.frame(frame(clock=200.0), result(), 200.0)
        (newest,) = subscriber.wait("camd/desk/digits")
        assert newest.json["seq"] == 51


def test_a_file_waits_once_for_a_broker_that_stalls(
    real: Mosquitto, publishers: Publishers
) -> None:
    with Subscriber(real.host, real.port, "camd/desk/digits") as subscriber:
        publisher = publishers(real, timing=replace(IMPATIENT, patience_s=0.2))
        fill(publisher, real)
        for _ in range(20):
            publisher.frame(frame(), result(), 100.0, every_frame=True)
        assert publisher.stats().dropped == 19
        real.signal(signal.SIGCONT)
        subscriber.wait("camd/desk/digits")
        for _ in range(20):
            publisher.frame(frame(), result(), 100.0, every_frame=True)
        arrived = subscriber.wait("camd/desk/digits", 21)
    assert [item.json["seq"] for item in arrived] == list(range(20, 41))


def test_unacknowledged_events_arrive_on_the_next_connection(
    real: Mosquitto, publishers: Publishers
) -> None:
    publisher = publishers(real)
    real.signal(signal.SIGSTOP)
    publisher.frame(frame(), result(event(5)), 100.0)
    until(lambda: publisher.stats().queued == 0, "handed over")
    real.kill()
    until(lambda: publisher.stats().queued, "taken back")
    before = publisher.stats().sent
    real.start()
    until(lambda: publisher.stats().sent >= before + 3, "status, reading and event are sent")
    assert publisher.stats().events_dropped == 0


TEXTS = st.text(st.characters(exclude_categories=()), min_size=1, max_size=20) | st.text(
    "aä/#+$ \0\t\x7f\x85\ufffe\ufdd0\U0010ffff", min_size=1, max_size=4
)


@pytest.mark.timeout(120)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(prefix=TEXTS, client_id=TEXTS, username=TEXTS)
@example(prefix="p" * 30_000, client_id="desk", username="camd")
@example(prefix="$camd/ä/😀", client_id="/", username="#")
def test_a_broker_takes_whatever_the_configuration_takes(
    real: Mosquitto, publishers: Publishers, prefix: str, client_id: str, username: str
) -> None:
    """Of topics and names: what it hangs up on would never connect, and nothing would say why."""
    options = {"prefix": prefix, "client_id": client_id, "username": username}
    for name, text in list(options.items()):
        try:
            MqttSettings.model_validate({name: text})
        except ValidationError:
            del options[name]
    publisher = publishers(real, **options)
    publisher.frame(frame(), result(event(), changed=True), 100.0)
    until(lambda: publisher.stats().sent >= 3)
    publisher.stop()
    assert publisher.stats().dropped <= 1
