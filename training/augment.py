"""Imitates more writers than MNIST has: draws each crop again, turned, sheared, bent, and with a
thinner or thicker pen.

The distortions are those of imgaug; the elastic ones follow Simard, Steinkraus and Platt, "Best
practices for convolutional neural networks applied to visual document analysis", ICDAR 2003. Crops
are enlarged first, because a stroke cannot become a third of a pixel thicker in a small picture.
In the end they are like MNIST crops again: ink in a box of 20x20, centre of mass in the middle.
That undoes every shift. So digits are shifted only by up to half a pixel, the accuracy to which
MNIST itself is centred.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import SIDE

if TYPE_CHECKING:
    from training.workers import Workers

if not hasattr(np, "sctypes"):  # imgaug 0.4.0 needs this table, which NumPy 2 dropped
    _sctypes = {
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64],
        "complex": [np.complex64, np.complex128],
        "others": [bool, object, bytes, str, np.void],
    }
    setattr(np, "sctypes", _sctypes)  # noqa: B010  (a plain assignment does not type-check)

from imgaug import augmenters as iaa

Crops = NDArray[np.uint8]

BOX = 20
"""Longer side of the ink in an MNIST crop, pixels."""
CENTRE = SIDE / 2
"""Where the centre of mass of an MNIST crop is, as a pixel index: 14.0 on average, with a spread of
0.29."""
ZOOM = 2
"""Crops are enlarged by this factor while they are distorted."""
CHUNK = 1000
"""How many crops are distorted at once; this limits the memory that is needed."""


@dataclass(frozen=True, slots=True)
class Distortion:
    """How much a crop may change at most. The change of each crop is drawn at random within these
    limits."""

    rotate: float = 7.0
    """Degrees in either direction."""
    shear: float = 7.0
    """Degrees in either direction."""
    stretch: float = 0.07
    """Change of width and of height as a share, drawn separately for the two."""
    elastic: float = 0.4
    """Greatest root mean square of the displacements, pixels of the crop."""
    smoothness: float = 4.0
    """Standard deviation of the Gaussian that smooths the displacements, pixels of the crop."""
    pen: float = 0.7
    """Greatest change of the stroke width, pixels of the crop."""
    blur: float = 0.4
    """Greatest standard deviation of the blur, pixels of the crop."""
    size: float = 0.04
    """By what share the box of the ink may be larger or smaller than 20 pixels."""
    off_centre: float = 0.5
    """How far the centre of mass may be from the middle along x and y, pixels."""


def distort(crops: Crops, how: Distortion, seed: int, workers: "Workers | None" = None) -> Crops:
    """Give one distorted version (N, 28, 28) uint8 of each of `crops`. Equal seeds give equal
    results, no matter whether this process or `workers` compute them."""
    distorted = np.empty_like(crops)
    starts = range(0, len(crops), CHUNK)
    tasks = [(crops[start : start + CHUNK], how, (seed, start)) for start in starts]
    if workers is None:
        for start, task in zip(starts, tasks, strict=True):
            distorted[start : start + CHUNK] = _chunk(*task)
        return distorted
    with workers.each(_chunk, (), tasks) as results:
        for i, part in results:
            distorted[starts[i] : starts[i] + CHUNK] = part
    return distorted


def _chunk(crops: Crops, how: Distortion, seed: tuple[int, ...]) -> Crops:
    rng = np.random.default_rng(seed)
    # imgaug smooths uniform noise (root mean square 1 / sqrt(3)) and multiplies it by alpha. `unit`
    # is the root mean square after smoothing, for alpha = 1.
    sigma = how.smoothness * ZOOM
    unit = 1 / np.sqrt(3) / (2 * np.sqrt(np.pi) * sigma)
    bend = iaa.Sequential(
        [
            iaa.Affine(
                rotate=(-how.rotate, how.rotate),
                shear=(-how.shear, how.shear),
                scale=dict.fromkeys("xy", (1 - how.stretch, 1 + how.stretch)),
            ),
            iaa.ElasticTransformation(alpha=(0, how.elastic * ZOOM / unit), sigma=sigma),
        ]
    )
    # With the argument `seed` instead, the steps inside would still use imgaug's global generator.
    bend.seed_(int(rng.integers(2**31)))
    large = np.stack(
        [cv2.resize(crop, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC) for crop in crops]
    )
    bent = bend.augment_images(large)
    return np.stack([_redraw(image, how, rng) for image in bent])


def _redraw(bent: Crops, how: Distortion, rng: np.random.Generator) -> Crops:
    """Make the strokes of one enlarged image thinner or thicker, and make it a crop again."""
    change = rng.uniform(-how.pen, how.pen) * ZOOM
    image = _pen(bent.astype(np.float32), change)
    blur = rng.uniform(0, how.blur) * ZOOM
    # When the image is shrunk, the pixels that become one must be averaged: this takes some blur in
    # any case.
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), max(blur, 0.35 * ZOOM)), np.float32)
    ink = image > 0.25 * image.max()
    if not ink.any():
        return np.zeros((SIDE, SIDE), np.uint8)
    width, height = cv2.boundingRect(ink.astype(np.uint8))[2:]
    moments = cv2.moments(image)
    scale = BOX / max(width, height) * (1 + rng.uniform(-how.size, how.size))
    off = rng.uniform(-how.off_centre, how.off_centre, 2) + CENTRE
    move = np.array(
        [
            [scale, 0, off[0] - scale * moments["m10"] / moments["m00"]],
            [0, scale, off[1] - scale * moments["m01"] / moments["m00"]],
        ]
    )
    crop = cv2.warpAffine(image, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    full = float(np.percentile(crop[crop > 0.5 * crop.max()], 60))
    return np.asarray(np.clip(crop * (255 / full), 0, 255), np.uint8)


def _pen(image: NDArray[np.float32], change: float) -> NDArray[np.float32]:
    """Make strokes `change` pixels wider, or thinner where it is negative. Strokes can only grow in
    whole steps, one pixel on either side. For anything between, the images before and after the
    last step are mixed."""
    steps = abs(change) / 2
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    grow = cv2.dilate if change > 0 else cv2.erode
    less = grow(image, kernel, iterations=int(steps)) if steps >= 1 else image
    more = grow(less, kernel)
    share = steps - int(steps)
    mixed = (1 - share) * less + share * more
    # If the strokes would vanish, the image is left as it is.
    return np.asarray(mixed if mixed.max() > 0.5 * image.max() else image, np.float32)
