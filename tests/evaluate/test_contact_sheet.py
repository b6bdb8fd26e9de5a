import numpy as np
import pytest

from camd.display.labels import ACCENT, AMBER
from camd.display.paint import Colour
from camd.evaluate.contact_sheet import COLUMNS, WIDTH, contact_sheet, tile
from camd.evaluate.score import Row, score
from camd.evaluate.truth import Label
from camd.values import Digit, Image, Line, Rejected, Result


def result(text: str, *rejected: Rejected) -> Result:
    digits = tuple(Digit(int(c), 0.97, (40 + 60 * i, 60, 40, 70)) for i, c in enumerate(text))
    lines = (Line(text, digits, (40, 60, 60 * len(text), 70)),) if text else ()
    return Result(digits, lines, rejected)


def row(read: str, *written: str) -> Row:
    return score(
        [Label("a-page-with-a-name.jpg", written)], {"a-page-with-a-name.jpg": [read]}
    ).rows[0]


def paper(width: int = 320, height: int = 240) -> Image:
    return np.full((height, width, 3), 230, np.uint8)


def has(picture: Image, colour: Colour) -> bool:
    return bool((np.abs(picture.astype(int) - colour).max(axis=-1) < 25).any())


def test_right_digits_are_marked_apart_from_false_ones() -> None:
    right = tile(paper(), result("12"), row("12", "12"))
    assert has(right[:480], ACCENT)
    assert not has(right[:480], AMBER)
    false = tile(paper(), result("12"), row("12"))
    assert has(false[:480], AMBER)
    assert not has(false, ACCENT)


def test_one_false_digit_does_not_colour_the_others() -> None:
    picture = tile(paper(640, 480), result("12"), row("12", "1"))
    assert has(picture[55:135, 36:84], ACCENT)
    assert not has(picture[55:135, 36:84], AMBER)
    assert has(picture[55:135, 96:144], AMBER)


def test_missed_digits_are_amber_in_the_caption() -> None:
    assert has(tile(paper(), result(""), row("", "7"))[480:, :200], AMBER)
    assert not has(tile(paper(), result("7"), row("7", "7"))[480:, :200], AMBER)


def test_rejected_pieces_are_drawn_faintly_and_counted() -> None:
    piece = Rejected((100, 100, 60, 60), "ruled line")
    without, with_ = (tile(paper(), result("", *some), row("")) for some in ((), (piece,)))
    assert (with_[:480] != without[:480]).any()
    assert len(with_) > len(without)
    assert not has(with_[:480], (0, 0, 0))


@pytest.mark.parametrize("size", [(1, 1), (2000, 3), (3, 2000), (640, 480), (5000, 4000)])
def test_any_size(size: tuple[int, int]) -> None:
    picture = tile(paper(*size), result("123"), row("123", "1234567890" * 30))
    assert picture.shape[1] == WIDTH


def test_tiles_lie_under_the_title_beside_each_other() -> None:
    shades = [paper(WIDTH, high) for high in (300, 100, 100, 50)]
    for shade, picture in enumerate(shades, start=1):
        picture[:] = 40 * shade
    sheet = contact_sheet(shades, "photos  ·  F1 0.9")
    assert sheet.shape[1] > COLUMNS * WIDTH
    for shade, picture in enumerate(shades, start=1):
        assert (sheet == 40 * shade).all(axis=-1).sum() == picture.shape[0] * WIDTH
    assert contact_sheet(shades[:1], "one").shape[1] < 2 * WIDTH
