"""Handwriting for rendered sheets: draws MNIST digits and Omniglot letters again with a pen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.errors import DataError

Bitmap = NDArray[np.uint8]
Mask = NDArray[np.float32]
"""(H, W) float32, 0..1: how much of a pixel is ink."""

TRAIN = 60_000
"""Number of MNIST's training images, which come first."""
FINE = 112
"""Samples are enlarged to a square of so many pixels a side before their strokes are traced."""


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """The samples of handwriting that are used to write."""

    images: Bitmap
    """(N, 28, 28) uint8, bright ink on 0."""
    labels: Bitmap
    """(N,) uint8, 0..9."""
    letters: Bitmap
    """(M, 105, 105) uint8, ink 255 on 0; M may be 0."""

    @classmethod
    def load(
        cls, mnist: Path, split: Literal["train", "test"], omniglot: Path | None = None
    ) -> "Hand":
        """Read MNIST (arrays x and y, training images first), and letters from a packed Omniglot.

        Use the part "train" only for training and the part "test" only for measuring. Raises
        DataError."""
        part = slice(None, TRAIN) if split == "train" else slice(TRAIN, None)
        try:
            with np.load(mnist, allow_pickle=False) as data:
                images, labels = data["x"][part], data["y"][part]
        except (OSError, KeyError, ValueError) as exc:
            raise DataError(f"{exc}: give the npz files that docs/demo.md describes") from exc
        none = np.zeros((0, 105, 105), np.uint8)
        return cls(images, labels, none if omniglot is None else read_letters(omniglot))

    def digit(self, rng: np.random.Generator, value: int) -> Bitmap:
        return np.asarray(self.images[rng.choice(np.flatnonzero(self.labels == value))])

    def letter(self, rng: np.random.Generator) -> Bitmap:
        return np.asarray(self.letters[rng.integers(len(self.letters))])


def read_letters(omniglot: Path) -> Bitmap:
    """Return the letters (M, 105, 105) of a packed Omniglot, ink 255 on 0. Raises DataError."""
    try:
        with np.load(omniglot, allow_pickle=False) as data:
            shape = tuple(data["shape"])
            bits = np.unpackbits(data["packed"], axis=1)[:, : shape[1] * shape[2]]
    except (OSError, KeyError, ValueError) as exc:
        raise DataError(f"{exc}: give the npz files that docs/demo.md describes") from exc
    return np.asarray(bits.reshape(shape) * np.uint8(255))


@dataclass(frozen=True, slots=True)
class Pen:
    width: float
    """Width of the strokes as a share of the height of a digit: 0.05 is a fine pen, 0.12 a
    felt-tip."""
    color: tuple[int, int, int]
    """Colour of the ink where it is thickest, BGR, 0..255."""
    evenness: float = 0.7
    """With 1 every stroke is `width` wide, with 0 as wide as the writer of the sample drew it."""


def write(bitmap: Bitmap, height: int, pen: Pen) -> Mask:
    """Draw a sample again with a pen. The result is cropped to its ink, which is `height` pixels
    high.

    The sample is enlarged smoothly and thinned to its centre lines. These are then drawn as wide
    as the pen. A simple threshold would show the pixels of the sample, and erosion would break it.
    """
    shape, spine = _trace(bitmap)
    inside = cv2.distanceTransform(shape, cv2.DIST_L2, 5)
    distance, nearest = cv2.distanceTransformWithLabels(
        1 - spine, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    points = np.nonzero(spine)
    own = np.zeros(int(nearest.max()) + 1, np.float32)
    own[nearest[points]] = inside[points]
    extent = _rows(spine > 0) / (1 - pen.width)
    half = pen.evenness * (pen.width * extent / 2) + (1 - pen.evenness) * own[nearest]
    # A loop that the writer has filled with ink has no centre line around it. So it is drawn
    # wider than the pen and stays filled.
    half += np.maximum(own[nearest] - 1.6 * float(np.median(own[nearest[points]])), 0)
    depth = (np.maximum(half, 1.0) - distance).astype(np.float32)
    # Smoothing hides the corners of the grid, which would look like a trembling pen. Where it would
    # make the finest strokes vanish, it is left out.
    smooth = cv2.GaussianBlur(depth, (0, 0), 1.5)
    depth = smooth if smooth.max() > 0 else depth
    scale = height / _rows(depth > 0)
    size = max(1, round(depth.shape[1] * scale)), max(1, round(depth.shape[0] * scale))
    fine = cv2.resize(depth * scale, size, interpolation=cv2.INTER_CUBIC)
    mask = np.clip(fine + 0.5, 0, 1)
    ys, xs = np.nonzero(mask > 0.3)
    return np.asarray(mask[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1], np.float32)


def pieces(ink: NDArray[np.bool_]) -> int:
    """Count the connected pieces of ink; those of less than a fiftieth of all ink do not count."""
    areas = cv2.connectedComponentsWithStats(ink.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA]
    return int(np.count_nonzero(areas >= 0.02 * areas.sum()))


def _rows(mask: NDArray[np.bool_]) -> int:
    """Return the height of the part that is True, pixels."""
    rows = np.flatnonzero(mask.any(axis=1))
    return int(rows[-1] - rows[0] + 1)


def _trace(bitmap: Bitmap) -> tuple[Bitmap, Bitmap]:
    """Return the shape of a sample and its centre lines, both uint8, 0 or 1, with sides of FINE and
    margins."""
    side = max(bitmap.shape)
    fine = cv2.resize(bitmap.astype(np.float32), (FINE, FINE), interpolation=cv2.INTER_CUBIC)
    pixel = FINE / min(side, 40)
    fine = cv2.GaussianBlur(fine, (0, 0), 0.45 * pixel)
    around = cv2.GaussianBlur(fine, (0, 0), 2.0 * pixel)
    # The inside of a small loop is grey, and so are thin strokes. The grey level alone cannot tell
    # them apart, so it is compared with that around.
    shape = (fine > 0.3 * fine.max()) & (fine > 0.95 * around)
    padded = np.pad(shape.astype(np.uint8), FINE // 8)
    return padded, _thin(padded)


def _thin(shape: Bitmap) -> Bitmap:
    """Thin to lines one pixel wide (Zhang and Suen, Comm. ACM 27(3), 1984). Nothing may touch the
    edge."""
    work = shape.copy()
    while True:
        removed = 0
        for removable in _REMOVABLE:
            around = cv2.filter2D(work, -1, _AROUND, borderType=cv2.BORDER_CONSTANT)
            drop = work & np.asarray(cv2.LUT(around, removable), np.uint8)
            work -= drop
            removed += cv2.countNonZero(drop)
        if not removed:
            return work


def _removable(*, first: bool) -> Bitmap:
    """Tell for each of the 256 sums of _AROUND whether the pixel in the middle goes, (256,) of 0
    and 1, in the first or the second half of a pass."""
    p = [np.arange(256) >> k & 1 for k in range(8)]
    count = np.sum(p, axis=0)
    turns = np.sum([(p[i] == 0) & (p[(i + 1) % 8] == 1) for i in range(8)], axis=0)
    if first:
        open_side = (p[0] * p[2] * p[4] == 0) & (p[2] * p[4] * p[6] == 0)
    else:
        open_side = (p[0] * p[2] * p[6] == 0) & (p[0] * p[4] * p[6] == 0)
    return np.asarray((count >= 2) & (count <= 6) & (turns == 1) & open_side, np.uint8)


_AROUND = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
"""The weights of the eight pixels around one, clockwise from the one above it."""
_REMOVABLE = (_removable(first=True), _removable(first=False))


def scribble(rng: np.random.Generator, height: int, width: int, thickness: float) -> Mask:
    """Draw loops without a meaning, (height, width)."""
    t = np.linspace(0, 1, 200)
    loops = rng.uniform(4, 9)
    phase = 2 * np.pi * loops * t
    wander = np.interp(t, np.linspace(0, 1, 6), rng.uniform(0.6, 1.0, 6))
    x = width * (0.12 + 0.76 * t) + 0.09 * width * wander * np.cos(phase)
    y = height * (0.5 + 0.4 * wander * np.sin(phase + rng.uniform(-0.5, 0.5)))
    mask = np.zeros((height, width), np.uint8)
    points = (np.stack([x, y], axis=1) * 16).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(mask, [points], False, 255, max(1, round(thickness)), cv2.LINE_AA, shift=4)
    return np.asarray(mask / np.float32(255), np.float32)
