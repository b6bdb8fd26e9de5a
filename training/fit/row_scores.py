"""Scores the machine that reads rows in regions on what it never learnt from: rows drawn with the
fonts that are kept back, and photographs that are.

    python -m training.fit.row_scores MODEL --displays DIR

Each row is read as a region reads it. With another seed than that of the training, photographs that
it learnt from are among those that are scored.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from camd.classify import svm
from camd.errors import CamdError
from camd.hypotheses import cells
from camd.values import Box
from training.fit.displays import HELD, DisplayRecipe, Picture, generator, parted, photographs
from training.render.displays import Faces, Kind, Placed, draw

DRAWN: tuple[Kind, ...] = ("segments", "print", "wheels")
AROUND = 0.25
"""How much a region leaves free around its digits, in heights of a digit."""
HALF_WIDE = 0.4
"""Of a digit, in heights."""
NEAR = 0.3
"""What is read so near to a digit, in heights of it, is read for it."""


@dataclass(frozen=True, slots=True)
class Score:
    digits: int = 0
    right: int = 0
    another: int = 0
    """How many are read as another digit."""

    @property
    def row(self) -> str:
        """Its cells in the table."""
        shares = (
            f"{100 * each / max(1, self.digits):.1f} %" for each in (self.right, self.another)
        )
        return " | ".join((str(self.digits), *shares))


def score(model: svm.Model, pictures: Iterable[Picture]) -> Score:
    """Read pictures as regions do, and compare digit by digit."""
    digits = right = another = 0
    for picture, placed in pictures:
        if not placed:
            continue
        read = cells.read(picture, region(placed, picture.shape), model).cells
        for one in placed:
            near = [cell for cell in read if abs(cell.x - one.x) < NEAR * one.height]
            if one.label >= 0:
                digits += 1
                said = min(near, key=lambda cell: abs(cell.x - one.x)).label if near else None
                right += said == one.label
                another += said not in (None, one.label)
    return Score(digits, right, another)


def region(placed: list[Placed], shape: tuple[int, ...]) -> Box:
    """Return the region that a person would draw around the digits, within the picture."""
    tall = float(np.median([one.height for one in placed]))
    right, down = ((margin + AROUND) * tall for margin in (HALF_WIDE, 0.5))
    xs, ys = [one.x for one in placed], [one.y for one in placed]
    left, top = max(0, round(min(xs) - right)), max(0, round(min(ys) - down))
    end, bottom = min(shape[1], round(max(xs) + right)), min(shape[0], round(max(ys) + down))
    return left, top, max(1, end - left), max(1, bottom - top)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.fit.row_scores", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--displays", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--seed", type=int, default=0, help="the seed that was trained with")
    parser.add_argument("--rows", type=int, default=200, help="how many of each kind")
    given = parser.parse_args()
    model = svm.load(given.model).rows
    if model is None:
        raise CamdError(f"{given.model}: it reads no rows")
    _, faces = Faces.find(given.fonts).split(0, HELD)

    def drawn(kind: Kind) -> Iterator[Picture]:
        rng = np.random.default_rng([given.seed, 4])
        while True:
            yield draw(rng, faces, kind)

    _, held = parted(photographs(given.displays), DisplayRecipe(), generator(given.seed))
    said = sys.stdout
    said.write(
        f"{len(faces.prints)} fonts of print and {len(faces.segments)} of segments kept back\n\n"
    )
    said.write("| | digits | right | another digit |\n|---|---|---|---|\n")
    for kind in DRAWN:
        said.write(f"| {kind}, drawn | {score(model, islice(drawn(kind), given.rows)).row} |\n")
    for name, pictures in held.items():
        said.write(f"| {name}, photographs | {score(model, pictures[: 5 * given.rows]).row} |\n")


if __name__ == "__main__":
    try:
        _main()
    except CamdError as problem:
        raise SystemExit(f"training.fit.row_scores: {problem}") from None
