"""Renders digits as a camera sees them. They are written with pens of all widths, photographed, and
cut out by the same segmentation that camd uses when it reads."""

import numpy as np

from training.digits import Digits
from training.render.hand import Hand
from training.render.lettering import Fonts
from training.render.negatives import Sources, render
from training.workers import Workers

NO_FONTS = Fonts((), ())


def photograph(
    digits: Digits,
    count: int,
    seed: int,
    workers: Workers | None = None,
    fonts: Fonts = NO_FONTS,
) -> Digits:
    """Give about `count` crops of photographed sheets. The sheets are written with `digits`, which
    must have all ten classes, and some are printed with `fonts`. `workers` render them, by default
    processes of this machine. Equal seeds give equal crops, no matter who renders them."""
    if not count:
        return digits.take(slice(0))
    hand = Hand(digits.images, digits.labels.astype(np.uint8), np.zeros((0, 105, 105), np.uint8))
    sources = Sources(hand, fonts)
    drawn = render(sources, count, seed, digits_alone=True, workers=workers)
    good = drawn.labels >= 0
    return Digits(drawn.crops[good], drawn.labels[good].astype(np.int64))
