"""PURE. Digit or not: a support vector machine of its own, on the features of the other.

One more class of the digits' own machine does the same on crops, but moves its duels between
digits too, and costs it errors; and whatever this one turns away, the other need not look at.
"""

from dataclasses import dataclass

import numpy as np

from camd.model_check import Arrays, Meta
from camd.rbf import Kernel
from camd.values import FloatArray

PASS = -0.8
"""Least decision value of what may be a digit: below the middle, because what is turned away here
no neighbourhood can win back."""


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A support vector machine of two classes, and what its decision values mean."""

    kernel: Kernel
    coefs: FloatArray
    """(S,)."""
    intercept: np.float32
    calibration: FloatArray
    """(2, m) decision values and probabilities."""

    @classmethod
    def of(cls, arrays: Arrays, prefix: str, gamma: float) -> "Machine":
        """Make the machine from the arrays of a model file whose names begin with `prefix`."""
        scale = np.float32(np.sqrt(2 * gamma))
        return cls(
            Kernel.of(arrays[f"{prefix}vectors"].astype(np.float32) * scale),
            arrays[f"{prefix}coefs"],
            arrays[f"{prefix}intercept"][0],
            arrays[f"{prefix}calibration"],
        )

    def values(self, seen: FloatArray) -> FloatArray:
        """Give the decision values (N,) of what the kernel sees, (N, Q) scaled by sqrt(2 gamma)."""
        values = np.empty(len(seen), np.float32)
        for part, kernel in self.kernel.values(seen):
            values[part] = kernel @ self.coefs
        values += self.intercept
        return values

    def probability(self, values: FloatArray) -> FloatArray:
        """Give the calibrated probability (N,) that something is a digit."""
        return np.interp(values, *self.calibration).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Quick:
    """A small machine that answers the clear cases before the full one is asked: a cascade."""

    machine: Machine
    width: int
    """It sees so many of the first components that the full one sees."""
    scale: np.float32
    """sqrt(gamma of this one / gamma of the full one)."""
    digit: float
    """Least decision value of what is clearly a digit."""
    other: float
    """Greatest one of what clearly is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    projection: FloatArray
    """(D, Q), scaled by sqrt(2 gamma), as is the offset."""
    offset: FloatArray
    """(Q,)."""
    full: Machine
    quick: Quick | None = None

    def judge(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give the decision values (N,) of features (N, D), the greater, the likelier a digit, and
        the probabilities (N,) that they are digits."""
        seen = features @ self.projection
        seen += self.offset
        if self.quick is None:
            values = self.full.values(seen)
            return values, self.full.probability(values)
        quick = self.quick
        values = quick.machine.values(seen[:, : quick.width] * quick.scale)
        likely = quick.machine.probability(values)
        unclear = np.flatnonzero((values > quick.other) & (values < quick.digit))
        if len(unclear):
            values[unclear] = self.full.values(seen[unclear])
            likely[unclear] = self.full.probability(values[unclear])
        return values, likely


def build(arrays: Arrays, meta: Meta) -> Gate | None:
    """Make the gate of a model file, where it has one."""
    if "gate_vectors" not in arrays:
        return None
    gamma = meta["gate_gamma"]
    scale = np.float32(np.sqrt(2 * gamma))
    quick = None
    if "gate_quick_vectors" in arrays:
        own = meta["gate_quick_gamma"]
        quick = Quick(
            Machine.of(arrays, "gate_quick_", own),
            arrays["gate_quick_vectors"].shape[1],
            np.float32(np.sqrt(own / gamma)),
            meta["gate_quick_digit"],
            -meta["gate_quick_other"],
        )
    return Gate(
        arrays["gate_projection"] * scale,
        arrays["gate_offset"] * scale,
        Machine.of(arrays, "gate_", gamma),
        quick,
    )
