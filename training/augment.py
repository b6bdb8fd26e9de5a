"""More writers than MNIST has: each crop drawn again, turned, leant, bent, with another pen.

The distortions are imgaug's; elastic ones as in Simard, Steinkraus and Platt, "Best practices for
convolutional neural networks applied to visual document analysis", ICDAR 2003. They are drawn
larger than life, because a stroke can only get a third of a pixel thicker where there are pixels
for it, and end as MNIST crops do: ink in a box of 20x20, centre of mass in the middle. That undoes
every shift, so there is none here beyond the fraction of a pixel to which MNIST is centred.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import SIDE

if TYPE_CHECKING:
    from training.workers import Workers

if not hasattr(np, "sctypes"):  # imgaug 0.4.0 reads this table at import; NumPy 2 dropped it
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
CENTRE = SIDE / 2
"""Where MNIST's centres of mass lie, as a pixel index: 14.0 on average, 0.29 to either side."""
ZOOM = 2
CHUNK = 1000
"""Crops distorted at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Distortion:
    """How far a crop may go; each value is drawn anew for each crop."""

    rotate: float = 7.0
    """Degrees to either side."""
    shear: float = 7.0
    """Degrees to either side."""
    stretch: float = 0.07
    """Share of the width and of the height, each by itself."""
    elastic: float = 0.4
    """Greatest root mean square of the displacements, pixels of the crop."""
    smoothness: float = 4.0
    """Standard deviation of the Gaussian over the displacements, pixels of the crop."""
    pen: float = 0.7
    """Greatest change of the stroke width, pixels of the crop."""
    blur: float = 0.4
    """Greatest standard deviation of the blur, pixels of the crop."""
    size: float = 0.04
    """Share by which the box may miss its 20 pixels."""
    off_centre: float = 0.5
    """Pixels to either side."""


def distort(crops: Crops, how: Distortion, seed: int, workers: "Workers | None" = None) -> Crops:
    """Give one distorted version (N, 28, 28) uint8 of each of `crops`; equal seeds give equal
    results, whoever computes them: this process, or `workers`."""
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
    # The smoothed noise of one unit has this root mean square (uniform noise: 1 / sqrt(3)).
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
    # Not the argument `seed`, which leaves the children to imgaug's global generator.
    bend.seed_(int(rng.integers(2**31)))
    large = np.stack(
        [cv2.resize(crop, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC) for crop in crops]
    )
    bent = bend.augment_images(large)
    return np.stack([_redraw(image, how, rng) for image in bent])


def _redraw(bent: Crops, how: Distortion, rng: np.random.Generator) -> Crops:
    """Change the pen of one large image, and make it a crop again."""
    change = rng.uniform(-how.pen, how.pen) * ZOOM
    image = _pen(bent.astype(np.float32), change)
    blur = rng.uniform(0, how.blur) * ZOOM
    # Shrinking averages over ZOOM pixels anyway; below that nothing must be blurred.
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
    """Make strokes `change` pixels wider, or thinner where it is negative: a mixture of the two
    whole steps around it, each step one pixel on either side."""
    steps = abs(change) / 2
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    grow = cv2.dilate if change > 0 else cv2.erode
    less = grow(image, kernel, iterations=int(steps)) if steps >= 1 else image
    more = grow(less, kernel)
    share = steps - int(steps)
    mixed = (1 - share) * less + share * more
    # A thin stroke must not vanish.
    return np.asarray(mixed if mixed.max() > 0.5 * image.max() else image, np.float32)
