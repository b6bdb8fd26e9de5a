"""Times the way from a 1080p frame with 20 digits to their values, beside RapidOCR and Tesseract.

    python -m benchmarks frame --data mnist.npz [--frames 20]

Each frame is a photographed sheet, rendered from a seed with MNIST's test digits. The readers read
it one after the other, on one core. Times are processor times; on one core this is the time that an
idle machine takes. benchmarks/peers.py tells what to install.

A last line tells how long a frame takes camd in a film of it, beside decoding its JPEG in grey.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks import peers
from benchmarks.peers import Reader
from benchmarks.readers import Account, duration, read_all, show
from camd import paths
from camd.classify import svm
from camd.classify.svm import Model
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.evaluate.score import score
from camd.evaluate.truth import Label
from camd.pipeline import Pipeline
from camd.runtime import bounded
from camd.values import FloatArray, Image
from training.render.hand import Hand
from training.render.paper import random_style, write_sheet
from training.render.scenes import on_a_table, random_pose

SIZE = (1920, 1080)
"""Width and height of a frame, pixels."""
ROWS, COLUMNS = 4, 5
"""Rows of digits on a sheet, and digits in a row."""
RATE, FIRST, FRAMES = 30, 5, 10
"""Frames a second of a film; that many are not counted, and that many are."""
QUALITY = 90
"""Of the JPEGs that are decoded."""
ROOM = 720
"""Greatest sum of the heights of all digits of a row, pixels: a row of more would not fit on the
sheet."""


def frame(
    rng: np.random.Generator,
    hand: Hand,
    rows: int = ROWS,
    columns: int = COLUMNS,
    size: tuple[int, int] = SIZE,
) -> tuple[Image, tuple[str, ...]]:
    """Photograph a sheet of digits; return the picture (height, width, 3) BGR, and its lines."""
    lines = ["".join(map(str, rng.integers(0, 10, columns))) for _ in range(rows)]
    style = random_style(rng)
    style = replace(style, height=min(style.height, ROOM // columns))
    sheet = write_sheet(rng, hand, lines, style)
    return on_a_table(rng, sheet, random_pose(rng, size), size), sheet.lines


def table(labels: Sequence[Label], accounts: Sequence[Account]) -> list[str]:
    """Return the lines of a Markdown table. All accounts are compared with the first one."""
    lines = [
        "| reader | digits right | false | time, median | quartiles | times as long |",
        "|---|---|---|---|---|---|",
    ]
    own = float(np.median(accounts[0].seconds))
    for account in accounts:
        found = score(labels, {name: [read] for name, read in account.digits.items()}).all
        low, median, high = map(float, np.percentile(account.seconds, (25, 50, 75)))
        lines.append(
            f"| {account.reader.name} | {found.right} of {found.right + found.missed}"
            f" | {found.false} | {duration(median)} | {duration(low)} to {duration(high)}"
            f" | {median / own:.3g} |"
        )
    return lines


def in_a_film(images: Sequence[Image], model: Model) -> tuple[FloatArray, FloatArray]:
    """Give how long each of N frames takes (N,) in a film that stands still, from grey pixels to
    the reading, and to decode its JPEG in grey (N,); seconds, the median of FRAMES each."""
    read, decoded = [], []
    for image in images:
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
        grey = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), np.uint8)
        pipeline = Pipeline(Settings(), model)
        for number in range(FIRST):
            pipeline.process(grey, number / RATE)
        spans = [
            (
                _seconds(pipeline.process, grey, number / RATE),
                _seconds(cv2.imdecode, jpeg, cv2.IMREAD_GRAYSCALE),
            )
            for number in range(FIRST, FIRST + FRAMES)
        ]
        one, other = np.median(spans, axis=0)
        read.append(one)
        decoded.append(other)
    return np.array(read, np.float32), np.array(decoded, np.float32)


def _seconds(what: Callable[..., object], *given: object) -> float:
    began = time.process_time()
    what(*given)
    return time.process_time() - began


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks frame", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="MNIST as npz: x, y")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    labels: list[Label] = []
    images: list[Image] = []

    def frames(hand: Hand) -> Iterator[tuple[str, Image]]:
        for number in range(options.frames):
            image, lines = frame(np.random.default_rng((options.seed, number)), hand)
            labels.append(Label(str(number), lines))
            images.append(image)
            yield str(number), image

    try:
        hand = Hand.load(options.data, "test")
        found = list(peers.readers(None, None))
        accounts = read_all(frames(hand), [one for one in found if isinstance(one, Reader)])
        with bounded(1):
            read, decoded = in_a_film(images, svm.load(paths.model_file()))
    except CamdError as error:
        sys.stderr.write(f"frame: {error}\n")
        sys.exit(error.status)
    show(table(labels, accounts), found)
    low, times, high = map(float, np.percentile(read / decoded, (25, 50, 75)))
    sys.stdout.write(
        f"In a film of each a frame takes {duration(float(np.median(read)))}, {times:.1f} times as"
        f" long as to decode it (quartiles {low:.1f} to {high:.1f}).\n"
    )
