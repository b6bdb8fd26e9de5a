"""PURE. Turns crops into feature vectors: how much edge of ink runs in each direction, and where.

Gradient direction features after Liu, Nakashima, Sako and Fujisawa, "Handwritten digit
recognition: benchmarking of state-of-the-art techniques", Pattern Recognition 36 (2003), section 3:
the Sobel gradient is taken, each gradient vector is split onto the two nearest of K directions,
the map of each direction is sampled by Gaussians on a grid, and the square root is taken. Every
linear step is separable, so a few matrix products serve a whole batch. Crops may be made upright
first (camd/classify/moments.py). What they lose by that, such as their slant, is then added at the
end of the vector as a few numbers.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.classify.moments import NUMBERS, Shapes, upright
from camd.values import SIDE, DoubleArray, FloatArray

MARGIN = 2
"""Pixels added on each side of the crop: the gradient of ink at its border reaches that far."""
CHUNK = 32
"""How many crops are processed at once. The direction maps of so many still fit into a processor
cache, and memory does not grow with the batch."""
LEAST_WEIGHT = 1e-9
"""Smaller weights of a sample's Gaussian are set to 0. All weights of one sample add up to 1."""
MOST_WEIGHT = 100.0
"""Greatest `FeatureSpec.shape` that is accepted."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One level of detail: gradients of the crop after some blur, sampled on a grid."""

    blur: float
    """Standard deviation, in pixels, of the Gaussian blur before the Sobel filter; 0 for none."""
    grid: int
    """Samples on each side of the square grid."""
    weight: float = 1.0
    """The features of this scale are multiplied by it: a greater weight lets this scale count for
    more in the distances that the kernel takes."""


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    directions: int = 8
    """How many directions a gradient is split onto: an even number, 4 to 64."""
    scales: tuple[Scale, ...] = (Scale(0.0, 7),)
    upright: float = 0.0
    """Crops are made upright, and the longer side of their ink becomes so many pixels; 0 leaves the
    crops as they are."""
    shape: float = 0.0
    """Weight of the numbers at the end of the vector, which tell slant, proportions and amount of
    ink; 0 leaves them out."""

    def __post_init__(self) -> None:
        if self.directions % 2 or not 4 <= self.directions <= 64:
            raise ValueError(f"{self.directions} directions: must be even, 4 to 64")
        for scale in self.scales:
            if not (0 <= scale.blur <= 8 and 1 <= scale.grid <= SIDE):
                raise ValueError(f"{scale}: blur must be 0 to 8, grid 1 to {SIDE}")
            if not 0 < scale.weight <= MOST_WEIGHT:
                raise ValueError(f"{scale}: weight must be above 0, {MOST_WEIGHT:g} at most")
        if not 0 <= self.upright <= 2 * SIDE:
            raise ValueError(f"upright {self.upright}: must be 0 to {2 * SIDE}")
        if not 0 <= self.shape <= MOST_WEIGHT:
            raise ValueError(f"shape {self.shape}: must be 0 to {MOST_WEIGHT:g}")

    @property
    def size(self) -> int:
        """Length of a feature vector."""
        numbers = NUMBERS if self.shape else 0
        return self.directions * sum(scale.grid**2 for scale in self.scales) + numbers

    def as_dict(self) -> dict[str, object]:
        """Return it for the model file and its card; camd.classify.model_schema.spec_from reads
        it back."""
        scales = [[scale.blur, scale.grid, scale.weight] for scale in self.scales]
        described: dict[str, object] = {"directions": self.directions, "scales": scales}
        return described | {"upright": self.upright, "shape": self.shape}


def extract(crops: NDArray[np.uint8], spec: FeatureSpec) -> FloatArray:
    """Give the features (N, spec.size) float32 of `crops` (N, 28, 28) uint8, bright ink on 0."""
    features = np.empty((len(crops), spec.size), np.float32)
    for start in range(0, len(crops), CHUNK):
        part = crops[start : start + CHUNK]
        own = features[start : start + CHUNK]
        if spec.upright or spec.shape:
            shapes = Shapes.of(part)
            if spec.upright:
                part = upright(part, shapes, spec.upright)
            if spec.shape:
                own[:, -NUMBERS:] = np.float32(spec.shape) * shapes.numbers()
        rows = part.transpose(1, 0, 2).astype(np.float32, order="C")
        column = 0
        for scale in spec.scales:
            width = spec.directions * scale.grid**2
            maps = own[:, column : column + width].reshape(
                len(part), spec.directions, scale.grid, scale.grid
            )
            _at_scale(rows, scale, maps)
            column += width
    return features


def _at_scale(rows: FloatArray, scale: Scale, maps: FloatArray) -> None:
    """Fill `maps` (N, directions, grid, grid) from `rows` (28, N, 28) of 0 to 255. The axis y comes
    first, so that a filter along y is one matrix product for the whole batch."""
    count, directions = maps.shape[:2]
    down, across = _gradient_matrices(scale.blur)
    pool_down, pool_across = _pool_matrices(scale)
    padded = pool_down.shape[1]
    stepped = (down @ rows.reshape(SIDE, -1)).reshape(2, -1, SIDE)
    gradient = np.matmul(stepped, across)
    sides = directions_of(gradient.reshape(2, -1), directions)
    # (..., x) @ (x, grid), then (grid, y) @ (directions, y, N * grid). Along x first, because that
    # step then is one matrix product.
    beside = (sides.reshape(-1, padded) @ pool_across).reshape(directions, padded, -1)
    pooled: FloatArray = np.matmul(pool_down, beside).reshape(-1, count * scale.grid)
    # Rounding may leave a flat area a hair below zero.
    cv2.threshold(pooled, 0, 0, cv2.THRESH_TOZERO, dst=pooled)
    root = np.sqrt(pooled, out=pooled)
    maps[...] = root.reshape(directions, scale.grid, count, scale.grid).transpose(2, 0, 1, 3)


def directions_of(gradient: FloatArray, directions: int) -> FloatArray:
    """Split gradients (2, M), across and down, into (directions, M): each vector becomes the sum of
    two parts along its two nearest directions; along all other directions it is 0.

    The part along direction k falls from 1 to 0 as the vector turns towards either neighbour of k.
    So it is the lesser of the cross products with the two neighbours, where both are positive.
    """
    half = directions // 2
    # Direction k + half points the opposite way, so its cross product is that of k with the sign
    # changed.
    cross: FloatArray = np.empty((directions, gradient.shape[1]), np.float32)
    np.matmul(_cross_matrix(directions), gradient, out=cross[:half])
    np.negative(cross[:half], out=cross[half:])
    # Sets negative values to 0. NumPy takes three times as long.
    cv2.threshold(cross, 0, 0, cv2.THRESH_TOZERO, dst=cross)
    # Direction k takes the lesser of the products of rows k - 1 and k + 1 + half, counted around.
    # It is done in three stretches of rows: a call for each direction would cost more.
    sides: FloatArray = np.empty_like(cross)
    np.minimum(cross[: half - 2], cross[half + 2 :], out=sides[1 : half - 1])
    np.minimum(cross[half - 2 : -1], cross[: half + 1], out=sides[half - 1 :])
    np.minimum(cross[-1], cross[half + 1], out=sides[0])
    return sides


@cache
def _cross_matrix(directions: int) -> FloatArray:
    """Give (directions / 2, 2): what a vector is multiplied with to get its cross product with each
    direction, divided by the sine of the angle between neighbouring directions."""
    step = 2 * np.pi / directions
    angles = np.arange(directions // 2) * step
    across, down = -np.sin(angles), np.cos(angles)
    return np.asarray(np.stack([across, down], axis=1) / np.sin(step), np.float32)


@cache
def _gradient_matrices(blur: float) -> tuple[FloatArray, FloatArray]:
    """Give the Sobel filter after a Gaussian blur as matrices, scaled for grey levels of 0 to 255.
    The first, (2 * padded, 28), works along y, for the gradient across and then for the one down;
    the second, (2, 28, padded), works along x."""
    radius = int(np.ceil(3 * blur))
    offsets = np.arange(-radius, radius + 1)
    gauss = np.exp(-0.5 * (offsets / max(blur, 1e-6)) ** 2)
    gauss /= gauss.sum()
    smooth = _band(np.convolve(gauss, [0.25, 0.5, 0.25]))
    slope = _band(np.convolve(gauss, [-0.5, 0.0, 0.5]))
    down = np.concatenate([smooth, slope]) / np.float32(255)
    return np.asarray(down, np.float32), np.stack([slope.T, smooth.T])


def _band(kernel: DoubleArray) -> FloatArray:
    """Write the correlation with `kernel` as a matrix; outside the crop everything is 0."""
    matrix = np.zeros((SIDE + 2 * MARGIN, SIDE), np.float32)
    for row in range(matrix.shape[0]):
        for index, value in enumerate(kernel):
            column = row - MARGIN + index - len(kernel) // 2
            if 0 <= column < SIDE:
                matrix[row, column] = value
    return matrix


@cache
def _pool_matrices(scale: Scale) -> tuple[FloatArray, FloatArray]:
    """Give the Gaussian samples (grid, 28 + 2 * MARGIN) along y, and those along x, transposed.
    The latter are multiplied by the square of the weight, because the square root of the features
    is taken later. The standard deviation, sqrt(2) * interval / pi, follows from the sampling
    theorem (Liu et al., section 3.1)."""
    padded = SIDE + 2 * MARGIN
    interval = padded / scale.grid
    centres = (np.arange(scale.grid) + 0.5) * interval - 0.5
    sigma = 2**0.5 * interval / np.pi
    weights: DoubleArray = np.exp(
        -0.5 * ((np.arange(padded)[None, :] - centres[:, None]) / sigma) ** 2
    )
    weights /= weights.sum(axis=1, keepdims=True)
    # Numbers so small that the processor has no normal format for them make each matrix product a
    # hundred times slower.
    weights[weights < LEAST_WEIGHT] = 0
    samples = weights.astype(np.float32)
    return samples, np.ascontiguousarray(samples.T * np.float32(scale.weight**2))
