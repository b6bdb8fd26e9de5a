"""PURE. Shows where is read and where is not: regions with what they say, and masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from camd.config.settings import MaskSettings
from camd.display import paint
from camd.display.labels import ACCENT, AMBER
from camd.display.paint import Text
from camd.geometry import Corners
from camd.regions.view import pixels
from camd.values import Box, Image, RegionReading


@dataclass(frozen=True, slots=True)
class Tag:
    """Name and value of one region, at its upper left."""

    box: Box
    name: Text
    value: Text

    def paint(self, image: Image) -> None:
        x, y, wide, high = self.box
        paint.glass(image, self.box, 0.25 * high)
        pad = round(0.5 * self.name.size)
        self.name.write(image, x + pad, y + high / 2)
        self.value.write(image, x + wide - pad - self.value.width, y + high / 2)


_WHY = {
    "empty": "no digits",
    "unsure": "not sure of a digit",
    "rows": "more than one row",
    "count": "too many or too few digits",
    "pattern": "does not fit the pattern",
    "range": "outside of min and max",
    "decreased": "less than before",
    "step": "changed too much at once",
    "lost": "not found in the picture",
    "unseen": "not seen yet",
}


def why(status: str) -> str:
    """Say in words why a region has no value. A status without words is given as it is."""
    return _WHY.get(status, status)


def outline_regions(image: Image, regions: Sequence[RegionReading], unit: float) -> None:
    for region in regions:
        if region.outline:
            thickness = max(1, round(1.3 * unit))
            paint.polygon(image, region.outline, _colour(region), thickness)


def tags(image: Image, regions: Sequence[RegionReading], unit: float) -> list[Tag]:
    """Return the tags of the regions, each where it can be seen whole."""
    found = []
    for region in regions:
        if region.outline:
            size = max(10.5, 12 * unit)
            name = Text(region.name, size, paint.SILVER).shortened(0.5 * image.shape[1])
            value = Text(region.said, max(11, 15 * unit), _colour(region), 600)
            wide = name.width + value.width + round(1.6 * size)
            high = round(1.5 * value.size)
            left, top = np.min(region.outline, axis=0).tolist()
            gap = round(3 * unit)
            x = round(max(0, min(left, image.shape[1] - wide)))
            y = round(top - gap - high if top >= gap + high else top + gap)
            found.append(Tag((x, y, wide, high), name, value))
    return found


def hatch_masks(image: Image, masks: Sequence[MaskSettings], unit: float) -> None:
    """Hatch what is left out, and name it."""
    height, width = image.shape[:2]
    for mask in masks:
        outline = pixels(mask.polygon, (width, height))
        _hatch(image, outline, unit)
        paint.polygon(image, outline, paint.GREY, max(1, round(unit)))
        middle = np.mean(outline, axis=0)
        text = Text(mask.name, max(10.5, 12 * unit), paint.SILVER).shortened(width)
        high = round(1.5 * text.size)
        x, y = round(middle[0] - text.width / 2), round(middle[1] - high / 2)
        pad = round(0.5 * text.size)
        paint.glass(image, (x - pad, y, text.width + 2 * pad, high), 0.25 * high)
        text.write(image, x, y + high / 2)


def _hatch(image: Image, outline: Corners, unit: float) -> None:
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(outline).astype(np.int32)], (1,))
    step, thick = max(6, round(9 * unit)), max(1, round(1.3 * unit))
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    stripes = (inside > 0) & ((rows + columns) % step < thick)
    image[inside > 0] = (0.7 * image[inside > 0]).astype(np.uint8)
    image[stripes] = paint.GREY


def _colour(region: RegionReading) -> paint.Colour:
    return ACCENT if region.status == "ok" else AMBER
