"""PURE. The gate decides whether something is a digit at all. It is a support vector machine of its
own, on the same features as the machine that tells digits apart.

The machine for digits could have one more class, "no digit", instead. On crops that works as well,
but it changes the duels between digits, too, and costs errors there. And with a gate, the machine
for digits need not look at what the gate turns away.
"""

from dataclasses import dataclass

import numpy as np

from camd.classify.cascade import Quick
from camd.classify.kernel import Kernel, Projection
from camd.classify.model_schema import Arrays, Meta
from camd.values import DoubleArray, FloatArray

PASS = -1.0
"""Least decision value of what may be a digit: the margin of the side that is no digit. It lies
below 0, the middle: what the gate turns away is lost, while what it lets through can still be
rejected later for what lies around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A support vector machine of two classes, and what its decision values mean."""

    kernel: Kernel
    coefs: FloatArray
    """(S,): the weights of the support vectors."""
    intercept: np.float32
    calibration: DoubleArray
    """(2, m): decision values, and for each the probability of a digit."""

    @classmethod
    def of(cls, arrays: Arrays, prefix: str, gamma: float) -> "Machine":
        """Make the machine from the arrays of a model file whose names begin with `prefix`."""
        return cls(
            Kernel.of(arrays[f"{prefix}vectors"], gamma),
            arrays[f"{prefix}coefs"],
            arrays[f"{prefix}intercept"][0],
            arrays[f"{prefix}calibration"].astype(np.float64),
        )

    def values(self, components: FloatArray) -> FloatArray:
        """Give the decision values (N,) of components (N, P). A greater value means that a digit
        is more likely."""
        values = np.empty(len(components), np.float32)
        for part, kernel in self.kernel.values(self.kernel.inputs(components)):
            values[part] = kernel @ self.coefs
        values += self.intercept
        return values

    def probability(self, values: FloatArray) -> FloatArray:
        """Give the calibrated probability (N,) that something is a digit."""
        return np.interp(values, *self.calibration).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    projection: Projection
    full: Machine
    quick: Quick[Machine] | None = None

    def judge(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the decision values (N,) of features (N, D), and the probabilities (N,) that they
        are digits."""
        components = self.projection.components(features)
        if self.quick is None:
            values = self.full.values(components)
            return values, self.full.probability(values)
        quick = self.quick
        values = quick.machine.values(components)
        likely = quick.machine.probability(values)
        unclear = quick.unclear(values)
        if len(unclear):
            values[unclear] = self.full.values(components[unclear])
            likely[unclear] = self.full.probability(values[unclear])
        return values, likely


def build(arrays: Arrays, meta: Meta) -> Gate | None:
    """Make the gate of a model file, where it has one."""
    if "gate_vectors" not in arrays:
        return None
    quick = None
    if "gate_quick_vectors" in arrays:
        quick = Quick(
            Machine.of(arrays, "gate_quick_", meta["gate_quick_gamma"]),
            meta["gate_quick_digit"],
            -meta["gate_quick_other"],
        )
    return Gate(
        Projection.of(arrays["gate_projection"], arrays["gate_offset"], arrays["gate_offset"].size),
        Machine.of(arrays, "gate_", meta["gate_gamma"]),
        quick,
    )
