"""A small real data set: the 1,797 digits of 8x8 pixels that come with scikit-learn."""

from pathlib import Path

import cv2
import numpy as np
from sklearn.datasets import load_digits

from training.digits import Digits
from training.fit.fit import Recipe

RECIPE = Recipe(projected=40, copies=1, photographs=40, quick_vectors=100, quick_steps=150)


def digits() -> Digits:
    bundled = load_digits()
    enlarged = [cv2.copyMakeBorder(
        cv2.resize(image * 15.9, (20, 20), interpolation=cv2.INTER_CUBIC).clip(0, 255),
        4, 4, 4, 4, cv2.BORDER_CONSTANT,
    ) for image in bundled.images]  # fmt: skip
    return Digits(np.stack(enlarged).astype(np.uint8), bundled.target.astype(np.int64))


def write(path: Path) -> Path:
    own = digits()
    np.savez(path, x=own.images, y=own.labels)
    return path
