"""PURE. The RBF kernel between a batch of features and the support vectors of a machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.values import FloatArray

CHUNK = 32
"""Inputs at once: their kernel values stay in the second-level cache."""
BLOCK = 64
"""Vectors a matrix product: small enough that OpenBLAS, on AVX-512, multiplies it where it lies.
A whole machine it copies first, which takes longer than the product of a frame's few crops."""


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """exp(-gamma |x - s|²) = exp(x.s - |x|² / 2 - |s|² / 2), both scaled by sqrt(2 gamma): with two
    columns more, the exponent is one matrix product. What it sees of features are some of their
    principal components."""

    matrix: FloatArray
    """(D, P), scaled."""
    offset: FloatArray
    """(P,), scaled."""
    blocks: FloatArray
    """(S / BLOCK rounded up, P + 2, BLOCK): the support vectors, ones, and half their squared
    lengths, negative; zeros after the last."""
    size: int
    """S."""

    @classmethod
    def of(
        cls, matrix: FloatArray, offset: FloatArray, vectors: NDArray[Any], gamma: float
    ) -> "Kernel":
        """Take support vectors (S, P) in the first P of the components that features (D,) @
        `matrix` + `offset` are."""
        scale = np.float32(np.sqrt(2 * gamma))
        width = vectors.shape[1]
        vectors = vectors.astype(np.float32) * scale
        rows = _widened(vectors, 1, -_half_norms(vectors))
        padded = np.pad(rows, ((0, -len(rows) % BLOCK), (0, 0)))
        blocks = padded.reshape(-1, BLOCK, rows.shape[1]).swapaxes(1, 2)
        return cls(
            np.ascontiguousarray(matrix[:, :width]) * scale,
            offset[:width] * scale,
            np.ascontiguousarray(blocks),
            len(vectors),
        )

    def values(self, features: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Give the values (n, S) of features (N, D), slice by slice of N.

        The array is used again for the next slice."""
        inputs = features @ self.matrix
        inputs += self.offset
        widened = _widened(inputs, -_half_norms(inputs), 1)
        count = len(self.blocks)
        room = np.empty((min(CHUNK, len(inputs)), count * BLOCK), np.float32)
        for start in range(0, len(inputs), CHUNK):
            part = widened[start : start + CHUNK]
            kernel = room[: len(part)]
            by_block = kernel.reshape(-1, count, BLOCK).swapaxes(0, 1)
            np.matmul(part, self.blocks, out=by_block)
            np.exp(kernel, out=kernel)
            yield slice(start, start + len(part)), kernel[:, : self.size]


def _widened(rows: FloatArray, *columns: FloatArray | float) -> FloatArray:
    widened = np.empty((len(rows), rows.shape[1] + len(columns)), np.float32)
    widened[:, : -len(columns)] = rows
    for i, column in enumerate(columns):
        widened[:, i - len(columns)] = column
    return widened


def _half_norms(rows: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.einsum("ij,ij->i", rows, rows), np.float32)
