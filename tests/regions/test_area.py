"""Regions read with the model that ships: whatever it makes of them, half a number is no value."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.classify.svm import Model
from camd.config.settings import MaskSettings, RegionSettings, Settings
from camd.pipeline import Pipeline
from camd.values import RegionReading, Result
from tests.sheets import Sheet, line, paper, write

WIDTH, HEIGHT = 640, 480
AT = (180, 270)
INK = (40, 40, 40)


@pytest.fixture(scope="module")
def model() -> Model:
    return svm.load(paths.model_file())


def pipeline(
    model: Model, box: tuple[int, int, int, int] = (20, 120, 600, 240), **options: Any
) -> Pipeline:
    x, y, width, height = box
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    shares = tuple((x / WIDTH, y / HEIGHT) for x, y in corners)
    region = RegionSettings(name="meter", polygon=shares, **options)
    return Pipeline(Settings(region=(region,)), model)


def number(text: str = "325") -> Sheet:
    return write(paper(WIDTH, HEIGHT), text, AT)


def minus(sheet: Sheet) -> Sheet:
    return line(sheet, (130, 242), (160, 242))


def degrees(sheet: Sheet) -> Sheet:
    cv2.circle(sheet, (345, 220), 10, INK, 4, cv2.LINE_AA)
    return sheet


def cubed(sheet: Sheet) -> Sheet:
    return write(write(sheet, "m", (345, 270), height=50), "3", (405, 230), height=22, pen=3)


def percent(sheet: Sheet) -> Sheet:
    return write(sheet, "%", (340, 270))


def letter(sheet: Sheet) -> Sheet:
    return write(sheet, "K", (340, 270))


def segments(sheet: Sheet) -> Sheet:
    """A seven-segment 1 whose halves do not touch."""
    return line(line(sheet, (140, 214), (140, 234), 8), (140, 248), (140, 268), 8)


def half_a_wheel(sheet: Sheet) -> Sheet:
    """Two digits that a wheel shows half of each of, between two others."""
    one, other = write(paper(80, HEIGHT), "7", (10, 245)), write(paper(80, HEIGHT), "8", (10, 320))
    one[260:] = other[260:]
    one[:205], one[275:] = 220, 220
    sheet[:, 325:405] = one
    return sheet


def smeared(sheet: Sheet) -> Sheet:
    """Two digits in one blot."""
    write(sheet, "88", (335, 270))
    cv2.rectangle(sheet, (340, 215), (420, 270), INK, -1)
    return sheet


@pytest.mark.parametrize(
    "add",
    [minus, degrees, cubed, percent, letter, segments, half_a_wheel, smeared],
)
def test_a_number_beside_something_else_is_no_value(
    model: Model, add: Callable[[Sheet], Sheet]
) -> None:
    said = pipeline(model).still(add(number())).regions[0]
    assert (said.value, said.status) == (None, "unsure")
    assert "325" in said.text


def test_a_bar_between_windows_is_no_digit(model: Model) -> None:
    sheet = line(number(), (170, 170), (170, 300), 8)
    said = pipeline(model).still(sheet).regions[0]
    assert (said.value, said.text) == (325, "325")


@pytest.mark.parametrize("text", ["11111", "21111", "00111", "1-2", "8B3", "1 kWh 2"])
def test_what_is_not_read_whole_is_no_value(model: Model, text: str) -> None:
    said = pipeline(model).still(number(text)).regions[0]
    assert said.text == text or said.value is None


def comma(sheet: Sheet) -> Sheet:
    return line(sheet, (217, 266), (213, 278), 5)


def point(sheet: Sheet) -> Sheet:
    cv2.circle(sheet, (217, 267), 4, INK, -1, cv2.LINE_AA)
    return sheet


def underlined(sheet: Sheet) -> Sheet:
    return line(line(sheet, (150, 290), (360, 288), 3), (150, 296), (360, 294), 3)


def framed(sheet: Sheet) -> Sheet:
    cv2.rectangle(sheet, (140, 180), (380, 310), INK, 3, cv2.LINE_AA)
    return sheet


def in_cells(sheet: Sheet) -> Sheet:
    for x in (178, 231, 282, 335):
        line(sheet, (x, 190), (x, 290), 2, 120)
    return line(line(sheet, (178, 190), (335, 190), 2, 120), (178, 290), (335, 290), 2, 120)


def labelled(sheet: Sheet) -> Sheet:
    return write(write(sheet, "water", (180, 180), 40, 4), "litres", (180, 340), 40, 4)


@pytest.mark.parametrize("add", [comma, point, underlined, framed, in_cells, labelled])
def test_what_is_usual_around_a_number_is_no_doubt(
    model: Model, add: Callable[[Sheet], Sheet]
) -> None:
    said = pipeline(model).still(add(number())).regions[0]
    assert (said.value, said.status) == (325, "ok")


def test_a_mask_hides_a_unit(model: Model) -> None:
    sheet = letter(number())
    region = RegionSettings(name="meter", polygon=((0, 0.2), (1, 0.2), (1, 0.8), (0, 0.8)))
    mask = MaskSettings(name="unit", polygon=((0.52, 0), (1, 0), (1, 1), (0.52, 1)))
    said = Pipeline(Settings(region=(region,)), model).still(sheet).regions[0]
    assert said.status == "unsure"
    said = Pipeline(Settings(region=(region,), mask=(mask,)), model).still(sheet).regions[0]
    assert (said.value, said.status) == (325, "ok")


def test_the_number_of_digits_tells_a_unit_from_a_digit(model: Model) -> None:
    said = pipeline(model, digits=3).still(letter(number())).regions[0]
    assert (said.value, said.status) == (325, "ok")


@pytest.mark.parametrize("right", range(292, 330, 4))
def test_a_region_that_cuts_a_number_off_has_no_value(model: Model, right: int) -> None:
    said = pipeline(model, (100, 180, right - 100, 120)).still(number()).regions[0]
    assert (said.value, said.status) in ((325, "ok"), (None, "unsure"))
    assert said.status != "ok" or said.text == "325"


def film(model: Model, sheets: list[Sheet]) -> list[Result]:
    """Show sheets, each for a fifteenth of a second."""
    reader = pipeline(model)
    return [reader.process(sheet, at / 15) for at, sheet in enumerate(sheets)]


def said(results: list[Result]) -> list[RegionReading]:
    return [one for result in results for one in result.regions]


def test_no_frame_of_a_film_says_half_of_a_number(model: Model) -> None:
    readings = said(film(model, [minus(number())] * 30))
    assert {one.status for one in readings} == {"unsure"}


def test_a_number_that_comes_from_the_side_is_said_once_it_is_all_there(model: Model) -> None:
    whole = number("13825")
    sheets = []
    for left in [*range(560, 20, -30), *[20] * 20]:
        sheet = paper(WIDTH, HEIGHT)
        sheet[:, max(0, left - 160) :] = whole[:, : WIDTH - max(0, left - 160)]
        sheets.append(sheet)
    values = [one.value for one in said(film(model, sheets)) if one.status == "ok"]
    assert set(values) == {13825}


def test_a_reading_that_the_frame_cuts_off_is_incomplete(model: Model) -> None:
    sheet = np.ascontiguousarray(number("13825")[:, :355])  # through the 2
    cut, whole = Pipeline(Settings(), model), Pipeline(Settings(), model)
    for at in range(15):
        off, all_of_it = cut.process(sheet, at / 15), whole.process(number("13825"), at / 15)
    assert (off.reading.lines, off.reading.complete) == (("138",), False)
    assert (all_of_it.reading.lines, all_of_it.reading.complete) == (("13825",), True)
