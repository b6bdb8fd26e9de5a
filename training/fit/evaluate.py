"""Measures how good a model file is: computes the figures of its card again."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.classify import svm
from camd.values import Classified
from training.digits import MNIST_SIZE, MNIST_TRAIN, Digits, hold_out, load, notebook_split

BINS = 15
"""Number of bins for the calibration error, as in the paper of Guo et al."""
COVERAGES = (1.0, 0.999, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8)
"""Shares of the images for which errors are counted; those with the highest confidence are kept."""


SURE = 0.95
"""From this confidence on a digit counts as sure."""
NO_CHAIN = cv2.CHAIN_APPROX_NONE


@dataclass(frozen=True, slots=True)
class Figures:
    images: int
    errors: int
    error: float
    """Share of labels that are wrong, 0..1."""
    expected_calibration_error: float
    """Difference between confidence and the share of right labels, 0..1; see
    `calibration_error`."""
    coverage: tuple[tuple[float, float, int], ...]
    """For each of COVERAGES: (share of images kept, least confidence among them, errors among
    them)."""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evaluation:
    test: Figures
    """On the images held out (for MNIST, its standard test), without the gate, as if everything
    were a digit."""
    published: Figures | None = None
    """On the same images with the gate, where the model has one. A digit that the gate turns away
    is an error, and the confidence takes into account that some things a camera sees are no
    digits."""
    notebook: Figures | None = None
    """For MNIST only: on those images of the notebook's test split (two splits by
    train_test_split(test_size=10000, random_state=42)) that are also in the standard test. The
    model was not trained on these."""


def evaluate_model(model_path: Path, data: Path | None) -> Evaluation:
    """Compute the figures of a model file again. Raises ModelError, DataError."""
    model = svm.load(model_path)
    alone = replace(model, gate=None)
    digits = load(data)
    held = hold_out(digits)[1]
    test = figures(alone, held)
    published = figures(model, held) if model.gate else None
    if len(digits) != MNIST_SIZE:
        return Evaluation(test, published)
    _, notebook = notebook_split()
    unseen = np.sort(notebook[notebook >= MNIST_TRAIN])
    return Evaluation(test, published, figures(alone, digits.take(unseen)))


def figures(model: svm.Model, digits: Digits) -> Figures:
    return score(model.classify(digits.images), digits.labels)


def score(judged: Classified, labels: NDArray[np.int64]) -> Figures:
    """Count errors among judged crops; there must be at least one."""
    wrong = judged.labels != labels
    order = np.argsort(-judged.confidence, kind="stable")
    coverage = []
    for share in COVERAGES:
        kept = order[: round(share * len(order))]
        if kept.size:
            least = round(float(judged.confidence[kept[-1]]), 4)
            coverage.append((share, least, int(wrong[kept].sum())))
    return Figures(
        images=len(labels),
        errors=int(wrong.sum()),
        error=round(float(wrong.mean()), 6),
        expected_calibration_error=round(calibration_error(judged.confidence, ~wrong), 6),
        coverage=tuple(coverage),
    )


def by_hand(model: svm.Model, digits: Digits) -> dict[str, object]:
    """Describe for the card how a model reads digits of other hands, as published: the share that
    is right, and the same for each way of writing that is often misread (`STYLES`)."""
    judged = model.classify(digits.images)
    right = judged.labels == digits.labels
    sure = judged.confidence >= SURE
    wrong = ~right & (judged.labels >= 0)
    styles = {
        name: (digits.labels == value) & shaped(digits.images)
        for name, (value, shaped) in STYLES.items()
    }
    return {
        "images": len(digits),
        "right": round(float(right.mean()), 4),
        "rejected": round(float((judged.labels < 0).mean()), 4),
        "sure": int(sure.sum()),
        "wrong_and_sure": int((wrong & sure).sum()),
        "one_read_as_seven_and_sure": int(
            ((digits.labels == 1) & (judged.labels == 7) & sure).sum()
        ),
        "styles": {
            name: {"images": int(own.sum()), "right": int(right[own].sum())}
            for name, own in styles.items()
            if own.any()
        },
    }


def _holes(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell in which crops (N, 28, 28) ink goes all around something, (N,)."""
    return np.array(
        [
            len(cv2.findContours((image > 90).view(np.uint8), cv2.RETR_CCOMP, NO_CHAIN)[0]) > 1
            for image in images
        ],
        bool,
    )


def _wide(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which crops (N, 28, 28) are more than 0.4 times as wide as high, (N,)."""
    ink = images > 90
    across, down = ink.any(axis=1).sum(axis=1), ink.any(axis=2).sum(axis=1)
    return np.asarray(across > 0.4 * down)


def _crossed(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell in which crops (N, 28, 28) a bar crosses the middle: a row of the third to the sixth
    tenth of the height has half as much ink again as the rows around it in the mean, (N,)."""
    rows = (images > 90).sum(axis=2)[:, 4:24]
    middle = rows[:, 6:14]
    return np.asarray(middle.max(axis=1) > 1.5 * np.median(rows[:, 5:], axis=1) + 1)


def calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over 15 bins of equal width: the mean difference
    between confidence and share of right labels (Guo, Pleiss, Sun and Weinberger, "On calibration
    of modern neural networks", ICML 2017)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(bins, confidence - right.astype(np.float64), minlength=BINS)
    return float(np.abs(gap).sum() / len(confidence))


STYLES: Mapping[str, tuple[int, Callable[[NDArray[np.uint8]], NDArray[np.bool_]]]] = {
    "all 1s": (1, lambda images: np.ones(len(images), bool)),
    "1 with an upstroke": (1, _wide),
    "7 with a bar": (7, _crossed),
    "open 4": (4, lambda images: ~_holes(images)),
    "9 without a loop": (9, lambda images: ~_holes(images)),
    "2 without a loop": (2, lambda images: ~_holes(images)),
}
"""Ways of writing that machines trained on Americans alone misread: the digit, and what tells from
crops (N, 28, 28) which are written so, (N,)."""
