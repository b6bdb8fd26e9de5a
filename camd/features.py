"""PURE. Crops to feature vectors: how much ink edge runs in each direction, and where.

Gradient direction features after Liu, Nakashima, Sako and Fujisawa, "Handwritten digit
recognition: benchmarking of state-of-the-art techniques", Pattern Recognition 36 (2003), section 3:
Sobel gradient, each vector decomposed onto the two nearest of K directions, each direction map
sampled by Gaussians on a grid, square root. Every linear step is separable, so a whole batch goes
through a handful of matrix products.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

SIDE = 28
MARGIN = 2
"""Pixels around the crop that the gradient of its border ink spills into."""
CHUNK = 64
"""Crops at once, whose direction maps still fit a cache; memory does not grow with the batch."""

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scale:
    """One size of looking: gradients of the blurred crop, sampled on a grid."""

    blur: float
    """Standard deviation of the Gaussian before Sobel, pixels; 0 for none."""
    grid: int
    """Samples a side."""
    weight: float = 1.0
    """Factor of this scale's features, so that kernel distances can favour one scale."""


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    directions: int = 8
    """Even, 4 to 64."""
    scales: tuple[Scale, ...] = (Scale(0.0, 7),)

    def __post_init__(self) -> None:
        if self.directions % 2 or not 4 <= self.directions <= 64:
            raise ValueError(f"{self.directions} directions: must be even, 4 to 64")
        for scale in self.scales:
            if not (0 <= scale.blur <= 8 and 1 <= scale.grid <= SIDE):
                raise ValueError(f"{scale}: blur must be 0 to 8, grid 1 to {SIDE}")

    @property
    def size(self) -> int:
        """Length of a feature vector."""
        return self.directions * sum(scale.grid**2 for scale in self.scales)

    def as_dict(self) -> dict[str, object]:
        """For the model file and its card; camd.model_file.spec_from reads it back."""
        scales = [[scale.blur, scale.grid, scale.weight] for scale in self.scales]
        return {"directions": self.directions, "scales": scales}


def extract(crops: NDArray[np.uint8], spec: FeatureSpec) -> FloatArray:
    """Give the features (N, spec.size) float32 of `crops` (N, 28, 28) uint8, ink bright on 0."""
    features = np.empty((len(crops), spec.size), np.float32)
    for start in range(0, len(crops), CHUNK):
        part = crops[start : start + CHUNK]
        rows = np.ascontiguousarray(part.transpose(1, 0, 2), np.float32) / np.float32(255)
        column = 0
        for scale in spec.scales:
            width = spec.directions * scale.grid**2
            features[start : start + len(part), column : column + width] = _at_scale(
                rows, scale, spec.directions
            )
            column += width
    return features


def _at_scale(rows: FloatArray, scale: Scale, directions: int) -> FloatArray:
    """Give (N, directions * grid²) of `rows` (28, N, 28): y first, so that a step along y is one
    product with the whole batch."""
    count = rows.shape[1]
    smooth, slope = _gradient_matrices(scale.blur)
    pool = _pool_matrix(scale.grid)
    padded = smooth.shape[0]
    flat = rows.reshape(SIDE, -1)
    across: FloatArray = np.matmul((smooth @ flat).reshape(-1, SIDE), slope.T)
    down: FloatArray = np.matmul((slope @ flat).reshape(-1, SIDE), smooth.T)
    maps = _decompose(across.reshape(padded, -1), down.reshape(padded, -1), directions)
    # (grid, y) @ (y, direction * N * x), then (..., x) @ (x, grid)
    pooled = (pool @ maps.reshape(padded, -1)).reshape(-1, padded) @ pool.T
    pooled = pooled.reshape(scale.grid, directions, count, scale.grid)
    # Rounding may leave a flat area a hair below zero.
    root = np.sqrt(np.maximum(pooled, 0, out=pooled), out=pooled)
    root *= np.float32(scale.weight)
    return root.transpose(2, 1, 0, 3).reshape(count, -1)


def _decompose(across: FloatArray, down: FloatArray, directions: int) -> FloatArray:
    """Split gradients (y, M) into (y, directions, M): each vector becomes the sides of the
    parallelogram along its two nearest directions, all others 0.

    The side along direction k falls from 1 to 0 on the way to either neighbour, so it is the
    lesser of the two cross products with the neighbours, where both are positive.
    """
    half = directions // 2
    step = 2 * np.pi / directions
    cross = np.empty((half, *across.shape), np.float32)
    spare = np.empty_like(across)
    for k in range(half):
        np.multiply(down, np.float32(np.cos(k * step) / np.sin(step)), out=cross[k])
        np.multiply(across, np.float32(np.sin(k * step) / np.sin(step)), out=spare)
        cross[k] -= spare
    sides = np.empty((across.shape[0], directions, across.shape[1]), np.float32)
    for k in range(half):
        # Direction k + half looks the other way: both its products are those of k, negative.
        # Neighbours beyond the half are such opposites themselves.
        before, after = cross[k - 1], cross[(k + 1) % half]
        if k == 0:
            before = -before
        if k < half - 1:
            after = np.negative(after, out=spare)
        np.maximum(np.minimum(before, after, out=sides[:, k]), 0, out=sides[:, k])
        opposite = np.maximum(before, after, out=sides[:, k + half])
        np.minimum(opposite, 0, out=opposite)
        np.negative(opposite, out=opposite)
    return sides


@cache
def _gradient_matrices(blur: float) -> tuple[FloatArray, FloatArray]:
    """Give the smoothing and the differentiating half of Sobel after a Gaussian, each
    (28 + 2 * MARGIN, 28), to be applied along one axis."""
    radius = int(np.ceil(3 * blur))
    offsets = np.arange(-radius, radius + 1)
    gauss = np.exp(-0.5 * (offsets / max(blur, 1e-6)) ** 2)
    gauss /= gauss.sum()
    return (
        _band(np.convolve(gauss, [0.25, 0.5, 0.25])),
        _band(np.convolve(gauss, [-0.5, 0.0, 0.5])),
    )


def _band(kernel: NDArray[np.float64]) -> FloatArray:
    """Write the correlation with `kernel` as a matrix, zeros assumed outside the crop."""
    matrix = np.zeros((SIDE + 2 * MARGIN, SIDE), np.float32)
    for row in range(matrix.shape[0]):
        for index, value in enumerate(kernel):
            column = row - MARGIN + index - len(kernel) // 2
            if 0 <= column < SIDE:
                matrix[row, column] = value
    return matrix


@cache
def _pool_matrix(grid: int) -> FloatArray:
    """Give the Gaussian samples (grid, 28 + 2 * MARGIN) of one axis; the standard deviation,
    sqrt(2) * interval / pi, is the sampling theorem's (Liu et al., section 3.1)."""
    padded = SIDE + 2 * MARGIN
    interval = padded / grid
    centres = (np.arange(grid) + 0.5) * interval - 0.5
    sigma = 2**0.5 * interval / np.pi
    weights: NDArray[np.float64] = np.exp(
        -0.5 * ((np.arange(padded)[None, :] - centres[:, None]) / sigma) ** 2
    )
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
