"""Splits the images into those that the study fits on, those it chooses on, and those it tests
on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from camd.errors import DataError
from camd.values import FloatArray
from training.digits import NONE, Digits

FOLDS = 3
"""Number of folds of the cross-validation in each grid."""
_PARTS = 7
"""Validation and test images are a seventh of all images each: 10,000 of MNIST's 70,000."""
_QUICK = 10
"""A quick study uses a tenth of the images."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    train: Digits
    validation: Digits
    test: Digits


def split(digits: Digits, *, quick: bool, seed: int) -> Split:
    """Split as the notebook did: twice with `train_test_split`, not stratified. `quick` first takes
    a tenth of each class. Raises DataError where a class is too small for the folds."""
    known = np.flatnonzero(digits.labels != NONE)
    try:
        if quick:
            part = len(known) // _QUICK
            known = train_test_split(
                known, train_size=part, random_state=seed, stratify=digits.labels[known]
            )[0]
        held = round(len(known) / _PARTS)
        rest, test = train_test_split(known, test_size=held, random_state=seed)
        train, validation = train_test_split(rest, test_size=held, random_state=seed)
    except ValueError as exc:
        raise DataError(f"{len(known)} images are too few for the study: {exc}") from exc
    parts = Split(*(digits.take(part) for part in (train, validation, test)))
    fewest = np.bincount(parts.train.labels, minlength=10).argmin()
    if (count := int((parts.train.labels == fewest).sum())) < FOLDS:
        raise DataError(
            f"{count} images of the digit {fewest} to learn from; {FOLDS} folds need {FOLDS}"
        )
    return parts


def pixels(images: NDArray[np.uint8]) -> FloatArray:
    """Turn images (N, 28, 28) into pixels (N, 784), 0..1."""
    return np.asarray(images.reshape(len(images), -1) / np.float32(255), np.float32)
