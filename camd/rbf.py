"""PURE. The RBF kernel between a batch of inputs and the support vectors of a machine."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from camd.features import FloatArray

CHUNK = 32
"""Inputs at once: their kernel values stay in the second-level cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """exp(-gamma |x - s|²) = exp(x.s - |x|² / 2 - |s|² / 2), both scaled by sqrt(2 gamma): with two
    columns more, the exponent is one matrix product."""

    factor: FloatArray
    """(P + 2, S): the support vectors, ones, and half their squared lengths, negative."""

    @classmethod
    def of(cls, vectors: FloatArray) -> "Kernel":
        """Take support vectors (S, P), scaled by sqrt(2 gamma)."""
        return cls(np.ascontiguousarray(_widened(vectors, 1, -_half_norms(vectors)).T))

    def values(self, inputs: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Give the values (n, S) of inputs (N, P), scaled like the vectors, slice by slice of N.

        The array is used again for the next slice."""
        widened = _widened(inputs, -_half_norms(inputs), 1)
        room = np.empty((min(CHUNK, len(inputs)), self.factor.shape[1]), np.float32)
        for start in range(0, len(inputs), CHUNK):
            part = widened[start : start + CHUNK]
            kernel = np.matmul(part, self.factor, out=room[: len(part)])
            np.exp(kernel, out=kernel)
            yield slice(start, start + len(part)), kernel


def _widened(rows: FloatArray, *columns: FloatArray | float) -> FloatArray:
    widened = np.empty((len(rows), rows.shape[1] + len(columns)), np.float32)
    widened[:, : -len(columns)] = rows
    for i, column in enumerate(columns):
        widened[:, i - len(columns)] = column
    return widened


def _half_norms(rows: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.einsum("ij,ij->i", rows, rows), np.float32)
