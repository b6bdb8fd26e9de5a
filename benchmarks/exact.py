"""Compares labels and decision values of camd and of scikit-learn's SVC, on the same vectors.

    python -m benchmarks exact --data mnist.npz [--noise 100000]

It uses all images of MNIST and images of noise. When the value of a duel is so close to 0 that it
is within the tolerance, either class may win it; such images are left out when labels are compared.
It takes some minutes.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import machine
from benchmarks.ours import Ours
from camd.classify.features import extract
from training import digits

CHUNK = 5000
"""How many images are compared at once."""
TOLERANCE = 1e-3
"""Decision values may differ by so much, because the two sum in different order and precision."""


def noise(count: int, seed: int = 1) -> Iterator[Any]:
    """Give chunks of images (n, 28, 28) uint8: half of them white noise, half smooth blots."""
    rng = np.random.default_rng(seed)
    for start in range(0, count, CHUNK):
        chunk = rng.integers(0, 256, (min(CHUNK, count - start), 28, 28), dtype=np.uint8)
        for i in range(0, len(chunk), 2):
            soft = cv2.GaussianBlur(chunk[i].astype(np.float32), (0, 0), 2)
            chunk[i] = np.clip(8 * (soft - 127) + 100, 0, 255).astype(np.uint8)
        yield chunk


def compare(ours: Ours, crops: Any) -> tuple[int, int, float]:
    """Give how many labels differ, how many labels could be compared, and the largest difference
    between decision values."""
    values = ours.model.full.values(extract(crops, ours.model.spec))
    given = values[:, *np.triu_indices(values.shape[1], 1)]
    seen = ours.seen(crops).astype(np.float64)
    expected = ours.svc.decision_function(seen)
    sure = np.abs(expected).min(axis=1) > TOLERANCE
    differ = ours.model.full.count(values).labels[sure] != ours.svc.predict(seen[sure])
    return int(differ.sum()), int(sure.sum()), float(np.abs(given - expected).max())


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks exact", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--data", type=Path, required=True, help="as for camd train")
    parser.add_argument("--images", type=int, help="of MNIST; default: all")
    parser.add_argument("--noise", type=int, default=100_000)
    options = parser.parse_args()
    ours = Ours()
    images = digits.load(options.data).images[: options.images]
    sets = {
        "MNIST": (images[start : start + CHUNK] for start in range(0, len(images), CHUNK)),
        "noise": noise(options.noise),
    }
    sys.stdout.write(f"{machine.line(('scikit-learn',))}\n\n")
    sys.stdout.write("| images | compared | labels that differ | largest difference |\n")
    sys.stdout.write("|---|---|---|---|\n")
    wrong = False
    for name, chunks in sets.items():
        total = differ = sure = 0
        largest = 0.0
        for chunk in chunks:
            few, could, apart = compare(ours, chunk)
            total, differ, sure = total + len(chunk), differ + few, sure + could
            largest = max(largest, apart)
        sys.stdout.write(f"| {total} of {name} | {sure} | {differ} | {largest:.1e} |\n")
        wrong = wrong or differ > 0 or largest > TOLERANCE
    sys.exit(wrong)


if __name__ == "__main__":
    main()
