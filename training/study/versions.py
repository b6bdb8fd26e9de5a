"""Makes distorted versions of training images as the notebook did: with imgaug, at 28x28 pixels."""

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
"""Number of distorted versions of each image."""
CHUNK = 2000
"""How many images are distorted in one task."""
NOISE = 0.1
"""Greatest standard deviation of the noise, as a share of the full scale of grey levels."""
SCALING = 0.1
"""How much larger or smaller an image may become, as a share."""


def augmenter(*, noise: bool, scaling: bool) -> Any:
    """Make imgaug's chain of distortions: rotation by up to 10 degrees and shift by up to 10 % in
    any direction, and elastic distortion (alpha 0.5, sigma 0.25). `scaling` also changes the size,
    `noise` also adds Gaussian noise."""
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
    """Give one distorted version (N, 28, 28) of each image; equal seeds give equal results."""
    change = augmenter(**how)
    # With the argument `seed` instead, the steps inside would still use imgaug's global generator.
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
    """Give the pixels (4 N, 784) of `images` and of EXTRA versions of each. `tell(done, of)` is
    called after each task.

    They are in a temporary file in `folder` that is mapped into memory. So they are in memory only
    once, no matter how many processes use them."""
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
    """Give the gamma that scikit-learn uses for gamma="scale" on `held` (N, D): 1 / (D * variance).
    NumPy's own `var` would copy all of it; this does not."""
    count, total, squares = held.size, 0.0, 0.0
    for start in range(0, len(held), 10_000):
        part = held[start : start + 10_000].astype(np.float64)
        total += float(part.sum())
        squares += float((part * part).sum())
    return float(1 / (held.shape[1] * (squares / count - (total / count) ** 2)))
