"""What three browsers that watch the page cost the reading, and how soon the page is painted.

    python -m benchmarks browsers --data mnist.npz [--seconds 15] [--rounds 3] [--fps 15]

As in `latency`, a real camd reads 1080p with 20 digits on one core; the browsers are on the others.
They ask for what the page asks for: each picture as soon as the one before is there, and the
events. Rounds without and with them take turns, so that other work on the machine meets both."""

import argparse
import json
import multiprocessing
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.watched import PROMPT, Watched, film, running, sheets, subscriber, watch
from testing.broker import free_port, mosquitto
from testing.browser import chromium
from training.render.hand import Hand

BROWSERS = 3
WIDTH = 1280
EACH = 20
PAINTS = 5
_LABEL = re.compile(rb'"label":"([^"]*)"')


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks browsers", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="MNIST as npz: x, y")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fps", type=float, default=15)
    options = parser.parse_args()
    *others, core = sorted(os.sched_getaffinity(0))
    port = free_port()
    extra = {
        "CAMD_WEB__ENABLED": "true",
        "CAMD_WEB__PORT": str(port),
        "CAMD_REST__AFTER_S": "0",
    }
    found: dict[bool, list[Watched]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder, mosquitto(PROMPT) as broker:
        film(Path(folder), sheets(Hand.load(options.data, "test"), 3, 1), EACH)
        os.sched_setaffinity(0, others or {core})
        with (
            subscriber(broker, "latency") as heard,
            running(Path(folder), options.fps, broker, "latency", core, extra) as pid,
        ):
            watch(heard, pid, 1)  # it has begun
            for _ in range(options.rounds):
                found[False].append(watch(heard, pid, options.seconds))
                with watching(port):
                    found[True].append(watch(heard, pid, options.seconds))
            paints = painted(port)
    sys.stdout.write(f"{machine.line()}\n\n" + "\n".join(table(found)) + "\n")
    sys.stdout.write(
        f"\nFirst paint of the page in Chromium: {statistics.median(paints):.0f} ms in the median"
        f" of {PAINTS}, {max(paints):.0f} ms at most.\n"
    )


def table(found: dict[bool, list[Watched]]) -> list[str]:
    lines = [f"| what | nobody | {BROWSERS} browsers | |", "|---|---|---|---|"]

    def row(name: str, numbers: dict[bool, float], unit: str) -> None:
        more = numbers[True] / numbers[False] - 1
        shown = (f"{numbers[some]:.1f} {unit}" for some in (False, True))
        lines.append(f"| {name} | {' | '.join(shown)} | {more:+.0%} |")

    for name, share in (("median", 50), ("99th percentile", 99)):
        row(
            f"capture to message received, {name}",
            {
                some: statistics.median(1000 * np.percentile(one.heard.ages, share) for one in all_)
                for some, all_ in found.items()
            },
            "ms",
        )
    for name, unit, of in (
        ("messages a second", "", lambda one: len(one.heard.ages) / one.seconds),
        ("share of one core", "%", lambda one: 100 * one.cpu),
        (
            "processor time a message",
            "ms",
            lambda one: 1000 * one.cpu * one.seconds / len(one.heard.ages),
        ),
        ("memory", "MiB", lambda one: one.rss_mib),
    ):
        row(name, {some: statistics.median(map(of, all_)) for some, all_ in found.items()}, unit)
    return lines


@contextmanager
def watching(port: int) -> Iterator[None]:
    """Let BROWSERS watch: a process that takes little of the processor, as those that watch are on
    other machines."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_browsers, args=(port,), daemon=True)
    process.start()
    time.sleep(3)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _browsers(port: int) -> None:
    os.nice(10)
    threads = [
        threading.Thread(target=what, args=(port,))
        for what in (_watch, _listen)
        for _ in range(BROWSERS)
    ]
    for thread in threads:
        thread.start()


def _watch(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    after = ""
    while True:
        connection.request("GET", f"/page/picture?after={after}&width={WIDTH}")
        body = connection.getresponse().read()
        if label := _LABEL.search(body):
            after = label[1].decode()


def _listen(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/page/events")
    for _ in connection.getresponse():
        pass


def painted(port: int) -> list[float]:
    """Return after how many milliseconds the page was painted first, each time it was opened."""
    found = []
    for _ in range(PAINTS):
        with chromium() as browser:
            browser.driver.get(f"http://127.0.0.1:{port}/")
            script = "return JSON.stringify(performance.getEntriesByName('first-contentful-paint'))"
            entries: Sequence[dict[str, float]] = []
            while not entries:
                entries = json.loads(browser.run(script))
            found.append(entries[0]["startTime"])
    return found
