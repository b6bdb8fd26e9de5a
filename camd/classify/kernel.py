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
"""How many inputs are processed at once: the kernel values of so many stay in the second-level
cache of the processor."""
BLOCK = 64
"""How many support vectors are multiplied at once on processors of SMALL_PRODUCTS. OpenBLAS
multiplies a matrix of this size without copying it first. The vectors of a whole machine it would
copy, and the copy takes longer than the product with the few crops of a frame."""
SMALL_PRODUCTS = {"SkylakeX", "Cooperlake", "SapphireRapids"}
"""The names that OpenBLAS gives to processors with AVX-512, where BLOCK pays. On all others one
product with the whole machine is quicker: it takes two thirds of the time."""
FEW = 4
"""Fewer rows than this are multiplied one by one. On AVX2, OpenBLAS takes twice as long for two or
three rows together as for the same rows one after the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Turns features into principal components."""

    matrix: FloatArray
    """(D, P): features are multiplied with it."""
    offset: FloatArray
    """(P,): added to the product."""

    @classmethod
    def of(cls, matrix: FloatArray, offset: FloatArray, width: int) -> "Projection":
        """Make a projection onto only the first `width` of the components."""
        return cls(np.ascontiguousarray(matrix[:, :width]), offset[:width])

    def components(self, features: FloatArray) -> FloatArray:
        """Give the components (N, P) of features (N, D)."""
        components = np.empty((len(features), len(self.offset)), np.float32)
        _multiply(features, self.matrix, components)
        components += self.offset
        return components


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """Computes exp(-gamma |x - s|²) for inputs x and support vectors s. This is the same as
    exp(2 gamma x.s - gamma |x|² - gamma |s|²), whose exponent is one matrix product when inputs and
    vectors get two columns more."""

    gamma: float
    count: int
    """S, the number of support vectors."""
    blocks: FloatArray
    """(B, P + 2, S / B rounded up): in each column a vector times 2 gamma, a one, and its squared
    length times -gamma; zeros after the last vector."""

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
        """Make of components (N, P or more) the rows (N, P + 2) that the vectors are multiplied
        with."""
        width = self.blocks.shape[1] - 2
        inputs = np.empty((len(components), width + 2), np.float32)
        seen = inputs[:, :width]
        seen[...] = components[:, :width]
        np.multiply(np.vecdot(seen, seen), np.float32(-self.gamma), out=inputs[:, width])
        inputs[:, width + 1] = 1
        return inputs

    def values(self, inputs: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
        """Give the kernel values (n, S) of what `inputs` returned, slice by slice of its N rows.

        The array is overwritten by the next slice, so use it before you ask for more."""
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
    # NumPy's exp takes five times as long on a processor without AVX-512. OpenCV's refuses an empty
    # array.
    if kernel.size:
        cv2.exp(kernel, dst=kernel)
