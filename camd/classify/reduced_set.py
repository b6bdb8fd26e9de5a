"""PURE. A reduced-set machine: a small machine of some hundred vectors. They were moved in training
until it says nearly the same as a machine with thousands of support vectors
(training/fit/reduced.py). It gives one score for each class; the value of a duel between two
classes is the difference of their scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify.kernel import Kernel, Projection
from camd.classify.one_vs_one import classified
from camd.values import Classified, DoubleArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    classes: NDArray[np.int64]
    projection: Projection
    kernel: Kernel
    weights: FloatArray
    """(S, n): what each of S vectors adds to the score of each of n classes."""
    intercepts: FloatArray
    """(n,): added to the scores."""
    calibration: DoubleArray
    """(2, k): margins, and for each the probability that the label is right."""

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], gamma: float) -> "Reduced":
        """Make the machine from the quick_* arrays of a model file."""
        vectors = arrays["quick_vectors"]
        return cls(
            arrays["classes"].astype(np.int64),
            Projection.of(arrays["projection"], arrays["offset"], vectors.shape[1]),
            Kernel.of(vectors, gamma),
            arrays["quick_weights"],
            arrays["quick_intercepts"],
            arrays["quick_calibration"].astype(np.float64),
        )

    def scores(self, features: FloatArray) -> FloatArray:
        """Give the score (N, n) of each class for features (N, D)."""
        scores = np.empty((len(features), len(self.intercepts)), np.float32)
        components = self.projection.components(features)
        for part, kernel in self.kernel.values(self.kernel.inputs(components)):
            np.matmul(kernel, self.weights, out=scores[part])
        scores += self.intercepts
        return scores

    def decide(self, features: FloatArray) -> tuple[IntArray, FloatArray]:
        """Give the winning classes (N,), by place, of features (N, D), and the values (N, n) of
        their duels with all classes; infinite with themselves."""
        scores = self.scores(features)
        winner = scores.argmax(axis=1)
        many = np.arange(len(scores))
        own = scores[many, winner][:, None] - scores
        own[many, winner] = np.inf
        return winner, own

    def won(self, winner: IntArray, own: FloatArray) -> Classified:
        """Turn what `decide` returned into labels, margins and confidence."""
        return classified(self.classes, self.calibration, winner, own.min(axis=1))
