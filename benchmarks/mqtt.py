"""How much goes over MQTT: `python -m benchmarks mqtt load|workers|stop`, with mosquitto installed.

load: messages a second, and memory, against a subscriber that does not read.
workers: crops classified a second by 1, 2 and 4 workers, and by none (in this process); and
processor time a frame of the device that cuts them.
stop: seconds from SIGTERM to the end of camd, by what its broker does.
"""

import argparse
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from camd import paths
from camd.classify import svm
from camd.config.settings import MqttSettings, SegmentSettings, Settings
from camd.mqtt.publisher import Publisher
from camd.pipeline import Pipeline
from camd.segment.segmentation import segment
from camd.workers.remote import Answers, RemoteModel
from testing.broker import Mosquitto, find, mosquitto
from testing.pages import page
from testing.proxy import Proxy, proxy
from testing.scenes import event, frame, result

BOOT = "9f3c"
SIZE = (1280, 720)
PROMPT = "allow_anonymous true\nset_tcp_nodelay true\n"
"""Settings of the broker. Without the second one, it holds back each small message until the one
before it is confirmed."""


def load(seconds: float) -> dict[str, Any]:
    """Publish as fast as messages can be sent. Each frame gives `digits`, an event, a reading and a
    snapshot."""
    with mosquitto() as broker:
        command = [find("mosquitto_sub"), "-p", str(broker.port), "-t", "camd/#", "-q", "1"]
        listener = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(1)
        listener.send_signal(signal.SIGSTOP)
        publisher = _publisher(broker, max_rate=1000.0)
        frames = 0
        while frames < 100:  # memory that is needed only once is no growth
            frames += 1
            given = result(event(frames), changed=True)
            publisher.frame(frame(frames), given, frames / 1000, every_frame=True)
            publisher.snapshot(bytes(100_000))
        before, sent = _memory_mb(), publisher.stats().sent
        started = time.monotonic()
        while time.monotonic() < started + seconds:
            frames += 1
            given = result(event(frames), changed=True)
            publisher.frame(frame(frames), given, frames / 1000, every_frame=True)
            publisher.snapshot(bytes(100_000))
        taken = time.monotonic() - started
        stats = publisher.stats()
        publisher.stop()
        listener.kill()
    return {
        "messages_per_s": round((stats.sent - sent) / taken),
        "sent": stats.sent,
        "dropped": stats.dropped,
        "memory_mb": round(_memory_mb(), 1),
        "memory_grown_mb": round(_memory_mb() - before, 1),
    }


def workers(counts: tuple[int, ...], seconds: float) -> dict[str, Any]:
    """Classify the crops of eight frames of 32 digits at once, again and again."""
    glyphs = segment(page("0123456789"), SegmentSettings()).glyphs
    crops = np.resize(np.stack([glyph.crop for glyph in glyphs]), (256, 28, 28))
    boxes = [glyphs[number % len(glyphs)].box for number in range(256)]
    with threadpool_limits(1):
        model = svm.load(paths.model_file())
        rates = {"in this process": _rate(lambda: model.classify(crops), len(crops), seconds)}
    costs = {}
    for count in counts:
        with mosquitto(PROMPT) as broker:
            processes = [_worker(broker) for _ in range(count)]
            answers = Answers(BOOT)
            publisher = _publisher(broker, on_classes=answers.receive)
            remote = RemoteModel("desk", BOOT, answers, publisher.crops)
            remote.classify_at(crops, boxes, SIZE)
            ask = partial(remote.classify_at, crops, boxes, SIZE)
            roles = {"device": [os.getpid()], "broker": [broker.pid]}
            roles["workers"] = [process.pid for process in processes]
            before = {role: _cpu_s(*pids) for role, pids in roles.items()}
            rates[f"{count} workers"] = rate = _rate(ask, len(crops), seconds)
            used = {role: _cpu_s(*pids) - before[role] for role, pids in roles.items()}
            costs[f"{count} workers"] = {
                role: round(spent / (rate * seconds) * 1e6, 1) for role, spent in used.items()
            }
            publisher.stop()
            for process in processes:
                process.terminate()
                process.wait()
    return {
        "crops_per_s": rates,
        "cpu_us_a_crop": costs,
        "device_cpu_ms_a_frame": _device(seconds),
    }


def _device(seconds: float) -> dict[str, float]:
    """Return the processor time that a frame of 40 digits costs the process with the camera, ms."""
    image = np.vstack([page("0123456789")] * 4)
    costs = {}
    with threadpool_limits(1), mosquitto(PROMPT) as broker:
        worker = _worker(broker)
        answers = Answers(BOOT)
        publisher = _publisher(broker, on_classes=answers.receive)
        remote = RemoteModel("desk", BOOT, answers, publisher.crops)
        for name, model in (("alone", svm.load(paths.model_file())), ("with a worker", remote)):
            pipeline = Pipeline(Settings(), model)
            pipeline.process(image, 0)
            frames, started, used = 0, time.monotonic(), time.process_time()
            while time.monotonic() < started + seconds:
                frames += 1
                pipeline.process(image, frames / 30)
            costs[name] = round((time.process_time() - used) / frames * 1e3, 2)
        publisher.stop()
        worker.terminate()
        worker.wait()
    return costs


def stop() -> dict[str, float]:
    """Measure how long camd takes to end, for a broker that works and for others that do not. Give
    the longest of three times for each."""
    taken = {}
    with mosquitto() as broker, proxy(broker) as between, _mute() as mute:
        silent = f"127.0.0.1:{mute}"
        for name, url in {
            "a broker that works": f"mqtt://127.0.0.1:{broker.port}",
            "none": "mqtt://127.0.0.1:1",
            "half-open": f"mqtt://127.0.0.1:{between.port}",
            "accepts, never answers": f"mqtt://{silent}",
            "the same, TLS": f"mqtts://{silent}",
            "the same, WebSockets": f"ws://{silent}/mqtt",
            "workers that are not there": f"mqtt://127.0.0.1:{broker.port}",
        }.items():
            options = ["--segment-only"] if "workers" in name else []
            taken[name] = round(max(_ending(url, between, options) for _ in range(3)), 2)
            between.frozen = False
    return {"seconds_to_the_end": taken}


def _ending(url: str, between: Proxy, options: list[str]) -> float:
    command = [sys.executable, "-m", "camd", "run", "--device", "demo", "--realtime", "--loop"]
    command += ["--no-window", "--broker", url, *options]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(8)
    between.frozen = True
    started = time.monotonic()
    process.terminate()
    process.wait()
    return time.monotonic() - started


@contextmanager
def _mute() -> Iterator[int]:
    """Yield a port on which the kernel accepts connections, but nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield int(server.getsockname()[1])


def _rate(classify: Callable[[], object], count: int, seconds: float) -> int:
    done, started = 0, time.monotonic()
    while time.monotonic() < started + seconds:
        classify()
        done += count
    return round(done / (time.monotonic() - started))


def _worker(broker: Mosquitto) -> subprocess.Popen[str]:
    url = f"mqtt://{broker.host}:{broker.port}"
    command = [sys.executable, "-m", "camd", "worker", "--broker", url]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "taking crops" in process.stderr.readline()
    return process


def _publisher(broker: Mosquitto, on_classes: Any = None, **options: Any) -> Publisher:
    mqtt = MqttSettings(host=broker.host, port=broker.port, **options)
    settings = Settings(name="desk", mqtt=mqtt)
    publisher = Publisher(settings, boot=BOOT, model_id="a1b2c3d4", on_classes=on_classes)
    publisher.start()
    assert publisher.wait_connected(10)
    return publisher


def _cpu_s(*pids: int) -> float:
    """Return the processor time that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("load", "workers", "stop"))
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    figures = {
        "load": lambda: load(arguments.seconds),
        "workers": lambda: workers((1, 2, 4), arguments.seconds),
        "stop": stop,
    }[arguments.what]()
    print(json.dumps(figures, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
