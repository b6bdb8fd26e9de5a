"""PURE. Digit or not: a support vector machine of its own, on the features of the other.

One more class of the digits' own machine does the same on crops, but moves its duels between
digits too, and costs it errors; and whatever this one turns away, the other need not look at.
"""

from dataclasses import dataclass

import numpy as np

from camd.features import FloatArray
from camd.model_file import Arrays, Meta
from camd.rbf import Kernel

PASS = -0.8
"""Least decision value of what may be a digit: below the middle, because what is turned away here
no neighbourhood can win back."""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    projection: FloatArray
    """(D, Q), scaled by sqrt(2 gamma), as is the offset."""
    offset: FloatArray
    """(Q,)."""
    kernel: Kernel
    coefs: FloatArray
    """(S,)."""
    intercept: np.float32
    calibration: FloatArray
    """(2, m) decision values and probabilities."""

    def probability(self, values: FloatArray) -> FloatArray:
        """Give the calibrated probability (N,) that something is a digit."""
        return np.interp(values, *self.calibration).astype(np.float32)

    def values(self, features: FloatArray) -> FloatArray:
        """Give the decision value (N,) of features (N, D): the greater, the likelier a digit."""
        seen = features @ self.projection
        seen += self.offset
        values = np.empty(len(seen), np.float32)
        for part, kernel in self.kernel.values(seen):
            values[part] = kernel @ self.coefs
        values += self.intercept
        return values


def build(arrays: Arrays, meta: Meta) -> Gate | None:
    """Make the gate of a model file, where it has one."""
    if "gate_vectors" not in arrays:
        return None
    scale = np.float32(np.sqrt(2 * meta["gate_gamma"]))
    vectors = arrays["gate_vectors"].astype(np.float32) * scale
    return Gate(
        arrays["gate_projection"] * scale,
        arrays["gate_offset"] * scale,
        Kernel.of(vectors),
        arrays["gate_coefs"],
        arrays["gate_intercept"][0],
        arrays["gate_calibration"],
    )
