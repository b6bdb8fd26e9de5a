"""The standing set: images that no machine was trained with, small enough to ship with the model.
What is learnt from a user's corrections is tried on it (training/fit/learn.py). To make it again:
python -m training.fit.standing --data MNIST --hands DIR --letters OMNIGLOT.

A change of a machine first tells where that was unsure. So all images near a boundary are kept, and
of the others one in some, which stands for those that are left out."""

import argparse
import functools
import io
import json
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from camd import paths
from camd.classify import svm
from camd.errors import CamdError, DataError
from camd.values import SIDE, FloatArray
from training import digits as datasets
from training import hands
from training.digits import NONE, Digits, join
from training.fit.export import write
from training.render.hand import Hand, read_letters
from training.render.lettering import Fonts
from training.render.negatives import Sources, generate, unlike_digits

log = logging.getLogger(__name__)

FILE = "standing.npz"
"""Its name, beside the model."""
NEAR = 0.75
"""Margin below which every image is kept. Refitting for forty corrections moves the margins of
MNIST's test by 0.02 in the mean, and by 0.4 at most."""
OTHERS = 1500
"""Images kept of those that are clear."""
DRAWN = 2500
"""Rendered crops, about half of them no digits: letters, scribbles, frames and textures."""
SEED = 20261130
LICENCES = {
    "MNIST": "Yann LeCun and Corinna Cortes, CC BY-SA 3.0; its test images",
    "Omniglot": "Brenden Lake, MIT; letters drawn again with other pens",
    **hands.LICENCES,
}


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    digits: Digits
    weights: FloatArray
    """(N,): for how many images each stands."""


@functools.lru_cache(1)
def read(path: Path | None = None) -> Standing:
    """Read the standing set, by default the one that ships. Raises DataError."""
    path = path or paths.model_file().with_name(FILE)
    try:
        with np.load(path, allow_pickle=False) as stored:
            images, labels, weights = (stored[name] for name in ("x", "y", "weights"))
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise DataError(f"{path}: damaged, or not there ({error}): install camd again") from error
    many = len(images)
    if images.shape != (many, SIDE, SIDE) or labels.shape != (many,) or weights.shape != (many,):
        raise DataError(f"{path}: is no standing set: install camd again")
    return Standing(Digits(images, labels.astype(np.int64)), weights.astype(np.float32))


def choose(model: svm.Model, digits: Digits, others: int, seed: int) -> Standing:
    """Take the images near a boundary of `model`, and `others` of the rest."""
    near = np.abs(model.classify(digits.images).margins) < NEAR
    rest = np.flatnonzero(~near)
    some = np.random.default_rng(seed).choice(rest, min(others, len(rest)), replace=False)
    index = np.sort(np.concatenate([np.flatnonzero(near), some]))
    weights = np.where(near[index], 1, len(rest) / max(1, len(some))).astype(np.float32)
    return Standing(digits.take(index), weights)


def make(data: Path, folder: Path, letters: Path, fonts: Path) -> Standing:
    """Choose from MNIST's test, from other hands' parts for testing, and from what is rendered with
    the last sixth of the letters, which no gate was fitted with. Raises CamdError."""
    model = svm.load(paths.model_file(), with_rows=False)
    test = datasets.hold_out(datasets.load(data))[1]
    drawn = read_letters(letters)[unlike_digits(letters)]
    hand = Hand(test.images, test.labels.astype(np.uint8), drawn[len(drawn) * 5 // 6 :])
    prints = tuple(sorted(fonts.rglob("DejaVu*.ttf")))
    if not prints:
        raise DataError(f"{fonts}: no DejaVu fonts there; on Debian: apt install fonts-dejavu")
    rendered = generate(Sources(hand, Fonts(prints, prints)), DRAWN, SEED)
    held = functools.reduce(join, (own for own in hands.load(folder).tests.values()), test)
    written = choose(model, held, OTHERS, SEED)
    seen = choose(model, Digits(rendered.crops, rendered.labels.astype(np.int64)), 700, SEED)
    return Standing(
        join(written.digits, seen.digits), np.concatenate([written.weights, seen.weights])
    )


def to_bytes(standing: Standing) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        allow_pickle=False,
        x=standing.digits.images,
        y=standing.digits.labels.astype(np.int8),
        weights=standing.weights,
        licences=np.frombuffer(json.dumps(LICENCES).encode(), np.uint8),
    )
    return buffer.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m training.fit.standing", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="MNIST as .npz (x, y)")
    parser.add_argument("--hands", type=Path, required=True, help="see docs/training.md")
    parser.add_argument("--letters", type=Path, required=True, help="Omniglot, packed")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--out", type=Path, default=paths.model_file().with_name(FILE))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = parser.parse_args()
    try:
        made = make(options.data, options.hands, options.letters, options.fonts)
        content = to_bytes(made)
        write(options.out, content)
        none = int((made.digits.labels == NONE).sum())
        log.info(
            "wrote %s: %d images, %d of them no digits, %d bytes",
            options.out, len(made.digits), none, len(content),
        )  # fmt: skip
    except CamdError as problem:
        raise SystemExit(f"training.fit.standing: {problem}") from None
