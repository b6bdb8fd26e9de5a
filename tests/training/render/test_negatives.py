from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from camd.errors import DataError
from training.render import textures
from training.render.cut_out import like_one
from training.render.hand import Hand
from training.render.lettering import LETTERS, LIKE_DIGITS, Fonts, squared, text
from training.render.negatives import Labelled, Sources, generate
from training.render.shapes import NO_DIGIT, UNCLEAR, Writer

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def stroke(characters: str, side: int) -> np.ndarray:
    image = np.zeros((side, side), np.uint8)
    scale = side / 32
    origin = round(4 * scale), round(25 * scale)
    cv2.putText(image, characters, origin, 0, scale, 255, max(2, round(2.5 * scale)), cv2.LINE_AA)
    return image


@pytest.fixture(scope="module")
def sources() -> Sources:
    digits = np.stack([stroke(str(digit), 28) for digit in range(10)])
    letters = np.stack([stroke(letter, 105) for letter in "ahkx"])
    face = (FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSerif.ttf")
    return Sources(Hand(digits, np.arange(10, dtype=np.uint8), letters), Fonts(face, face))


def test_a_seed_gives_the_same_crops_of_both_kinds(sources: Sources) -> None:
    first, again = generate(sources, 12, 3), generate(sources, 12, 3)
    np.testing.assert_array_equal(first.crops, again.crops)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.crops.shape[1:] == (28, 28)
    assert not np.array_equal(first.crops, generate(sources, 12, 4).crops[: len(first.crops)])


@pytest.fixture(scope="module")
def drawn(sources: Sources) -> Labelled:
    return generate(sources, 250, 5)


def test_a_crop_is_labelled_by_what_was_drawn_there(sources: Sources, drawn: Labelled) -> None:
    samples = np.stack([cv2.GaussianBlur(one, (0, 0), 1.5) for one in sources.hand.images])
    samples = samples.reshape(10, -1) / np.linalg.norm(samples.reshape(10, -1), axis=1)[:, None]
    digits = drawn.labels >= 0
    crops = np.stack([cv2.GaussianBlur(one, (0, 0), 1.5) for one in drawn.crops[digits]])
    nearest = (crops.reshape(len(crops), -1) @ samples.T).argmax(axis=1)
    # Leant, turned and drawn with other pens, yet many more than a tenth fit best.
    assert (nearest == drawn.labels[digits]).mean() > 0.4


def test_digits_and_others_are_drawn_with_the_same_pens(drawn: Labelled) -> None:
    thick = np.array(
        [cv2.distanceTransform((c > 127).astype(np.uint8), 2, 3).max() for c in drawn.crops]
    )
    digits = drawn.labels >= 0
    assert 0.05 < digits.mean() < 0.95
    thin = np.percentile(thick[digits], [10, 50])
    assert (thick[~digits] < thin[1]).mean() > 0.2
    assert thin[0] < 2.1


@pytest.mark.parametrize("height", [8, 30, 150])
def test_every_mark_has_ink_and_about_the_height_asked(sources: Sources, height: int) -> None:
    for seed in range(60):
        rng = np.random.default_rng([seed, height])
        writer = Writer(sources.hand, sources.fonts, rng, 0.1, 0.7, 0.0)
        mark = writer.other(height)
        assert mark.mask.ndim == 2
        assert mark.mask.max() > 0.3
        assert mark.mask.max() <= 1.01
        assert mark.mask.shape[0] < 4 * height + 12
        assert mark.label in (NO_DIGIT, UNCLEAR)
        assert abs(writer.digit(height).mask.shape[0] - height) <= 0.15 * height + 3


@pytest.mark.parametrize(
    ("angle", "expected"), [(0, True), (30, True), (-15, True), (80, False), (-50, False)]
)
def test_upright_bare_strokes_may_be_ones(angle: float, expected: bool) -> None:
    crop = np.zeros((28, 28), np.uint8)
    reach = 9 * np.array([np.sin(np.radians(angle)), -np.cos(np.radians(angle))])
    ends = [tuple(int(v) for v in (14 + side * reach).round()) for side in (-1, 1)]
    cv2.line(crop, ends[0], ends[1], 255, 2, cv2.LINE_AA)
    assert like_one(crop) is expected


def test_letters_leave_out_what_has_the_shape_of_a_digit() -> None:
    assert not set(LETTERS) & LIKE_DIGITS
    assert set("oOlIS0"[:5]) <= LIKE_DIGITS


def test_a_character_that_a_font_lacks_is_none() -> None:
    assert text(FONTS / "DejaVuSans.ttf", "\ue123", 40) is None
    drawn = text(FONTS / "DejaVuSans.ttf", "H", 40)
    assert drawn is not None
    assert abs(drawn.shape[0] - 40) <= 4
    assert squared(drawn, 60).shape == (60, 60)


def test_no_fonts_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="apt install"):
        Fonts.find(tmp_path)
    for name in ("Breip.ttf", "DejaVuSans.ttf"):  # one of each leaves none to validate with
        (tmp_path / name).touch()
    with pytest.raises(DataError, match="fewer than two"):
        Fonts.find(tmp_path)


def test_fonts_split_without_sharing_one() -> None:
    files = tuple(Path(f"{n}.ttf") for n in range(7))
    fit, check = Fonts(files, files).split(0, 3)
    assert not set(fit.hands) & set(check.hands)
    assert set(fit.hands) | set(check.hands) == set(files)


@pytest.mark.parametrize("seed", range(25))
def test_textures_of_every_kind_are_grey_and_not_flat(seed: int) -> None:
    image = textures.draw(np.random.default_rng(seed), 96, 72)
    assert image.shape == (72, 96)
    assert image.dtype == np.float32
    assert 0 <= image.min() <= image.max() <= 1
