from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.errors import DataError
from camd.values import Box
from training.render import paper
from training.render.hand import Hand, Pen, pieces, write
from training.render.paper import Style, write_sheet
from training.render.scenes import render_scene

SIZE = (480, 270)


def printed(character: str, side: int) -> np.ndarray:
    image = np.zeros((side, side), np.uint8)
    scale = side / 32
    cv2.putText(
        image,
        character,
        (round(4 * scale), round(25 * scale)),
        cv2.FONT_HERSHEY_SIMPLEX,
        scale,
        255,
        max(2, round(2.5 * scale)),
        cv2.LINE_AA,
    )
    return image


@pytest.fixture(scope="module")
def hand() -> Hand:
    """OpenCV's digits (its 0 has a slash) and letters in the shapes of MNIST and Omniglot."""
    digits = np.stack([printed(str(d), 28) for d in range(10)])
    letters = np.stack([printed(c, 105) for c in "ahkx"])
    return Hand(digits, np.arange(10, dtype=np.uint8), letters)


def ink_box(image: np.ndarray, around: Box) -> Box:
    """Find the dark ink within the box and twelve pixels about it."""
    x, y, w, h = around
    left, top = max(0, x - 12), max(0, y - 12)
    part = image[top : y + h + 12, left : x + w + 12].min(axis=2)
    ys, xs = np.nonzero(part < 128)
    return left + int(xs.min()), top + int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1


@pytest.mark.parametrize("width", [0.05, 0.1])
@pytest.mark.parametrize("digit", range(10))
def test_a_pen_draws_its_own_width_at_the_height_asked(
    hand: Hand, digit: int, width: float
) -> None:
    mask = write(hand.images[digit], 120, Pen(width, (0, 0, 0), evenness=1.0))
    assert abs(mask.shape[0] - 120) <= 4
    ink = np.pad((mask > 0.5).astype(np.uint8), 1)
    inside = cv2.distanceTransform(ink, cv2.DIST_L2, 5)
    assert 2 * np.percentile(inside[inside > 0], 97) == pytest.approx(120 * width, abs=4)


@pytest.mark.parametrize(("digit", "holes"), [(0, 2), (1, 0), (3, 0), (6, 1), (8, 2), (9, 1)])
def test_strokes_keep_their_loops(hand: Hand, digit: int, holes: int) -> None:
    mask = write(hand.images[digit], 100, Pen(0.07, (0, 0, 0)))
    paper = np.pad((mask <= 0.5).astype(np.uint8), 2, constant_values=1)
    assert cv2.connectedComponents(paper, connectivity=4)[0] - 2 == holes


def test_a_sheet_holds_its_lines(hand: Hand) -> None:
    lines = ["1947", "2 8"]
    sheet = write_sheet(np.random.default_rng(1), hand, lines, Style(Pen(0.08, (40, 30, 30))))
    rows = ["".join(str(d.digit) for d in sheet.digits if d.row == row) for row in (0, 1)]
    assert rows == ["1947", "28"]
    image = sheet.image.astype(np.uint8)
    for written in sheet.digits:
        x, y, w, h = (round(v) for v in written.box)
        assert np.abs(np.subtract(ink_box(image, (x, y, w, h)), (x, y, w, h))).max() <= 4


def test_samples_that_tracing_tears_apart_are_left_out(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two ways to write a 1, one comes out in two pieces."""
    two = Hand(np.concatenate([hand.images[1:2]] * 2), np.array([1, 1], np.uint8), hand.letters)
    drawn = []

    def torn_at_first(bitmap: np.ndarray, height: int, pen: Pen) -> np.ndarray:
        mask = write(bitmap, height, pen).copy()
        if not drawn:
            mask[mask.shape[0] // 3 : mask.shape[0] // 2] = 0
        drawn.append(pieces(mask > 0.5))
        return mask

    monkeypatch.setattr(paper, "write", torn_at_first)
    write_sheet(np.random.default_rng(1), two, ["1"], Style(Pen(0.08, (40, 30, 30))))
    assert drawn == [2, 1]


def test_a_line_too_long_is_said_so(hand: Hand) -> None:
    style = Style(Pen(0.08, (40, 30, 30)))
    with pytest.raises(ValueError, match="too long"):
        write_sheet(np.random.default_rng(1), hand, ["1" * 5 + "8" * 40], style)


def test_scenes_follow_their_seed(hand: Hand) -> None:
    first, again, other = (
        render_scene(np.random.default_rng(seed), hand, SIZE) for seed in (3, 3, 4)
    )
    assert np.array_equal(first.image, again.image)
    assert first.digits == again.digits
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("seed", range(6))
def test_the_true_boxes_hold_the_ink(hand: Hand, seed: int) -> None:
    scene = render_scene(np.random.default_rng(seed), hand)
    assert scene.image.shape == (720, 1280, 3)
    assert "".join(scene.lines) == "".join(str(d.digit) for d in scene.digits)
    for digit in scene.digits:
        x, y, w, h = digit.box
        inside = scene.image[y : y + h, x : x + w].min(axis=2).astype(float)
        around = scene.image[y - 6 : y + h + 6, x - 6 : x + w + 6].min(axis=2).astype(float)
        rim = np.concatenate([around[:4].ravel(), around[-4:].ravel()])
        assert inside.min() < 0.8 * np.median(rim)


def test_data_of_another_kind_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "mnist.npz"
    path.write_bytes(b"not an archive")
    with pytest.raises(DataError):
        Hand.load(path, "test")
