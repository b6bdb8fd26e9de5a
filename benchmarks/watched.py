"""Runs camd and listens to it as a subscriber, for the tables of times."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import paho.mqtt.client as mqtt

from benchmarks.frame import frame
from camd.errors import PublishError
from camd.values import Image
from testing.broker import Mosquitto, until
from testing.process import environment
from training.render.hand import Hand

PROMPT = "allow_anonymous true\nset_tcp_nodelay true\n"
"""Settings of the broker. Without the second one, it holds back each small message until the one
before it is confirmed."""

FIRST_S = 60.0
"""How long to wait for the first messages, seconds."""
NOISES = 64
"""Number of different fields of noise. They are all cut out of one larger field."""


@dataclass
class Heard:
    ages: list[float] = field(default_factory=list)
    """For each `digits` message: the seconds from capture until it was received."""
    digits: list[int] = field(default_factory=list)
    """For each `digits` message: how many digits it holds."""
    health: dict[str, Any] = field(default_factory=dict)
    """The last `health` message."""


@dataclass(frozen=True)
class Watched:
    heard: Heard
    seconds: float
    cpu: float
    """Share of one core that was used."""
    rss_mib: float


def sheets(hand: Hand, count: int, seed: int) -> list[Image]:
    """Photograph sheets of 20 digits, (1080, 1920, 3) BGR."""
    return [frame(np.random.default_rng((seed, number)), hand)[0] for number in range(count)]


def film(folder: Path, pictures: Sequence[Image], each: int) -> None:
    """Write a film of JPEGs. Each picture is shown `each` times; it moves a little, as if held in a
    hand, and has the noise of a sensor."""
    rng = np.random.default_rng(5)
    height, width = pictures[0].shape[:2]
    noise = rng.normal(0, 1.5, (height + NOISES, width, 3)).round().astype(np.int16)
    for number, picture in enumerate(np.repeat(np.arange(len(pictures)), each)):
        across, down = 3 * np.sin(number / 3), 2 * np.cos(number / 5)
        shift = np.array([[1, 0, across], [0, 1, down]])
        moved = cv2.warpAffine(
            pictures[picture], shift, (width, height), borderMode=cv2.BORDER_REPLICATE
        )
        row = rng.integers(NOISES)
        noisy = np.clip(moved + noise[row : row + height], 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number:05}.jpg"), noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])


@contextmanager
def subscriber(broker: Mosquitto, name: str) -> Iterator[Heard]:
    """Receive `digits` and `health` of one camera. The time of reception is of the same clock as
    `at` in the messages, so their difference is the age."""
    heard, there = Heard(), []

    def on_message(_client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        now = time.time()
        payload = json.loads(message.payload)
        if message.topic.endswith("/health"):
            heard.health = payload
            return
        heard.ages.append(now - datetime.fromisoformat(payload["at"]).timestamp())
        heard.digits.append(len(payload["digits"]))

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_message = on_message
    client.on_subscribe = lambda *_: there.append(True)
    client.connect(broker.host, broker.port)
    client.subscribe([(f"camd/{name}/digits", 0), (f"camd/{name}/health", 0)])
    client.loop_start()
    until(lambda: there, "subscribed")
    try:
        yield heard
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def running(
    folder: Path, fps: float, broker: Mosquitto, name: str, core: int, extra: Mapping[str, str]
) -> Iterator[int]:
    """Run camd on one core with a film as its camera; yield its process id."""
    command = [sys.executable, "-m", "benchmarks.film", str(folder), str(fps)]
    url = f"mqtt://{broker.host}:{broker.port}"
    command += ["run", "--no-window", "--name", name, "--broker", url]
    settings = {"CAMD_MQTT__MAX_RATE": "1000", "CAMD_MQTT__HEALTH_S": "1", **extra}
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            command,
            env=environment(Path(home), settings | {"STATE_DIRECTORY": home}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509  # no threads yet
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def watch(heard: Heard, pid: int, seconds: float) -> Watched:
    """Measure for `seconds`, after it has read for two seconds. Raises PublishError when nothing
    was published, which happens when all frames are too old."""
    deadline = time.monotonic() + FIRST_S
    while len(heard.ages) < 2:
        if time.monotonic() > deadline:
            raise PublishError(f"nothing was published in {FIRST_S:g} s: is this machine idle?")
        time.sleep(0.1)
    time.sleep(2)
    heard.ages.clear()
    heard.digits.clear()
    began, spent = time.monotonic(), _spent(pid)
    time.sleep(seconds)
    taken = time.monotonic() - began
    cpu = (_spent(pid) - spent) / taken
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    rss = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Watched(Heard(heard.ages[:], heard.digits[:], heard.health), taken, cpu, rss)


def _spent(pid: int) -> float:
    """Return the processor time that a process has used, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
