"""Sheets drawn for the tests of segmentation."""

import cv2
import numpy as np
from numpy.typing import NDArray

Sheet = NDArray[np.uint8]


def paper(width: int = 640, height: int = 480, level: int = 220, noise: float = 2.0) -> Sheet:
    rng = np.random.default_rng(5)
    grey = rng.normal(level, noise, (height, width))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def write(
    sheet: Sheet, text: str, at: tuple[int, int], height: int = 60, pen: int = 5, ink: int = 40
) -> Sheet:
    """Write text, `at` its lower left corner."""
    cv2.putText(
        sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, height / 22, (ink,) * 3, pen, cv2.LINE_AA
    )
    return sheet


def line(
    sheet: Sheet, start: tuple[int, int], end: tuple[int, int], pen: int = 5, ink: int = 40
) -> Sheet:
    cv2.line(sheet, start, end, (ink,) * 3, pen, cv2.LINE_AA)
    return sheet
