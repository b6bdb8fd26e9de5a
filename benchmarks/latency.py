"""Times the way from capture to a subscriber: 1080p at 30 fps, 20 digits, camd on one core.

    python -m benchmarks latency --data mnist.npz [--seconds 30]

A real camd runs on one core, a real mosquitto and a subscriber on the others. The camera plays
JPEGs as a webcam does (benchmarks/film.py), so decoding is part of the time; no two pictures are
the same. Times are wall-clock times, which other work on the machine makes longer: run it on an
idle one.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.watched import PROMPT, Watched, film, running, sheets, subscriber, watch
from camd.errors import CamdError
from testing.broker import mosquitto
from training.render.hand import Hand

FPS = 30.0
OLDEST_MS = 66.0
"""Frames that are older than this are dropped, so no message should be older either, ms."""
EACH = 20
"""How many pictures show the same sheet."""


def table(watched: Watched, fps: float) -> list[str]:
    """Return the lines of a Markdown table, and below it the times of the stages."""
    ages = 1000 * np.array(watched.heard.ages)
    low, high, oldest = *np.percentile(ages, (50, 99)), ages.max()
    rate = len(ages) / watched.seconds
    rows = [
        ("capture to message received, median", f"{low:.1f} ms", "15 ms", low <= 15),
        ("99th percentile", f"{high:.1f} ms", "33 ms", high <= 33),
        ("oldest that was published", f"{oldest:.1f} ms", "66 ms", oldest <= OLDEST_MS),
        ("messages a second", f"{rate:.1f}", f"{fps:g}", rate >= 0.99 * fps),
        ("share of one core", f"{watched.cpu:.0%}", "100 %", watched.cpu < 1),
        ("memory", f"{watched.rss_mib:.0f} MiB", "200 MB", watched.rss_mib * 2**20 < 200e6),
        ("digits a message, mean", f"{np.mean(watched.heard.digits):.1f}", "20", None),
    ]
    lines = ["| what | measured | goal | |", "|---|---|---|---|"]
    marks = {True: "met", False: "missed", None: ""}
    lines += [f"| {what} | {found} | {goal} | {marks[met]} |" for what, found, goal, met in rows]
    health = watched.heard.health
    stages = ", ".join(f"{name} {ms:.2f}" for name, ms in health["stages_ms"].items())
    frames = ", ".join(f"{count} {name}" for name, count in health["frames"].items())
    return [*lines, "", f"Mean milliseconds a stage: {stages}. Frames: {frames}."]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks latency", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="MNIST as npz: x, y")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--sheets", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    *others, core = sorted(os.sched_getaffinity(0))
    try:
        watched = measure(options, others, core)
    except CamdError as error:
        sys.stderr.write(f"latency: {error}\n")
        sys.exit(error.status)
    sys.stdout.write(f"{machine.line()}\n\n" + "\n".join(table(watched, FPS)) + "\n")


def measure(options: argparse.Namespace, others: Sequence[int], core: int) -> Watched:
    pictures = sheets(Hand.load(options.data, "test"), options.sheets, options.seed)
    with tempfile.TemporaryDirectory() as folder, mosquitto(PROMPT) as broker:
        film(Path(folder), pictures, EACH)
        os.sched_setaffinity(0, others or {core})
        # Without rest, a still scene is read as well. Frames older than OLDEST_MS are dropped, as
        # this table promises.
        extra = {"CAMD_CAMERA__MAX_AGE_MS": str(OLDEST_MS), "CAMD_REST__AFTER_S": "0"}
        with (
            subscriber(broker, "latency") as heard,
            running(Path(folder), FPS, broker, "latency", core, extra) as pid,
        ):
            return watch(heard, pid, options.seconds)


if __name__ == "__main__":
    main()
