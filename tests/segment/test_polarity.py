import cv2
import numpy as np

from camd.config.settings import SegmentSettings
from camd.segment.components import components
from camd.segment.polarity import plates
from camd.segment.segmentation import segment
from tests.sheets import Sheet, paper, write


def label(turn: float = 0.0) -> Sheet:
    """A white label with dark digits, far away on a board that is written on with chalk."""
    board = paper(1280, 720, level=60, noise=0)
    for y in (180, 640):
        write(board, "31415926535", (60, y), 120, pen=12, ink=230)
    written = write(paper(200, 110, level=230, noise=0), "4071", (30, 70), height=34, pen=3)
    matrix = cv2.getRotationMatrix2D((100, 55), turn, 1.0)
    matrix[:, 2] += (520, 290)
    cover = cv2.warpAffine(np.ones((110, 200), np.float32), matrix, (1280, 720))[:, :, None]
    laid = cv2.warpAffine(written, matrix, (1280, 720))
    scene = cv2.GaussianBlur(laid * cover + board * (1 - cover), (0, 0), 0.8)
    scene += np.random.default_rng(5).normal(0, 2, scene.shape)
    return np.clip(scene, 0, 255).astype(np.uint8)


def inside(box: tuple[int, int, int, int]) -> bool:
    x, y, width, height = box
    return x > 515 and x + width < 725 and y > 270 and y + height < 420


def test_dark_digits_on_a_label_are_found_beside_chalk() -> None:
    for turn in (0.0, 12.0):
        found = segment(label(turn), SegmentSettings())
        boxes = [glyph.box for glyph in found.glyphs]
        assert sum(inside(box) for box in boxes) == 4
        assert sum(not inside(box) for box in boxes) == 22


def test_only_the_polarity_asked_for_is_looked_for() -> None:
    found = segment(label(), SegmentSettings(polarity="light"))
    assert sum(inside(glyph.box) for glyph in found.glyphs) < 4


def mask(hole: int, side: int = 100) -> np.ndarray:
    drawn = np.zeros((200, 300), np.uint8)
    drawn[50 : 50 + side, 80 : 80 + 2 * side] = 255
    drawn[60 : 60 + hole, 90 : 90 + hole] = 0
    return drawn


def found(drawn: np.ndarray) -> list[tuple[int, int, int, int]]:
    grey = 255 - drawn
    return [plate.box for plate in plates(grey, components(drawn), least=12)]


def test_a_plate_is_solid_and_written_on() -> None:
    assert found(mask(hole=30)) == [(80, 50, 200, 100)]
    assert found(mask(hole=0)) == []


def test_a_frame_around_something_is_none() -> None:
    drawn = mask(hole=0)
    drawn[55:145, 85:275] = 0
    assert found(drawn) == []


def test_a_blot_is_none() -> None:
    drawn = np.zeros((200, 300), np.uint8)
    cv2.circle(drawn, (150, 100), 80, 255, -1)
    drawn[90:110, 140:160] = 0
    assert found(drawn) == []


def test_what_lies_around_a_plate_takes_its_colour() -> None:
    drawn = np.zeros((200, 300), np.uint8)
    cv2.fillPoly(drawn, [np.array([[150, 20], [250, 90], [160, 180], [60, 110]])], 255)
    drawn[90:110, 140:160] = 0
    grey = np.where(drawn > 0, 20, 200).astype(np.uint8)
    (plate,) = plates(grey, components(drawn), least=12)
    assert set(np.unique(plate.grey)) == {20, 200}
    assert np.count_nonzero(plate.grey == 200) == 400
