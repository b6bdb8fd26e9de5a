"""A real mosquitto that can be stopped, killed and started again, and someone who listens."""

import getpass
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from testing.payloads import check

LONG = 60.0
"""Seconds that nothing takes unless it is broken."""


def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait for `condition` to hold."""
    deadline = time.monotonic() + LONG
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came true: {what or condition}")
        time.sleep(0.01)


def free_port() -> int:
    """Return a port that the kernel gives to nobody who connects: on one of those, whoever tries
    again and again to reach a broker that is down meets itself in the end."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Mosquitto:
    """On one port of the loopback address; without persistence, so a restart forgets all."""

    host = "127.0.0.1"

    def __init__(
        self, folder: Path, options: str = "allow_anonymous true\n", *, plain: bool = False
    ) -> None:
        """`plain` opens another port, plain_port, for everyone and without encryption."""
        self.port = free_port()
        self.plain_port = free_port()
        if plain:
            options += f"listener {self.plain_port} {self.host}\nallow_anonymous true\n"
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            # Run as root it would otherwise become a user who cannot read this folder.
            f"user {getpass.getuser()}\nper_listener_settings true\n"
            f"listener {self.port} {self.host}\npersistence false\nlog_type none\n{options}"
        )
        self._ports = (self.port, self.plain_port) if plain else (self.port,)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it accepts connections."""
        command = [find("mosquitto"), "-c", str(self._config)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._accepts, "mosquitto accepts")

    def _accepts(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "mosquitto does not start"
        with suppress(OSError):
            for port in self._ports:
                socket.create_connection((self.host, port), 1).close()
            return True
        return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(LONG)
            self._process = None


def find(command: str) -> str:
    path = shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{command} is not installed")
    return path


@contextmanager
def mosquitto(
    options: str = "allow_anonymous true\n", *, plain: bool = False
) -> Iterator[Mosquitto]:
    """Yield a broker that runs; `options` are lines of its configuration file."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder), options, plain=plain)
        broker.start()
        try:
            yield broker
        finally:
            broker.kill()


def password_file(path: Path, user: str, password: str) -> Path:
    subprocess.run([find("mosquitto_passwd"), "-b", "-c", str(path), user, password], check=True)
    return path


@dataclass(frozen=True)
class Heard:
    topic: str
    payload: bytes
    retained: bool
    """True for what the broker had kept; False for what was published while we listened."""

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Subscriber:
    """Collects what is published, in order, from the moment the constructor returns.

    At its end each message must be as its schema says."""

    def __init__(
        self, host: str, port: int, topics: str = "#", login: tuple[str, str] | None = None
    ) -> None:
        self.heard: list[Heard] = []
        self._topics = topics
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        if login:
            self._client.username_pw_set(*login)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect(host, port)
        self._client.loop_start()
        assert self._subscribed.wait(LONG), "no answer to the subscription"

    def __enter__(self) -> "Subscriber":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        for item in self.heard:
            check(item.topic, item.payload)

    def _hear(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._news:
            self.heard.append(Heard(message.topic, bytes(message.payload), bool(message.retain)))
            self._news.notify_all()

    def publish(
        self, topic: str, payload: bytes | str | None = None, qos: int = 0, retain: bool = False
    ) -> None:
        """Say something, too."""
        self._client.publish(topic, payload, qos, retain)

    def on(self, topic: str) -> list[Heard]:
        """Return what came on `topic` so far."""
        with self._news:
            return [item for item in self.heard if item.topic == topic]

    def wait(self, topic: str, count: int = 1) -> list[Heard]:
        """Return the first `count` messages of `topic`, once they are there."""
        with self._news:
            done = self._news.wait_for(
                lambda: sum(item.topic == topic for item in self.heard) >= count, LONG
            )
        found = self.on(topic)
        assert done, f"{len(found)} of {count} messages on {topic}"
        return found[:count]

    def wait_payload(self, topic: str, payload: bytes) -> None:
        """Return when `topic` has said `payload`."""
        with self._news:
            done = self._news.wait_for(
                lambda: any(i.topic == topic and i.payload == payload for i in self.heard), LONG
            )
        assert done, f"{topic} never said {payload!r}: {self.on(topic)}"


def retained(host: str, port: int, topic: str) -> Heard:
    """Return what a newcomer to `topic` is told at once."""
    with Subscriber(host, port, topic) as newcomer:
        message = newcomer.wait(topic)[0]
    assert message.retained
    return message
