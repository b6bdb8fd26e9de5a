"""Regions on displays, read by the whole pipeline with the shipped model."""

from dataclasses import replace
from typing import Any, Literal

import cv2
import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.config.settings import MaskSettings, RegionSettings, Settings
from camd.display.paint import Text
from camd.errors import ConfigError
from camd.hypotheses import points
from camd.pipeline import Pipeline, check
from camd.values import Image, RegionReading
from testing.pages import page
from testing.segments import display

SIZE = 640, 480
BEHIND_THE_EDGE = ((0.3, 0.35), (0.75, 0.35), (0.75, 0.6), (0.3, 0.6))
"""Without the left edge of the display, which may hide a digit."""
OUTLINE = ((0.25, 0.35), (0.75, 0.35), (0.75, 0.6), (0.25, 0.6))

Kind = Literal["auto", "handwriting", "print", "segments", "wheels"]


@pytest.fixture(scope="module")
def model() -> svm.Model:
    return svm.load(paths.model_file())


def scene(number: str, height: int = 70, *, left: int = 180, top: int = 185) -> Image:
    """A display on a wall."""
    frame = np.full((SIZE[1], SIZE[0]), 120, np.uint8)
    shown = display(number, height, ink=50, ground=150, margin=0.2)
    frame[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), np.uint8)


def pipeline(model: svm.Model, kind: Kind = "auto", **region: object) -> Pipeline:
    place = {"polygon": OUTLINE} | region
    return Pipeline(
        Settings(region=(RegionSettings(name="meter", display=kind, **place),)),  # type: ignore[arg-type]
        model,
    )


def still(pipeline: Pipeline, image: Image) -> RegionReading:
    return pipeline.still(image).regions[0]


@pytest.mark.parametrize("kind", ["auto", "segments", "print", "wheels"])
def test_a_display_is_read_as_a_number(model: svm.Model, kind: Kind) -> None:
    said = still(pipeline(model, kind), scene("4026"))
    assert (said.status, said.value) == ("ok", 4026)


@pytest.mark.parametrize(
    ("options", "value", "status"),
    [
        ({}, None, "unsure"),
        ({"digits": 2}, None, "unsure"),
        ({"signed": True}, -42, "ok"),
        ({"signed": True, "digits": 2, "decimals": 1, "pattern": "-[0-9]{2}"}, -4.2, "ok"),
        ({"signed": True, "min": 0}, None, "range"),
    ],
)
def test_a_minus_is_never_lost(
    model: svm.Model, options: dict[str, object], value: float | None, status: str
) -> None:
    options = {"polygon": BEHIND_THE_EDGE} | options
    said = still(pipeline(model, **options), scene("-42"))  # type: ignore[arg-type]
    assert (said.text, said.value, said.status) == ("-42", value, status)
    without = still(pipeline(model, polygon=BEHIND_THE_EDGE), scene(" 42"))
    assert (without.text, without.value) == ("42", 42)


def test_a_frost_that_comes_is_told(model: svm.Model) -> None:
    thermometer = pipeline(model, polygon=BEHIND_THE_EDGE, signed=True)
    said: list[str] = []
    for number in range(40):
        image = scene("-42" if number >= 15 else " 42")
        said += [one.text for one in thermometer.process(image, number / 10).regions if one.value]
    assert list(dict.fromkeys(said)) == ["42", "-42"]


@pytest.mark.parametrize(
    ("text", "options", "value"),
    [
        ("40.26", {"decimals": "read"}, 40.26),
        ("4.026", {"decimals": "read", "digits": 4}, 4.026),
        ("4026", {"decimals": "read"}, 4026),
        ("40:26", {"decimals": "read"}, 4026),
        ("40.26", {}, 4026),
        ("40.26", {"decimals": 3}, 4.026),
    ],
)
def test_a_point_is_read_where_it_is_asked_for(
    model: svm.Model, text: str, options: dict[str, object], value: float
) -> None:
    said = still(pipeline(model, **options), scene(text))  # type: ignore[arg-type]
    assert (said.text, said.value, said.status) == ("4026", value, "ok")


def test_ink_has_a_point_as_well(model: svm.Model) -> None:
    frame = np.full((SIZE[1], SIZE[0]), 230, np.uint8)
    cv2.putText(frame, "37", (210, 260), cv2.FONT_HERSHEY_SIMPLEX, 2.4, 40, 6, cv2.LINE_AA)
    cv2.circle(frame, (318, 257), 5, 40, -1, cv2.LINE_AA)
    cv2.putText(frame, "4", (330, 260), cv2.FONT_HERSHEY_SIMPLEX, 2.4, 40, 6, cv2.LINE_AA)
    image = np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR), np.uint8)
    said = still(pipeline(model, "handwriting", decimals="read"), image)
    assert (said.text, said.value, said.status) == ("374", 37.4, "ok")


def test_a_point_that_goes_out_for_some_frames_changes_no_value(model: svm.Model) -> None:
    scale = pipeline(model, "segments", decimals="read")
    values: list[float] = []
    for number in range(40):
        image = scene("4026" if number in (15, 16, 22, 23, 24) else "40.26")
        values += [
            one.value for one in scale.process(image, number / 10).regions if one.value is not None
        ]
    assert set(values) == {40.26}
    for number in range(40, 60):
        said = scale.process(scene("4.026"), number / 10).regions[0]
    assert said.value == 4.026


def test_a_model_that_finds_no_points_is_told(model: svm.Model) -> None:
    settings = Settings(region=(RegionSettings(name="m", polygon=OUTLINE, decimals="read"),))
    check(settings, model)
    for other in (replace(model, points=None), None):
        with pytest.raises(ConfigError, match="say how many decimals there are"):
            check(settings, other)


def test_a_masked_minus_is_none(model: svm.Model) -> None:
    hidden = MaskSettings(name="off", polygon=((0.2, 0.3), (0.36, 0.3), (0.36, 0.7), (0.2, 0.7)))
    place = RegionSettings(name="meter", polygon=OUTLINE)
    said = still(Pipeline(Settings(region=(place,), mask=(hidden,)), model), scene("-42"))
    assert said.text == "42"


def test_the_digits_lie_where_they_are_in_the_frame(model: svm.Model) -> None:
    result = pipeline(model).still(scene("4026"))
    assert [digit.digit for digit in result.digits] == [4, 0, 2, 6]
    for number, digit in enumerate(result.digits):
        x, y, width, height = digit.box
        assert x + width / 2 == pytest.approx(180 + 14 + 10 + 60 * number + 18, abs=14)
        assert y + height / 2 == pytest.approx(185 + 14 + 35, abs=12)


def test_corners_straighten_a_display_first(model: svm.Model) -> None:
    image = scene("4026")
    turn = cv2.getRotationMatrix2D((320, 230), 25, 1)
    turned = np.asarray(cv2.warpAffine(image, turn, SIZE, borderValue=(120, 120, 120)), np.uint8)
    points = np.array([(184, 188), (444, 188), (444, 280), (184, 280)], np.float64)
    corners = (points @ turn[:, :2].T + turn[:, 2]) / SIZE
    straight = tuple(map(tuple, corners.tolist()))
    reader = pipeline(model, "segments", polygon=None, corners=straight)
    assert still(reader, turned).value == 4026


def test_handwriting_in_a_region_is_read_as_before(model: svm.Model) -> None:
    image = page("3 2 5", SIZE)
    everything = ((0, 0), (1, 0), (1, 1), (0, 1))
    kinds: tuple[Kind, ...] = ("auto", "handwriting")
    for kind in kinds:
        assert still(pipeline(model, kind, polygon=everything), image).text == "325"


def test_what_stands_unread_in_the_row_makes_it_unsure(model: svm.Model) -> None:
    image = scene("40 26")
    whole = still(pipeline(model, "segments"), image)
    assert (whole.status, whole.text) == ("ok", "4026")
    cv2.putText(image, "k", (180 + 14 + 120 + 4, 262), cv2.FONT_HERSHEY_SIMPLEX, 2.3, (50,) * 3, 8)
    said = still(pipeline(model, "segments"), image)
    assert said.status == "unsure"
    assert said.value is None


def test_a_film_follows_the_number_and_a_camera_that_was_nudged(model: svm.Model) -> None:
    reader = pipeline(model, "segments")
    clock = 0.0

    def watch(image: Image, seconds: float) -> RegionReading:
        nonlocal clock
        for _ in range(round(10 * seconds)):
            clock += 0.1
            said = reader.process(image, clock).regions
        return said[0]

    assert watch(scene("4026"), 2).value == 4026
    assert watch(scene("4027"), 2).value == 4027
    assert watch(scene("4027", top=205, left=200), 4).value == 4027
    assert watch(scene("    "), 3).status in ("empty", "unsure")
    assert watch(scene("18", 50), 4).value == 18


def test_a_masked_digit_is_not_read_and_makes_no_doubt(model: svm.Model) -> None:
    hidden = MaskSettings(
        name="unit", polygon=((0.55, 0.3), (0.75, 0.3), (0.75, 0.65), (0.55, 0.65))
    )
    region = RegionSettings(name="meter", polygon=OUTLINE, display="segments")
    reader = Pipeline(Settings(region=(region,), mask=(hidden,)), model)
    said = still(reader, scene("4026"))
    assert said.text == "402"


def test_a_model_that_reads_no_rows_is_no_use_for_a_display(model: svm.Model) -> None:
    settings = Settings(region=(RegionSettings(name="meter", polygon=OUTLINE, display="segments"),))
    check(settings, model)
    for other, why in (
        (None, "workers do not"),
        (replace(model, rows=None), "this model does not"),
    ):
        with pytest.raises(ConfigError, match=f"region meter.*{why}"):
            check(settings, other)
    plain = Settings(region=(RegionSettings(name="meter", polygon=OUTLINE),))
    check(plain, None)


def drums(number: int, turned: float = 0.0) -> Image:
    """Five drums in windows of their own, light bars between them; the last one has turned by so
    much of the way to the next digit."""
    frame = np.full((SIZE[1], SIZE[0], 3), 200, np.uint8)
    for place, digit in enumerate(f"{number:05}"):
        window = np.full((90, 58, 3), 20, np.uint8)
        last = turned if place == 4 else 0.0
        for shown, middle in ((int(digit), 45.0), (int(digit) + 1, 135.0)):
            text = Text(str(shown % 10), 68, (230, 230, 230), 400)
            text.write(window, (58 - text.width) / 2, middle - 90 * last)
        left = 160 + 66 * place
        frame[200:290, left : left + 58] = window
    noise = np.random.default_rng(1).normal(0, 2, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


BARS = ((0.22, 0.38), (0.79, 0.38), (0.79, 0.64), (0.22, 0.64))


@pytest.mark.parametrize("kind", ["auto", "wheels"])
@pytest.mark.parametrize("digits", [5, None])
def test_bars_between_drums_are_no_digits(model: svm.Model, kind: Kind, digits: int | None) -> None:
    said = still(pipeline(model, kind, polygon=BARS, digits=digits), drums(42653))
    assert said.value in (42653, None)
    if digits:
        assert said.value == 42653


@pytest.mark.parametrize("kind", ["auto", "handwriting", "wheels"])
def test_a_drum_between_two_digits_is_neither_or_one_of_them(model: svm.Model, kind: Kind) -> None:
    reader = pipeline(model, kind, polygon=BARS, digits=5)
    for number in (42650, 42657, 13862):
        for turned in (0.3, 0.4, 0.5, 0.6, 0.7):
            said = still(reader, drums(number, turned))
            assert said.value in (number, number + 1, None), (number, turned, said)


def test_what_the_other_reading_says_of_a_row_that_stays_holds_for_a_second(
    model: svm.Model,
) -> None:

    def doubtful(number: str) -> Image:
        image = scene(number, 50)
        cv2.putText(image, "k", (280, 242), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (50, 50, 50), 6)
        return image

    film = pipeline(model, polygon=BEHIND_THE_EDGE)
    looks = [film.process(doubtful("40 63"), at) for at in (0.0, 0.3, 0.6, 1.2, 1.4)]
    assert ["segment" in look.stages for look in looks] == [True, False, False, True, False]
    # Another row has to be compared, and so has one of another film.
    assert "segment" in film.process(doubtful("40 75"), 1.6).stages
    assert "segment" in film.process(doubtful("40 75"), 0.1).stages


def test_the_point_is_not_looked_for_in_every_frame(
    model: svm.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    find = points.find

    def counted(*arguments: Any, **options: Any) -> points.Point:
        looks.append(1)
        return find(*arguments, **options)

    monkeypatch.setattr("camd.hypotheses.points.find", counted)
    scale = pipeline(model, "segments", decimals="read")
    said = [scale.process(scene("40.26"), number / 50).regions for number in range(50)]
    assert said[-1][0].value == 40.26
    assert 8 <= len(looks) <= 12
    scale.process(scene("2975"), 1.0)  # another number is looked at at once
    assert len(looks) <= 13
    plain = pipeline(model, "segments")
    looks.clear()
    plain.process(scene("40.26"), 0)
    assert not looks
