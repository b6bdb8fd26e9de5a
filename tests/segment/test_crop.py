import cv2
import numpy as np
import pytest

from camd.segment.crop import BRUSH, _thicken, normalise
from camd.segment.measures import stroke_width
from camd.segment.runs import runs


def stroke(width: int = 80, height: int = 120, pen: int = 12, level: int = 200) -> np.ndarray:
    ink = np.zeros((height, width), np.uint8)
    points = np.array([[15, 20], [width - 15, 20], [width // 3, height - 15]], np.int32)
    cv2.polylines(ink, [points], False, level, pen, cv2.LINE_AA)
    return ink


def extent(crop: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero(crop > 40)
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def test_longer_side_is_20_pixels_and_shape_is_kept() -> None:
    crop = normalise(stroke())
    assert crop.shape == (28, 28)
    assert crop.dtype == np.uint8
    width, height = extent(crop)
    assert height == 20
    ink = stroke()
    _, _, w, h = cv2.boundingRect((ink > 100).astype(np.uint8))
    assert width == pytest.approx(20 * w / h, abs=1)
    assert extent(normalise(np.ascontiguousarray(ink.T)))[0] == 20


def test_centre_of_mass_is_on_pixel_14() -> None:
    lopsided = stroke()
    lopsided[90:, :40] = 200
    moments = cv2.moments(normalise(lopsided))
    assert moments["m10"] / moments["m00"] == pytest.approx(14, abs=0.51)
    assert moments["m01"] / moments["m00"] == pytest.approx(14, abs=0.51)


def test_faint_ink_comes_out_as_bright_as_strong_ink() -> None:
    faint, strong = normalise(stroke(level=60)), normalise(stroke(level=250))
    assert faint.max() >= 250
    assert np.abs(faint.astype(int) - strong).mean() < 3


def test_values_are_like_those_of_mnist() -> None:
    crop = normalise(stroke())
    assert crop[0].max() == crop[:, 0].max() == 0
    assert (crop == 255).sum() > 20
    assert ((crop > 20) & (crop < 235)).sum() > 20


@pytest.mark.parametrize("size", [12, 40, 400])
def test_hairlines_are_drawn_thicker(size: int) -> None:
    ink = np.zeros((size, size), np.uint8)
    cv2.circle(ink, (size // 2, size // 2), size // 2 - 2, 255, 1, cv2.LINE_AA)
    crop = normalise(ink)
    assert 1.3 < stroke_width(runs((crop > 127).astype(np.uint8))) < 2.8
    assert max(extent(crop)) == 20


@pytest.mark.parametrize("factor", [1.5, 3.1, 8.0])
def test_large_ink_gives_the_crop_of_small_ink(factor: float) -> None:
    ink = stroke()
    large = cv2.resize(ink, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    assert np.abs(normalise(ink).astype(int) - normalise(large)).mean() < 2


def test_thick_strokes_stay_thick() -> None:
    thick = normalise(stroke(pen=24))
    assert stroke_width(runs((thick > 127).astype(np.uint8))) > 3


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (2, 2)])
def test_any_patch_gives_a_crop(shape: tuple[int, int]) -> None:
    assert normalise(np.full(shape, 90, np.uint8)).max() > 200
    assert normalise(np.zeros(shape, np.uint8)).max() == 0


@pytest.mark.parametrize("by", [1.0, BRUSH + 3.0, 2 * BRUSH + 0.6, 61.0])
def test_thick_brushes_draw_as_opencvs_do(by: float) -> None:
    rng = np.random.default_rng(4)
    patch = (rng.integers(0, 256, (70, 45)) * (rng.random((70, 45)) < 0.03)).astype(np.uint8)
    drawn = _thicken(patch, by)
    side = 2 * round(by / 2) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    assert (drawn == cv2.dilate(np.pad(patch, side // 2 + 1), brush)).all()
