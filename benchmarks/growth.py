"""Measures how time grows with the digits in a frame, with its size, and with the cameras.

    python -m benchmarks growth --data mnist.npz [--plot benchmarks/growth.png]

For digits and sizes, it gives milliseconds of processor time from the decoded frame to its result,
on one core. For cameras, so many real camds run at once on all cores of this machine, each with a
1080p film at 30 fps, and one real mosquitto; these times are wall-clock times. The plot needs
matplotlib.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.frame import frame
from benchmarks.watched import PROMPT, Watched, film, running, sheets, subscriber, watch
from camd import paths
from camd.classify import svm
from camd.classify.svm import Model
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.pipeline import Pipeline
from testing.broker import mosquitto
from training.render.hand import Hand

DIGITS = {1: (1, 1), 5: (1, 5), 20: (4, 5), 100: (10, 10)}
"""For each number of digits: the rows and columns on the sheet."""
SIZES = {
    "VGA": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080), "1440p": (2560, 1440),
    "4K": (3840, 2160),
}  # fmt: skip
CAMERAS = (1, 2, 4)
"""How many cameras run at once."""
FPS = 30.0
SHEETS, ROUNDS = 3, 5
"""Number of sheets for each figure, and how often each of them is read."""


@dataclass(frozen=True)
class Cost:
    name: str
    amount: float
    """Digits in a frame, or megapixels."""
    frame_ms: float
    classify_us: float
    """Time for features and kernel, for each digit."""
    found: float
    """Mean number of digits that were read in a frame."""


def cost(model: Model, name: str, amount: float, pictures: Sequence[Any]) -> Cost:
    """Read each of the pictures several times, as if a camera gave it again and again."""
    times, classify, found = [], [], []
    for picture in pictures:
        pipeline = Pipeline(Settings(), model, time.process_time)
        for clock in range(ROUNDS + 1):
            began = time.process_time()
            result = pipeline.process(picture, clock / FPS)
            if clock:  # The first frame takes longer and is not measured.
                times.append(time.process_time() - began)
                stages = result.stages["features"] + result.stages["kernel"]
                classify.append(stages / max(1, len(result.digits)))
                found.append(len(result.digits))
    return Cost(
        name,
        amount,
        1e3 * float(np.median(times)),
        1e6 * float(np.median(classify)),
        float(np.mean(found)),
    )


def by_digits(model: Model, hand: Hand, seed: int) -> list[Cost]:
    return [
        cost(
            model,
            f"{count}",
            count,
            [frame(np.random.default_rng((seed, n)), hand, *shape)[0] for n in range(SHEETS)],
        )
        for count, shape in DIGITS.items()
    ]


def by_size(model: Model, hand: Hand, seed: int) -> list[Cost]:
    return [
        cost(
            model,
            f"{name}, {size[0]}x{size[1]}",
            size[0] * size[1] / 1e6,
            [frame(np.random.default_rng((seed, n)), hand, size=size)[0] for n in range(SHEETS)],
        )
        for name, size in SIZES.items()
    ]


def by_cameras(hand: Hand, seed: int, seconds: float, cores: Sequence[int]) -> list[list[Watched]]:
    """Run one, two and four cameras. Raises PublishError when a camera publishes nothing."""
    found = []
    with tempfile.TemporaryDirectory() as folder, mosquitto(PROMPT) as broker:
        film(Path(folder), sheets(hand, SHEETS, seed), 10)
        for count in CAMERAS:
            with ExitStack() as stack:
                names = [f"growth{number}" for number in range(count)]
                heard = [stack.enter_context(subscriber(broker, name)) for name in names]
                extra = {"CAMD_REST__AFTER_S": "0"}
                pids = [
                    stack.enter_context(
                        running(Path(folder), FPS, broker, name, cores[n % len(cores)], extra)
                    )
                    for n, name in enumerate(names)
                ]
                threads = stack.enter_context(ThreadPoolExecutor(count))
                found.append(list(threads.map(watch, heard, pids, [seconds] * count)))
    return found


def table(costs: Sequence[Cost], what: str, each: str) -> list[str]:
    head = (
        f"| {what} | read a frame | a frame | {each} | features and kernel, a digit"
        " | growth of the time / of the input |"
    )
    lines = [head, "|---|---|---|---|---|---|"]
    before = None
    for one in costs:
        ratio = "-"
        if before:
            ratio = f"{one.frame_ms / before.frame_ms:.2f} / {one.amount / before.amount:.2f}"
        lines.append(
            f"| {one.name} | {one.found:.1f} | {one.frame_ms:.1f} ms"
            f" | {one.frame_ms / one.amount:.2f} ms | {one.classify_us:.0f} µs | {ratio} |"
        )
        before = one
    return lines


def cameras_table(found: Sequence[Sequence[Watched]]) -> list[str]:
    head = (
        "| cameras | frames a second, each | capture to message, median | 99th percentile"
        " | of a core, each | memory, each |"
    )
    lines = [head, "|---|---|---|---|---|---|"]
    for group in found:
        ages = 1e3 * np.concatenate([one.heard.ages for one in group])
        rate = np.mean([len(one.heard.ages) / one.seconds for one in group])
        median, late = np.percentile(ages, (50, 99))
        lines.append(
            f"| {len(group)} | {rate:.1f} | {median:.1f} ms | {late:.1f} ms"
            f" | {np.mean([one.cpu for one in group]):.0%}"
            f" | {np.mean([one.rss_mib for one in group]):.0f} MiB |"
        )
    return lines


def plot(
    file: Path, digits: Sequence[Cost], sizes: Sequence[Cost], cameras: Sequence[Sequence[Watched]]
) -> None:
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("agg")
    from matplotlib import pyplot, ticker  # noqa: PLC0415

    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(12, 4), layout="constrained")
    figure.suptitle("How the work of camd grows with its input")
    for axes, costs, title, label in (
        (left, digits, "More digits on a 1080p frame", "digits a frame"),
        (middle, sizes, "A larger frame with 20 digits", "megapixels a frame"),
    ):
        amounts = np.array([one.amount for one in costs])
        times = np.array([one.frame_ms for one in costs])
        axes.loglog(amounts, times, "o-", color="#1f5fa8", label="time of a frame, measured")
        as_input = times[0] * amounts / amounts[0]
        axes.loglog(
            amounts, as_input, ":", color="#888888", label="if it grew as fast as the input"
        )
        axes.set_xticks(amounts, [f"{amount:.3g}" for amount in amounts])
        # Numbers as people write them, at 1, 2 and 5 times a power of ten.
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_minor_locator(ticker.NullLocator())
        axes.set_title(title)
        axes.set_xlabel(label)
        axes.set_ylabel("milliseconds of one core")
        axes.legend(frameon=False)
    counts = [len(group) for group in cameras]
    rates = [np.mean([len(o.heard.ages) / o.seconds for o in group]) for group in cameras]
    right.bar([str(count) for count in counts], rates, color="#1f5fa8", width=0.5, label="read")
    right.axhline(FPS, linestyle=":", color="#888888", label="sent by the camera")
    right.set_ylim(0, 1.3 * FPS)
    right.legend(frameon=False)
    right.set_title(f"More cameras of 1080p, on {len(os.sched_getaffinity(0))} cores")
    right.set_xlabel("cameras")
    right.set_ylabel("frames a second, of each")
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks growth", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="MNIST as npz: x, y")
    parser.add_argument("--plot", type=Path, help="PNG to write")
    parser.add_argument("--seconds", type=float, default=15, help="for each number of cameras")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    cores = sorted(os.sched_getaffinity(0))
    hand = Hand.load(options.data, "test")
    try:
        cameras = by_cameras(hand, options.seed, options.seconds, cores)
    except CamdError as error:
        sys.stderr.write(f"growth: {error}\n")
        sys.exit(error.status)
    machine.one_core()
    model = svm.load(paths.model_file())
    digits, sizes = by_digits(model, hand, options.seed), by_size(model, hand, options.seed)
    lines = [
        machine.line(),
        "",
        *table(digits, "digits a frame, 1080p", "a digit"),
        "",
        *table(sizes, "size of a frame, 20 digits", "a megapixel"),
        "",
        *cameras_table(cameras),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if options.plot:
        os.sched_setaffinity(0, cores)
        plot(options.plot, digits, sizes, cameras)


if __name__ == "__main__":
    main()
