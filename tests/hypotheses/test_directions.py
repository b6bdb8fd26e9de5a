from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from benchmarks.angles import turned
from camd import paths
from camd.classify import svm
from camd.config.settings import SegmentSettings
from camd.hypotheses.directions import along, lean, ways, worth_of
from camd.segment.binarize import to_grey
from camd.segment.segmentation import segment
from camd.values import Classified, Glyph
from tests.sheets import line, paper, write

MODEL = svm.load(paths.model_file())


def classify(glyphs: Sequence[Glyph]) -> Classified:
    return MODEL.classify(np.array([glyph.crop for glyph in glyphs], np.uint8).reshape(-1, 28, 28))


def likeliest(text: str, angle: int) -> list[int]:
    sheet = turned(write(paper(), text, (120, 260)), angle)
    return ways(segment(sheet, SegmentSettings()).glyphs, classify)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_quarters_are_found(angle: int) -> None:
    assert likeliest("23457", angle)[0] == 360 - angle


@pytest.mark.parametrize("angle", [45, 135, 225, 315])
def test_what_lies_between_them_is_found_about(angle: int) -> None:
    assert likeliest("23457", angle)[0] == pytest.approx(360 - angle, abs=15)


@pytest.mark.parametrize("angle", [60, 120, 240, 300])
def test_rows_tell_the_direction_where_a_slant_misleads(angle: int) -> None:
    upright = write(paper(), "2345723", (40, 260))
    slant = np.array([[1, -0.36, 94], [0, 1, 0]])
    leaning = cv2.warpAffine(upright, slant, upright.shape[1::-1], borderValue=(225,) * 3)
    sheet = turned(np.asarray(leaning, np.uint8), angle)
    found = ways(segment(sheet, SegmentSettings()).glyphs, classify)
    assert found[0] == pytest.approx(360 - angle, abs=6)


def test_upright_writing_has_no_other_way() -> None:
    assert likeliest("23457", 0) == []


def test_one_glyph_tells_nothing() -> None:
    assert likeliest("4", 180) == []
    assert ways([], classify) == []


def test_nobody_is_sure_of_a_scribble() -> None:
    assert worth_of(np.array([0.5, 0.6, 0.0], np.float32)) == 0
    assert worth_of(np.array([[1.0, 1.0], [0.8, 0.0]], np.float32)) == pytest.approx([2, 0.5])


@pytest.mark.parametrize("angle", [30, 45, 60])
def test_rules_tell_by_how_much_a_sheet_is_turned(angle: int) -> None:
    sheet = paper()
    for y in (100, 220, 340):
        line(sheet, (20, y), (620, y), pen=2)
    back = lean(to_grey(turned(sheet, angle)))
    assert (back + angle + 45) % 90 - 45 == pytest.approx(0, abs=5)


def test_level_rules_and_bare_paper_lean_nowhere() -> None:
    assert lean(to_grey(paper())) == 0
    assert lean(to_grey(line(paper(), (20, 100), (620, 110), pen=2))) == 0


def test_along_is_the_nearest_direction_in_which_lines_are_level() -> None:
    assert [along(way, -30) for way in (255, 230, 40, 350)] == [240, 240, 60, 330]
