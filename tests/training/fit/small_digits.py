"""A small real data set: the 1,797 digits of 8x8 pixels that come with scikit-learn."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from sklearn.datasets import load_digits

from training.digits import Digits
from training.fit.fit import Recipe

RECIPE = Recipe(projected=40, copies=1, photographs=40, quick_vectors=100, quick_steps=150)


@cache
def digits() -> Digits:
    """Return all of them; nobody may change the arrays."""
    bundled = load_digits()
    enlarged = [cv2.copyMakeBorder(
        cv2.resize(image * 15.9, (20, 20), interpolation=cv2.INTER_CUBIC).clip(0, 255),
        4, 4, 4, 4, cv2.BORDER_CONSTANT,
    ) for image in bundled.images]  # fmt: skip
    own = Digits(np.stack(enlarged).astype(np.uint8), bundled.target.astype(np.int64))
    for array in (own.images, own.labels):
        array.flags.writeable = False
    return own


def write(path: Path, count: int = 700) -> Path:
    """Write the first `count` of them, enough for a machine that reads the others."""
    own = digits()
    np.savez(path, x=own.images[:count], y=own.labels[:count])
    return path
