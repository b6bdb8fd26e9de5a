"""Times the way from a 1080p frame with 20 digits to their values, beside RapidOCR and Tesseract.

    python -m benchmarks frame --data mnist.npz [--frames 20]

Each frame is a photographed sheet, rendered from a seed with MNIST's test digits. The readers read
it one after the other, on one core. Times are processor times; on one core this is the time that an
idle machine takes. benchmarks/peers.py tells what to install.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import peers
from benchmarks.peers import Reader
from benchmarks.readers import Account, duration, read_all, show
from camd.errors import CamdError
from camd.evaluate.score import score
from camd.evaluate.truth import Label
from camd.values import Image
from training.render.hand import Hand
from training.render.paper import random_style, write_sheet
from training.render.scenes import on_a_table, random_pose

SIZE = (1920, 1080)
"""Width and height of a frame, pixels."""
ROWS, COLUMNS = 4, 5
"""Rows of digits on a sheet, and digits in a row."""
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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks frame", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="MNIST as npz: x, y")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    labels: list[Label] = []

    def frames(hand: Hand) -> Iterator[tuple[str, Image]]:
        for number in range(options.frames):
            image, lines = frame(np.random.default_rng((options.seed, number)), hand)
            labels.append(Label(str(number), lines))
            yield str(number), image

    try:
        hand = Hand.load(options.data, "test")
        found = list(peers.readers(None, None))
        accounts = read_all(frames(hand), [one for one in found if isinstance(one, Reader)])
    except CamdError as error:
        sys.stderr.write(f"frame: {error}\n")
        sys.exit(error.status)
    show(table(labels, accounts), found)
