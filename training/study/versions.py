"""More versions of each training image, as the notebook made them: imgaug, at 28x28."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.values import SIDE, FloatArray
from training import augment  # makes imgaug importable on NumPy 2
from training.study.split import pixels
from training.workers import Workers

iaa = augment.iaa  # type: ignore[attr-defined]

EXTRA = 3
CHUNK = 2000
"""Images distorted in one task."""
NOISE = 0.1
"""Greatest standard deviation, share of the full scale."""
SCALING = 0.1
"""Share to either side."""


def augmenter(*, noise: bool, scaling: bool) -> Any:
    """Rotation of 10 degrees and shift of 10 % to either side, elastic (alpha 0.5, sigma 0.25);
    with `scaling` also another size, with `noise` also Gaussian noise."""
    size = (1 - SCALING, 1 + SCALING) if scaling else 1.0
    steps = [
        iaa.Affine(
            rotate=(-10, 10),
            translate_percent={"x": (-0.1, 0.1), "y": (-0.1, 0.1)},
            scale=size,
        ),
        iaa.ElasticTransformation(alpha=0.5, sigma=0.25),
    ]
    if noise:
        steps.append(iaa.AdditiveGaussianNoise(scale=(0, NOISE * 255)))
    return iaa.Sequential(steps)


def distort(
    images: NDArray[np.uint8], how: dict[str, bool], seed: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Give one distorted version (N, 28, 28) of each; equal seeds give equal results."""
    change = augmenter(**how)
    # Not the argument `seed`, which leaves the children to imgaug's global generator.
    change.seed_(int(np.random.default_rng(seed).integers(2**31)))
    return np.asarray(change.augment_images(images), np.uint8)


@contextmanager
def augmented(
    images: NDArray[np.uint8],
    how: dict[str, bool],
    *,
    seed: int,
    folder: Path,
    workers: Workers,
    tell: Callable[[int, int], None],
) -> Iterator[FloatArray]:
    """Hold (4 N, 784) pixels: `images` and EXTRA versions of each. `tell(done, of)`.

    They lie in a temporary file in `folder`, filled chunk by chunk and mapped into memory: there
    they are once, however many processes look at them."""
    count = len(images)
    tasks = [
        (images[start : start + CHUNK], how, (seed, copy, start))
        for copy in range(1, EXTRA + 1)
        for start in range(0, count, CHUNK)
    ]
    with tempfile.TemporaryDirectory(prefix="augmented-", dir=folder) as place:
        held = np.memmap(
            Path(place) / "pixels", np.float32, "w+", shape=(count * (1 + EXTRA), SIDE * SIDE)
        )
        held[:count] = pixels(images)
        tell(0, len(tasks))
        with workers.each(distort, (), tasks) as finished:
            for done, (i, chunk) in enumerate(finished, 1):
                _, copy, start = tasks[i][2]
                at = copy * count + start
                held[at : at + len(chunk)] = pixels(chunk)
                tell(done, len(tasks))
        held.flush()
        yield held


def scale_gamma(held: FloatArray) -> float:
    """Give scikit-learn's gamma="scale" of (N, D), 1 / (D var), without the copy of all of it
    that `var` makes."""
    count, total, squares = held.size, 0.0, 0.0
    for start in range(0, len(held), 10_000):
        part = held[start : start + 10_000].astype(np.float64)
        total += float(part.sum())
        squares += float((part * part).sum())
    return float(1 / (held.shape[1] * (squares / count - (total / count) ** 2)))
