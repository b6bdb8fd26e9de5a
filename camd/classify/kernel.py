"""PURE. The RBF kernel between a batch of features and the support vectors of a machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from camd.values import FloatArray

CHUNK = 32
"""Inputs at once: their kernel values stay in the second-level cache."""
BLOCK = 64
"""Vectors a matrix product, where OpenBLAS multiplies ones so small where they lie. A whole machine
it copies first, which takes longer than the product of a frame's few crops."""
SMALL_PRODUCTS = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""What OpenBLAS calls itself there: on AVX-512. Elsewhere a product of the whole machine takes two
thirds of the time."""
FEW = 4
"""Rows; fewer are multiplied one by one: OpenBLAS, on AVX2, takes twice as long for 2 or 3 at once
as for each of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Features to principal components."""

    matrix: FloatArray
    """(D, P)."""
    offset: FloatArray
    """(P,)."""

    @classmethod
    def of(cls, matrix: FloatArray, offset: FloatArray, width: int) -> "Projection":
        """Take the first `width` of the components."""
        return cls(np.ascontiguousarray(matrix[:, :width]), offset[:width])

    def components(self, features: FloatArray) -> FloatArray:
        """Give the components (N, P) of features (N, D)."""
        components = np.empty((len(features), len(self.offset)), np.float32)
        _multiply(features, self.matrix, components)
        components += self.offset
        return components


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """exp(-gamma |x - s|²) = exp(2 gamma x.s - gamma |x|² - gamma |s|²): with two columns more, the
    exponent is one matrix product."""

    gamma: float
    count: int
    """S, of support vectors."""
    blocks: FloatArray
    """(B, P + 2, S / B rounded up): the vectors times 2 gamma, ones, and their squared lengths
    times -gamma; zeros after the last."""

    @classmethod
    def of(cls, vectors: NDArray[Any], gamma: float) -> "Kernel":
        """Take support vectors (S, P)."""
        count, width = vectors.shape
        block = BLOCK if _small_products() else max(1, count)
        rows = np.zeros((-(-count // block) * block, width + 2), np.float32)
        plain = vectors.astype(np.float32)
        rows[:count, :width] = plain * np.float32(2 * gamma)
        rows[:count, width] = 1
        rows[:count, width + 1] = np.vecdot(plain, plain) * np.float32(-gamma)
        blocks = rows.reshape(-1, block, width + 2).swapaxes(1, 2)
        return cls(gamma, count, np.ascontiguousarray(blocks))

    def inputs(self, components: FloatArray) -> FloatArray:
        """Give what the vectors are multiplied with, (N, P + 2), of components (N, P or more)."""
        width = self.blocks.shape[1] - 2
        inputs = np.empty((len(components), width + 2), np.float32)
        seen = inputs[:, :width]
        seen[...] = components[:, :width]
        np.multiply(np.vecdot(seen, seen), np.float32(-self.gamma), out=inputs[:, width])
        inputs[:, width + 1] = 1
        return inputs

    def values(self, inputs: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Give the values (n, S) of `inputs`(components), slice by slice of N.

        The array is used again for the next slice."""
        many, _, block = self.blocks.shape
        room = np.empty((min(CHUNK, len(inputs)), many * block), np.float32)
        for start in range(0, len(inputs), CHUNK):
            part = inputs[start : start + CHUNK]
            kernel = room[: len(part)]
            if many == 1:
                _multiply(part, self.blocks[0], kernel)
            else:
                by_block = kernel.reshape(len(part), many, block).swapaxes(0, 1)
                np.matmul(part, self.blocks, out=by_block)
            _exp(kernel)
            yield slice(start, start + len(part)), kernel[:, : self.count]


@cache
def _small_products() -> bool:
    return any(blas.get("architecture") in SMALL_PRODUCTS for blas in threadpool_info())


def _multiply(rows: FloatArray, matrix: FloatArray, out: FloatArray) -> None:
    if len(rows) < FEW:
        np.matmul(rows[:, None], matrix, out=out[:, None])
    else:
        np.matmul(rows, matrix, out=out)


def _exp(kernel: FloatArray) -> None:
    # NumPy's takes five times as long on a processor without AVX-512. OpenCV takes nothing empty.
    if kernel.size:
        cv2.exp(kernel, dst=kernel)
