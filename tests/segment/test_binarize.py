import cv2
import numpy as np
import pytest

from camd.segment import binarize
from camd.tuned import TUNED
from tests.sheets import Sheet, line, paper, write


def small(sheet: Sheet) -> np.ndarray:
    return binarize.fine(binarize.to_grey(sheet))


def flat(grey: np.ndarray) -> np.ndarray:
    return binarize.flatten(grey, binarize.fine(grey), light_ink=False)


def test_ink_is_bright_and_paper_is_not() -> None:
    grey = binarize.to_grey(write(paper(), "4", (300, 250)))
    ink = flat(grey)
    assert ink.dtype == np.uint8
    assert ink.shape == grey.shape
    assert np.median(ink) < 10
    assert ink.max() > 180


def test_shadow_is_evened_out() -> None:
    sheet = write(paper(), "8888888888", (30, 250))
    shade = np.linspace(1.0, 0.3, sheet.shape[1])[None, :, None]
    shaded = (sheet * shade).astype(np.uint8)
    ink = flat(binarize.to_grey(shaded))
    assert np.median(ink[:, :80]) < 12
    assert np.median(ink[:, -80:]) < 12
    assert abs(int(ink[:, :200].max()) - int(ink[:, -200:].max())) < 30


def test_mask_holds_the_strokes_only() -> None:
    grey = binarize.to_grey(line(paper(), (100, 100), (100, 300), pen=9))
    mask = binarize.threshold(flat(grey)) > 0
    assert mask[120:280, 97:104].all()
    assert not mask[:, 120:].any()


def test_at_a_lower_share_fainter_ink_counts() -> None:
    sheet = line(paper(), (100, 100), (100, 300), pen=9)
    sheet = line(sheet, (112, 100), (112, 300), pen=9, ink=185)
    ink = flat(binarize.to_grey(sheet))
    usual, lower = (binarize.threshold(ink, share) > 0 for share in (TUNED.ink, TUNED.faint_ink))
    assert not usual[120:280, 113].any()
    assert lower[120:280, 113].all()


def test_a_stroke_that_fills_whole_blocks_is_no_paper() -> None:
    ink = np.zeros((1200, 900), np.uint8)
    cv2.line(ink, (200, 100), (400, 1100), 200, 120)
    cv2.circle(ink, (500, 800), 220, 200, 120)
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 12), np.uint8)
    assert (binarize.threshold(ink)[ink > 190] > 0).all()


@pytest.mark.parametrize("noise", [0.0, 3.0, 8.0])
def test_bare_paper_has_no_ink(noise: float) -> None:
    mask = binarize.threshold(flat(binarize.to_grey(paper(noise=noise))))
    assert np.count_nonzero(mask) < 0.001 * mask.size


def test_polarity_of_a_frame() -> None:
    dark = write(paper(), "3141", (100, 250))
    assert not binarize.is_light_on_dark(small(dark))
    assert binarize.is_light_on_dark(small(255 - dark))
    sheet_on_a_table = paper(level=30)
    sheet_on_a_table[100:400, 150:500] = dark[100:400, 150:500]
    assert not binarize.is_light_on_dark(small(sheet_on_a_table))


def test_grey_frames_pass_unchanged() -> None:
    grey = binarize.to_grey(paper())
    assert binarize.to_grey(grey) is grey


@pytest.mark.parametrize("size", [(1080, 1920), (1077, 1920), (720, 1280), (480, 640)])
def test_frames_are_reduced_by_the_mean_of_their_blocks(size: tuple[int, int]) -> None:
    grey = np.random.default_rng(7).integers(0, 255, size, np.uint8)
    expected = cv2.resize(grey, binarize.fine(grey).shape[::-1], interpolation=cv2.INTER_AREA)
    assert max(expected.shape) == 640
    assert (binarize.fine(grey) == expected).all()


def test_in_a_small_picture_the_background_is_seen_as_far_down_as_across() -> None:
    grey = np.full((40, 40), 200, np.uint8)
    grey[16:25, 5:35] = 60
    lying = binarize.flatten(grey, binarize.fine(grey), light_ink=False)
    standing = binarize.flatten(
        np.ascontiguousarray(grey.T), binarize.fine(np.ascontiguousarray(grey.T)), light_ink=False
    )
    np.testing.assert_array_equal(standing, lying.T)


def test_grain_on_one_side_hides_no_faint_ink_on_the_other() -> None:
    ink = np.zeros((480, 960), np.uint8)
    ink[:, :400] = np.random.default_rng(3).normal(25, 8, (480, 400)).clip(0, 255)
    cv2.line(ink, (800, 100), (800, 380), 45, 9)
    mask = binarize.threshold(ink) > 0
    assert mask[120:360, 798:802].all()
    assert mask[:, :400].mean() < 0.001
