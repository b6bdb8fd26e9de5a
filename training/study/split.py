"""What the study learns from, chooses on, and measures on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from camd.errors import DataError
from camd.values import FloatArray
from training.digits import NONE, Digits

FOLDS = 3
"""Of the cross-validation in every grid."""
_PARTS = 7
"""Validation and test are one of these each: 10,000 of MNIST's 70,000."""
_QUICK = 10


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    train: Digits
    validation: Digits
    test: Digits


def split(digits: Digits, *, quick: bool, seed: int) -> Split:
    """Part as the notebook did: `train_test_split` twice, not stratified. `quick` keeps a tenth,
    every class in proportion. Raises DataError where a class is too small for the folds."""
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
    """(N, 28, 28) to (N, 784) of 0..1."""
    return np.asarray(images.reshape(len(images), -1) / np.float32(255), np.float32)
