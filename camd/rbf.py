"""PURE. The RBF kernel between a batch of features and the support vectors of a machine."""

from collections.abc import Iterable, Iterator, Sequence
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
    groups: tuple[FloatArray, ...]
    """Of each group of support vectors (S_g / BLOCK rounded up, P + 2, BLOCK): the vectors, ones,
    and half their squared lengths, negative; zeros after the last."""
    blocks: FloatArray
    """All of them, one after another in memory."""

    @classmethod
    def of(
        cls, matrix: FloatArray, offset: FloatArray, groups: Sequence[NDArray[Any]], gamma: float
    ) -> "Kernel":
        """Take groups of support vectors (S_g, P) in the first P of the components that features
        (D,) @ `matrix` + `offset` are."""
        scale = np.float32(np.sqrt(2 * gamma))
        width = groups[0].shape[1]
        counts = [-(-len(vectors) // BLOCK) for vectors in groups]
        blocks = np.zeros((sum(counts), width + 2, BLOCK), np.float32)
        parts = tuple(np.split(blocks, np.cumsum(counts)[:-1]))
        for part, vectors in zip(parts, groups, strict=True):
            scaled = vectors.astype(np.float32) * scale
            rows = filled(_widened(scaled, 1, -_half_norms(scaled)))
            part[:] = rows.reshape(-1, BLOCK, width + 2).swapaxes(1, 2)
        return cls(
            np.ascontiguousarray(matrix[:, :width]) * scale, offset[:width] * scale, parts, blocks
        )

    def values(
        self, features: FloatArray, some: Iterable[int] | None = None
    ) -> Iterator[tuple[slice, FloatArray]]:
        """Give the values (n, columns) of features (N, D), slice by slice of N, with all groups or
        `some`. As many columns belong to each as the vectors `filled`.

        The array is used again for the next slice."""
        parts = [self.blocks] if some is None else [self.groups[i] for i in some]
        inputs = features @ self.matrix
        inputs += self.offset
        widened = _widened(inputs, -_half_norms(inputs), 1)
        count = sum(map(len, parts))
        room = np.empty((min(CHUNK, len(inputs)), count * BLOCK), np.float32)
        for start in range(0, len(inputs), CHUNK):
            part = widened[start : start + CHUNK]
            kernel = room[: len(part)]
            by_block = kernel.reshape(-1, count, BLOCK).swapaxes(0, 1)
            first = 0
            for blocks in parts:
                np.matmul(part, blocks, out=by_block[first : first + len(blocks)])
                first += len(blocks)
            np.exp(kernel, out=kernel)
            yield slice(start, start + len(part)), kernel


def filled(rows: FloatArray) -> FloatArray:
    """Add zeros to what belongs to vectors (S, ...), so that they fill whole blocks."""
    return np.pad(rows, ((0, -len(rows) % BLOCK), *((0, 0) for _ in rows.shape[1:])))


def _widened(rows: FloatArray, *columns: FloatArray | float) -> FloatArray:
    widened = np.empty((len(rows), rows.shape[1] + len(columns)), np.float32)
    widened[:, : -len(columns)] = rows
    for i, column in enumerate(columns):
        widened[:, i - len(columns)] = column
    return widened


def _half_norms(rows: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.einsum("ij,ij->i", rows, rows), np.float32)
