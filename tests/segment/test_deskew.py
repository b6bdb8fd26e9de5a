import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.segment.crop import normalise
from camd.segment.deskew import slope, turn, turned
from camd.segment.segmentation import segment
from camd.values import Box, Glyph
from tests.sheets import Sheet, paper, write


def sheet(angle: float, text: str = "23574") -> Sheet:
    """Two rows of a text, turned so that they fall to the right by `angle` degrees."""
    page = paper(noise=0)
    for y in (200, 320):
        write(page, text, (150, y))
    matrix = cv2.getRotationMatrix2D((320, 240), -angle, 1.0)
    laid = cv2.warpAffine(page, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def look(angle: float) -> tuple[Glyph, ...]:
    return segment(sheet(angle), SegmentSettings()).glyphs


def boxes(glyphs: tuple[Glyph, ...]) -> list[Box]:
    return [glyph.box for glyph in glyphs]


@pytest.mark.parametrize("angle", [-14, -8, 8, 14])
def test_crops_of_a_turned_sheet_are_upright(angle: float) -> None:
    glyphs = look(angle)
    assert len(glyphs) == 10
    assert slope(boxes(glyphs)) == pytest.approx(angle, abs=1.5)
    upright = np.array([glyph.crop for glyph in look(0)], int)

    def off(crop: np.ndarray) -> float:
        return float(np.abs(upright - crop).mean(axis=(1, 2)).min())

    kept = sum(off(normalise(glyph.ink, glyph.stroke)) for glyph in glyphs)
    assert sum(off(glyph.crop) for glyph in glyphs) < 0.8 * kept
    assert {round(glyph.turn / angle) for glyph in glyphs} == {1}


def test_a_slant_of_a_few_degrees_is_left_alone() -> None:
    glyphs = look(3)
    assert {glyph.turn for glyph in glyphs} == {0}
    assert turn(boxes(glyphs)) == 0 != slope(boxes(glyphs))


def test_few_glyphs_say_nothing_of_a_turn() -> None:
    glyphs = look(14)[:2]
    assert slope(boxes(glyphs)) == 0
    assert slope([]) == 0


def test_turning_keeps_all_ink() -> None:
    bar = np.full((60, 10), 255, np.uint8)
    lying = turned(bar, 90)
    assert lying.shape == (12, 62)
    assert abs(int(lying.sum()) - int(bar.sum())) < 0.1 * bar.sum()
