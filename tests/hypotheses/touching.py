"""Sheets with digits that touch."""

import cv2
import numpy as np

from tests.sheets import Sheet, line, paper

PALE = np.zeros((28, 28), np.uint8)


def rings(sheet: Sheet, *, joined: bool = True) -> Sheet:
    """Draw two zeros."""
    for x in (290, 360):
        cv2.ellipse(sheet, (x, 240), (28, 40), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    return line(sheet, (317, 240), (333, 236), pen=6) if joined else sheet


def ring(sheet: Sheet, x: int, y: int, height: int = 66) -> Sheet:
    """Draw a zero."""
    cv2.ellipse(sheet, (x, y), (22, height // 2 - 3), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    return sheet


def rows(many: int = 2, *, missing: int | None = None) -> Sheet:
    """Draw zeros that touch, one above the other, and beside each a row of others."""
    sheet = paper(640, 480)
    for row in range(many):
        ring(sheet, 200 + 10 * (row % 2), 100 + 73 * row, 76)
        for x in (290, 380, 470):
            if row != missing:
                ring(sheet, x, 98 + 75 * row)
    return sheet
