"""Measures how good a model file is: computes the figures of its card again."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camd.classify import svm
from camd.values import Classified
from training.digits import MNIST_SIZE, MNIST_TRAIN, Digits, hold_out, load, notebook_split

BINS = 15
"""Number of bins for the calibration error, as in the paper of Guo et al."""
COVERAGES = (1.0, 0.999, 0.995, 0.99, 0.98, 0.95, 0.9, 0.8)
"""Shares of the images for which errors are counted; those with the highest confidence are kept."""


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


def calibration_error(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over 15 bins of equal width: the mean difference
    between confidence and share of right labels (Guo, Pleiss, Sun and Weinberger, "On calibration
    of modern neural networks", ICML 2017)."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gap = np.bincount(bins, confidence - right.astype(np.float64), minlength=BINS)
    return float(np.abs(gap).sum() / len(confidence))
