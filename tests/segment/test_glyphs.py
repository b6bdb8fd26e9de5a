import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.segment.segmentation import Segmentation, segment
from camd.values import Reason
from tests.sheets import Sheet, paper, write


def look(sheet: Sheet) -> Segmentation:
    return segment(sheet, SegmentSettings())


def on_a_table(turn: float, dark: int) -> Sheet:
    sheet = write(paper(noise=0), "2358", (200, 270))
    turned = cv2.getRotationMatrix2D((320, 240), turn, 1.0)
    cover = np.zeros((480, 640), np.float32)
    cv2.rectangle(cover, (170, 130), (480, 350), 1, -1)
    cover = cv2.warpAffine(cover, turned, (640, 480))[:, :, None]
    table = paper(level=dark, noise=0).astype(np.float32)
    shadow = cv2.GaussianBlur(np.roll(cover, (7, 5), (0, 1)), (0, 0), 9)[:, :, None]
    table *= 1 - 0.45 * shadow
    laid = cv2.warpAffine(sheet, turned, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    scene = cv2.GaussianBlur(laid * cover + table * (1 - cover), (0, 0), 0.8)
    scene += np.random.default_rng(5).normal(0, 2, scene.shape)
    return np.clip(scene, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn", [0, 7, 30])
@pytest.mark.parametrize("dark", [25, 90, 160])
def test_edges_of_a_sheet_on_a_table_are_no_strokes(turn: float, dark: int) -> None:
    found = look(on_a_table(turn, dark))
    assert len(found.glyphs) == 4
    assert all(200 < glyph.box[0] < 440 for glyph in found.glyphs)


def test_edge_is_told_as_such() -> None:
    assert Reason.ONE_SIDED in {mark.reason for mark in look(on_a_table(7, 25)).rejected}
