from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.segment import segmentation as module
from camd.segment.segmentation import Segmentation, segment
from camd.values import Reason
from tests.sheets import Sheet, line, paper, write

SETTINGS = SegmentSettings()
DEMO = Path(module.__file__).parents[1] / "assets" / "demo.mp4"


def look(sheet: Sheet, **changes: object) -> Segmentation:
    return segment(sheet, SETTINGS.model_copy(update=changes))


def reasons(found: Segmentation) -> set[str]:
    return {mark.reason for mark in found.rejected}


def test_digits_of_a_sheet() -> None:
    found = look(write(paper(), "2358", (100, 250)))
    assert len(found.glyphs) == 4
    for glyph in found.glyphs:
        assert glyph.crop.shape == (28, 28)
        assert 45 < glyph.box[3] < 80


def test_boxes_are_in_pixels_of_the_source() -> None:
    for width, height, size in ((320, 240, 40), (1280, 960, 160), (4000, 3000, 500)):
        sheet = paper(width, height, noise=0)
        pen = max(2, size // 12)
        line(sheet, (width // 2, height // 4), (width // 2, height // 4 + size), pen)
        (glyph,) = look(sheet).glyphs
        x, y, w, h = glyph.box
        slack = max(2, width // 300)
        assert abs(x + w / 2 - width / 2) <= slack
        assert abs(y - height / 4) <= pen / 2 + slack
        assert abs(h - size) <= pen + slack
        assert glyph.stroke == pytest.approx(pen, rel=0.35, abs=2.5)


@pytest.mark.parametrize("polarity", ["auto", "light"])
def test_light_on_dark(polarity: str) -> None:
    board = 255 - write(paper(), "2358", (100, 250))
    assert len(look(board, polarity=polarity).glyphs) == 4


def test_polarity_can_be_forced() -> None:
    sheet = write(paper(), "2358", (100, 250))
    assert len(look(sheet, polarity="dark").glyphs) == 4
    assert len(look(255 - sheet, polarity="dark").glyphs) < 4


def test_shadow_across_the_sheet() -> None:
    sheet = write(paper(), "23582358", (30, 250), ink=70)
    shade = np.where(np.arange(640) < 320, 1.0, 0.45)
    shade = cv2.GaussianBlur(shade[None, :], (61, 1), 12)[0]
    assert len(look((sheet * shade[None, :, None]).astype(np.uint8)).glyphs) == 8


def test_same_digit_in_light_and_shadow_gives_the_same_crop() -> None:
    sheet = write(paper(noise=1), "3", (300, 250))
    dim = (sheet * 0.4).astype(np.uint8)
    (bright,), (dark,) = look(sheet).glyphs, look(dim).glyphs
    assert np.abs(bright.crop.astype(int) - dark.crop).mean() < 6


def test_neighbour_does_not_leak_into_the_crop() -> None:
    alone = line(paper(), (300, 100), (240, 220))
    crowded = line(alone.copy(), (310, 160), (265, 250))
    (lone,) = look(alone).glyphs
    both = look(crowded).glyphs
    assert len(both) == 2
    upper = min(both, key=lambda glyph: glyph.box[1])
    assert upper.box[0] < max(both, key=lambda glyph: glyph.box[1]).box[0] + 40
    assert np.abs(upper.crop.astype(int) - lone.crop).mean() < 4


def test_hole_stays_open() -> None:
    sheet = paper()
    cv2.ellipse(sheet, (300, 240), (30, 45), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    (glyph,) = look(sheet).glyphs
    assert glyph.crop[14, 14] < 60


def test_digit_in_a_box() -> None:
    sheet = write(paper(), "5", (300, 250))
    cv2.rectangle(sheet, (270, 160), (370, 280), (60, 60, 60), 3)
    found = look(sheet)
    (glyph,) = found.glyphs
    assert abs(glyph.box[3] - 60) < 12
    assert reasons(found) == {Reason.RULED}


def test_digit_that_nearly_touches_its_box() -> None:
    alone = line(paper(), (320, 180), (320, 270))
    boxed = alone.copy()
    cv2.rectangle(boxed, (270, 160), (330, 280), (60, 60, 60), 3)
    (glyph,) = look(boxed).glyphs
    assert np.abs(glyph.crop.astype(int) - look(alone).glyphs[0].crop).mean() < 4


def test_digit_on_a_ruled_line() -> None:
    sheet = write(paper(), "2 4 7", (150, 250))
    for y in (120, 250, 380):
        line(sheet, (0, y), (639, y + 4), pen=2, ink=90)
    found = look(sheet)
    assert len(found.glyphs) == 3
    assert Reason.RULED in reasons(found)


def test_what_may_be_a_part_of_a_digit_is_kept() -> None:
    sheet = paper()
    cv2.ellipse(sheet, (300, 250), (32, 36), 0, -100, 130, (40,) * 3, 6, cv2.LINE_AA)
    line(sheet, (290, 180), (286, 214), pen=6)
    line(sheet, (296, 168), (335, 166), pen=6)  # the bar, which the pen did not join
    line(sheet, (400, 250), (440, 248), pen=6)
    found = look(sheet)
    assert len(found.glyphs) == 1
    (bar,) = found.scraps
    assert abs(bar.box[0] - 293) <= 3
    assert bar.crop.max() == 255
    assert bar.box in [mark.box for mark in found.rejected]


def test_digits_side_by_side_or_in_columns_are_found() -> None:
    sheet = write(paper(), "1111", (100, 150))
    write(sheet, "777", (100, 235))
    write(sheet, "777", (100, 320))
    assert len(look(sheet).glyphs) == 10


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("dot", Reason.TOO_SMALL),
        ("bar", Reason.WRONG_SHAPE),
        ("edge", Reason.AT_BORDER),
        ("blob", Reason.NOT_A_STROKE),
        ("scrawl", Reason.TOO_LARGE),
        ("ghost", Reason.TOO_FAINT),
        ("smudge", Reason.NO_EDGE),
    ],
)
def test_reasons(name: str, reason: str) -> None:
    sheet = paper(noise=0.5)
    if name == "dot":
        cv2.circle(sheet, (300, 200), 4, (40,) * 3, -1)
    elif name == "bar":
        line(sheet, (200, 200), (280, 204), pen=14)
    elif name == "edge":
        line(sheet, (0, 200), (40, 260))
    elif name == "blob":
        cv2.circle(sheet, (300, 200), 30, (40,) * 3, -1)
    elif name == "scrawl":
        cv2.ellipse(sheet, (320, 240), (300, 230), 0, 20, 330, (40,) * 3, 6)
    elif name == "smudge":
        line(sheet, (300, 180), (320, 260), pen=30, ink=160)
        sheet = cv2.GaussianBlur(sheet, (0, 0), 22)
    else:
        write(sheet, "88", (100, 250), ink=20)
        write(sheet, "8", (400, 250), ink=190)
    found = look(sheet)
    assert reason in reasons(found)
    assert reason in Reason
    assert len(found.glyphs) == (2 if name == "ghost" else 0)


def test_a_pencil_counts_beside_something_that_glitters() -> None:
    sheet = write(paper(noise=0.5), "88", (100, 250), ink=185)
    for x in range(60, 600, 60):
        cv2.circle(sheet, (x, 400), 20, (5,) * 3, -1)
    assert len(look(sheet).glyphs) == 2


def test_line_of_a_pixel_is_no_digit() -> None:
    sheet = paper(noise=0)
    sheet[200:224, 300] = 60
    found = look(sheet)
    assert found.glyphs == ()
    assert reasons(found) == {Reason.WRONG_SHAPE}


def test_too_many() -> None:
    sheet = paper()
    for row in range(5):
        write(sheet, "23582358", (60, 80 + 90 * row))
    found = look(sheet, max_glyphs=10)
    assert len(found.glyphs) == 10
    assert Reason.TOO_MANY in reasons(found)


def test_least_height() -> None:
    sheet = write(paper(noise=0.5), "2", (200, 200), height=30, pen=3)
    assert len(look(sheet, min_height=20).glyphs) == 1
    assert look(sheet, min_height=50).glyphs == ()


@pytest.mark.parametrize("height", [14, 24, 100, 400])
def test_sizes(height: int) -> None:
    sheet = paper(noise=1)
    write(sheet, "2", (200, 440), height=height, pen=max(2, height // 12))
    assert len(look(sheet).glyphs) == 1


@pytest.mark.parametrize("noise", [0.0, 4.0, 12.0])
@pytest.mark.parametrize("level", [10, 120, 250])
def test_empty_page(level: int, noise: float) -> None:
    found = look(paper(level=level, noise=noise))
    assert len(found.glyphs) <= 1


@pytest.mark.parametrize(
    "shape", [(1, 1, 3), (1, 500, 3), (500, 1, 3), (3, 3, 3), (5, 7, 3), (2000, 16, 3), (480, 640)]
)
def test_any_size(shape: tuple[int, ...]) -> None:
    assert look(np.full(shape, 128, np.uint8)).glyphs == ()


def test_twelve_megapixels() -> None:
    sheet = write(paper(4000, 3000), "2358", (500, 1500), height=400, pen=30)
    assert len(look(sheet).glyphs) == 4


def test_texture_stays_within_the_limit() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    found = look(noise)
    assert len(found.glyphs) <= SETTINGS.max_glyphs
    assert len(found.rejected) <= 6 * SETTINGS.max_glyphs


def test_same_frame_same_answer_and_the_frame_is_not_touched() -> None:
    sheet = write(paper(), "2358", (100, 250))
    before = sheet.copy()
    first, second = look(sheet), look(sheet)
    assert [glyph.box for glyph in first.glyphs] == [glyph.box for glyph in second.glyphs]
    assert all(
        np.array_equal(a.crop, b.crop) for a, b in zip(first.glyphs, second.glyphs, strict=True)
    )
    assert np.array_equal(sheet, before)


def test_a_thick_angular_0_is_no_sheet_with_nothing_on_it() -> None:
    clip = cv2.VideoCapture(str(DEMO))
    frames = [clip.read()[1] for _ in range(260)]
    for frame in frames[250:]:
        assert any(
            abs(glyph.box[0] - 425) < 12 and glyph.box[2] > 75 for glyph in look(frame).glyphs
        )
