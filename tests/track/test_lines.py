import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.config.settings import LineSettings
from camd.track.lines import group
from camd.values import Digit

SETTINGS = LineSettings()


def digit(value: int, x: float, y: float, w: float = 24, h: float = 40) -> Digit:
    """Place a digit by its centre."""
    box = (round(x - w / 2), round(y - h / 2), round(w), round(h))
    return Digit(digit=value, confidence=0.99, box=box)


def row(text: str, x: float, y: float, pitch: float = 36) -> list[Digit]:
    """Write a row of digits from (x, y); a space leaves three pitches empty."""
    digits = []
    for character in text:
        if character == " ":
            x += 3 * pitch
            continue
        one = character == "1"
        digits.append(digit(int(character), x, y, 8 if one else 24, 44 if one else 38))
        x += pitch
    return digits


def turn(digits: list[Digit], degrees: float) -> list[Digit]:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned = []
    for d in digits:
        x, y = d.box[0] + d.box[2] / 2 - 320, d.box[1] + d.box[3] / 2 - 240
        turned.append(
            digit(d.digit, 320 + x * cos - y * sin, 240 + x * sin + y * cos, d.box[2], d.box[3])
        )
    return turned


def texts(digits: list[Digit], settings: LineSettings = SETTINGS) -> list[str]:
    return [line.text for line in group(digits, settings)]


def test_nothing_gives_nothing() -> None:
    assert group((), SETTINGS) == ()


def test_rows_read_from_top_to_bottom_and_left_to_right() -> None:
    digits = row("1947", 100, 100) + row("28", 90, 170) + row("503", 120, 240)
    assert texts(digits[::-1]) == ["1947", "28", "503"]


@pytest.mark.parametrize("degrees", [-15, -10, -4, 4, 10, 15])
@pytest.mark.parametrize("spacing", [54, 70, 110])
def test_a_turned_sheet_keeps_its_rows(degrees: float, spacing: float) -> None:
    rows = ["19472850", "2836", "50319", "7"]
    digits = [d for i, text in enumerate(rows) for d in row(text, 150, 120 + i * spacing)]
    assert texts(turn(digits, degrees)) == rows


@pytest.mark.parametrize("degrees", [-14, -7, 7, 14])
def test_a_turned_sheet_keeps_its_far_numbers_in_their_rows(degrees: float) -> None:
    rows = ["194 728 50", "28 36 617", "503 19 42"]
    digits = [d for i, text in enumerate(rows) for d in row(text, 60, 140 + i * 70)]
    assert texts(turn(digits, degrees)) == rows


def test_a_slightly_uneven_pair_is_one_row() -> None:
    assert texts([digit(4, 100, 100), digit(2, 140, 112)]) == ["42"]


def test_two_digits_above_each_other_are_two_rows() -> None:
    assert texts([digit(4, 100, 100), digit(2, 104, 150)]) == ["4", "2"]


def test_a_small_digit_low_in_the_row_belongs_to_it() -> None:
    digits = [*row("38", 100, 100), digit(0, 172, 110, 14, 18), *row("5", 205, 98)]
    assert texts(digits) == ["3805"]


def test_a_wide_gap_parts_two_numbers() -> None:
    assert texts(row("19 47", 100, 100)) == ["19 47"]
    assert texts(row("1 2 347", 100, 100)) == ["1 2 347"]


def test_the_gap_is_settable() -> None:
    assert texts(row("19 47", 100, 100), LineSettings(gap=5)) == ["1947"]


def test_digits_spaced_out_evenly_are_one_number() -> None:
    assert texts(row("19473", 100, 100, pitch=120)) == ["19473"]


def test_two_lone_digits_far_apart_are_two_numbers() -> None:
    assert texts([digit(4, 100, 100), digit(2, 400, 102)]) == ["4 2"]


def test_level_columns_share_rows() -> None:
    digits = [
        d
        for i, (a, b) in enumerate([("19", "28"), ("345", "6"), ("77", "80")])
        for d in row(a, 100, 100 + 60 * i) + row(b, 500, 100 + 60 * i)
    ]
    assert texts(digits) == ["19 28", "345 6", "77 80"]


def test_columns_half_a_row_apart_keep_rows_of_their_own() -> None:
    left = [d for i, t in enumerate(["19", "345", "77"]) for d in row(t, 100, 100 + 60 * i)]
    right = [d for i, t in enumerate(["28", "6", "80"]) for d in row(t, 400, 130 + 60 * i)]
    assert texts(left + right) == ["19", "28", "345", "6", "77", "80"]


def test_a_row_that_sags_stays_one_row() -> None:
    digits = [digit(i, 100 + 40 * i, 100 + 3 * (i - 4.5) ** 2) for i in range(10)]
    assert texts(digits) == ["0123456789"]


def test_a_line_knows_its_digits_and_its_extent() -> None:
    (line,) = group([digit(4, 100, 100), digit(2, 140, 104)], SETTINGS)
    assert [d.digit for d in line.digits] == [4, 2]
    assert line.box == (88, 80, 64, 44)


boxes = st.tuples(*[st.integers(0, 800)] * 2, *[st.integers(0, 200)] * 2)


@given(st.lists(st.tuples(st.integers(0, 9), boxes), max_size=30))
def test_every_digit_is_in_exactly_one_line(drawn: list[tuple[int, tuple[int, ...]]]) -> None:
    digits = [Digit(d, 0.9, box, track=i) for i, (d, box) in enumerate(drawn)]  # type: ignore[arg-type]
    lines = group(digits, SETTINGS)
    assert sorted(d.track for line in lines for d in line.digits) == list(range(len(digits)))
    for line in lines:
        assert line.text.replace(" ", "") == "".join(str(d.digit) for d in line.digits)
