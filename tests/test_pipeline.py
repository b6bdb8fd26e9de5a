from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.angles import turned
from camd import paths
from camd.classify import svm
from camd.classify.svm import Ask
from camd.config.settings import (
    LineSettings,
    MaskSettings,
    RegionSettings,
    SegmentSettings,
    Settings,
)
from camd.laps import Lap, no_lap
from camd.pipeline import Pipeline
from camd.values import Classified, FloatArray, Image, Reason
from tests import sheets
from tests.sheets import write

WEIGHTS = svm.surroundings(paths.model_file())


@dataclass
class ModelByWidth:
    """Calls a narrow crop 1, a wide one 0 and one between them no digit at all."""

    sure: float = 0.999
    id: str = "0123abcd"
    scores: Mapping[str, float] = field(default_factory=dict)
    open_set: bool = True
    surroundings: Sequence[FloatArray] = WEIGHTS

    def classify(self, crops: NDArray[np.uint8], lap: Lap = no_lap) -> Classified:
        assert crops.dtype == np.uint8
        assert crops.shape[1:] == (28, 28)
        widths = np.array([np.ptp(np.nonzero(crop > 60)[1]) for crop in crops], np.int64)
        labels = np.where(widths < 8, 1, np.where(widths > 11, 0, -1))
        lap("kernel")
        return Classified(
            labels.astype(np.int64),
            np.where(labels < 0, 0.2, 1.5).astype(np.float32),
            np.full(len(crops), self.sure, np.float32),
        )


def paper() -> Image:
    return np.full((240, 320, 3), 225, np.uint8)


def sheet() -> Image:
    """Write a 1 and a 0 in one row and a 1 below."""
    image = paper()
    cv2.line(image, (60, 50), (60, 90), (40, 30, 30), 4, cv2.LINE_AA)
    cv2.ellipse(image, (100, 70), (15, 20), 0, 0, 360, (40, 30, 30), 4, cv2.LINE_AA)
    cv2.line(image, (64, 130), (60, 170), (40, 30, 30), 4, cv2.LINE_AA)
    return image


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(Settings(), ModelByWidth())


def test_a_still_image_is_read_in_rows_without_tracks(pipeline: Pipeline) -> None:
    result = pipeline.still(sheet())
    assert [line.text for line in result.lines] == ["10", "1"]
    assert [d.digit for d in result.digits] == [1, 0, 1]
    assert all(d.track is None and not d.stable for d in result.digits)
    assert result.reading.lines == ()
    x, y, width, height = result.digits[1].box
    assert abs(x - 83) <= 3
    assert abs(y - 48) <= 3
    assert abs(width - 34) <= 5
    assert abs(height - 44) <= 5


def test_stills_do_not_touch_what_the_camera_shows(pipeline: Pipeline) -> None:
    for i in range(10):
        pipeline.process(sheet(), i / 30)
    pipeline.still(paper())
    result = pipeline.process(sheet(), 10 / 30)
    assert result.reading.lines == ("10", "1")
    assert not result.changed


def test_the_reading_appears_once_and_goes_with_the_sheet(pipeline: Pipeline) -> None:
    results = [pipeline.process(sheet() if i < 30 else paper(), i / 30) for i in range(45)]
    changes = [(i, r.reading.lines) for i, r in enumerate(results) if r.changed]
    assert [lines for _, lines in changes] == [("10", "1"), ()]
    assert changes[0][0] <= 9
    assert 30 < changes[1][0] <= 45
    assert [e.type for r in results for e in r.events] == ["new"] * 3 + ["end"] * 3
    assert all(d.stable and d.track is not None for d in results[20].reading.digits)


def test_what_the_model_calls_no_digit_is_rejected() -> None:
    pipeline = Pipeline(Settings(segment=SegmentSettings(polarity="dark")), ModelByWidth())
    image = sheet()
    for x, width in [(140, 15), (180, 15), (220, 15), (260, 8)]:
        cv2.ellipse(image, (x, 70), (width, 20), 0, 0, 360, (40, 30, 30), 4, cv2.LINE_AA)
    result = pipeline.still(image)
    assert [line.text for line in result.lines] == ["10000", "1"]
    assert [r.reason for r in result.rejected] == ["not a digit"]


def test_a_digit_that_fades_is_read_whole(pipeline: Pipeline) -> None:
    image = sheet()
    for start, stop, colour in ((300, 420, 185), (60, 300, 40)):
        arc = (200, 70), (15, 20), 0, start, stop
        cv2.ellipse(image, *arc, (colour,) * 3, 4, cv2.LINE_AA)
    result = pipeline.still(image)
    assert [line.text for line in result.lines] == ["100", "1"]
    assert max(digit.box[2] for digit in result.digits) >= 30
    assert result.rejected == ()


def test_a_stroke_among_words_is_doubted(pipeline: Pipeline) -> None:
    image = paper()
    cv2.line(image, (160, 50), (160, 90), (40, 30, 30), 4, cv2.LINE_AA)
    for x, y in [(20, 30), (180, 30), (20, 70), (180, 70), (20, 110), (180, 110), (20, 150)]:
        cv2.line(image, (x, y), (x + 120, y), (40, 30, 30), 4, cv2.LINE_AA)
        for k in range(6):
            cv2.line(image, (x + 20 * k, y), (x + 20 * k, y - 28), (40, 30, 30), 4, cv2.LINE_AA)
    assert all(digit.confidence < 0.6 for digit in pipeline.still(image).digits)


def label(turn: float) -> Image:
    """A white label with dark digits, far away on a board that is written on with chalk."""
    board = sheets.paper(1280, 720, level=60, noise=0)
    for y in (180, 640):
        write(board, "31415926535", (60, y), 70, pen=7, ink=230)
    written = write(sheets.paper(200, 110, level=230, noise=0), "4072", (30, 70), height=34, pen=3)
    matrix = cv2.getRotationMatrix2D((100, 55), turn, 1.0)
    matrix[:, 2] += (520, 290)
    cover = cv2.warpAffine(np.ones((110, 200), np.float32), matrix, (1280, 720))[:, :, None]
    laid = cv2.warpAffine(written, matrix, (1280, 720))
    scene = cv2.GaussianBlur(laid * cover + board * (1 - cover), (0, 0), 0.8)
    scene += np.random.default_rng(5).normal(0, 2, scene.shape)
    return np.clip(scene, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn", [0.0, 12.0])
def test_dark_digits_on_a_label_are_read_beside_chalk(turn: float) -> None:
    pipeline = Pipeline(Settings(), svm.load(paths.model_file()))
    chalk = "31415926535"
    for scene in (label(turn), 255 - label(turn)):
        assert [line.text for line in pipeline.still(scene).lines] == [chalk, "4072", chalk]


def test_a_small_sheet_on_a_dark_table_is_no_light_ink() -> None:
    table = sheets.paper(1920, 1080, level=80, noise=2)
    sheet = sheets.paper(200, 140, level=140, noise=2)
    for y in (35, 70, 105):
        write(sheet, "4 3 7 5 2", (30, y), height=20, pen=2, ink=50)
    table[460:600, 850:1050] = cv2.GaussianBlur(sheet, (3, 3), 0.8)
    pipeline = Pipeline(Settings(), svm.load(paths.model_file()))
    assert [line.text.replace(" ", "") for line in pipeline.still(table).lines] == ["43752"] * 3


def test_in_a_film_the_other_polarity_is_read_at_once_and_then_steadily() -> None:
    pipeline = Pipeline(Settings(), svm.load(paths.model_file()))
    scene = label(0.0)
    for frame in range(4):
        found = pipeline.process(scene, frame / 30)
        assert len(found.digits) == 26


def test_only_the_polarity_asked_for_is_read() -> None:
    settings = Settings(segment=SegmentSettings(polarity="light"))
    lines = Pipeline(settings, svm.load(paths.model_file())).still(label(0.0)).lines
    assert "4072" not in [line.text for line in lines]


def test_an_unsure_digit_is_rejected() -> None:
    result = Pipeline(Settings(), ModelByWidth(sure=0.2)).still(sheet())
    assert result.digits == ()
    assert [r.reason for r in result.rejected].count(Reason.UNSURE) == 3


def test_an_absent_picture_ends_everything(pipeline: Pipeline) -> None:
    for i in range(10):
        pipeline.process(sheet(), i / 30)
    result = pipeline.absent(0.4)
    assert result.changed
    assert result.reading.lines == ()
    assert [e.type for e in result.events] == ["end"] * 3
    assert not pipeline.absent(0.5).changed


def test_stages_are_timed_by_the_timer_given() -> None:
    ticks = count()
    one_look = Settings(segment=SegmentSettings(polarity="dark"))
    pipeline = Pipeline(one_look, ModelByWidth(), timer=lambda: float(next(ticks)))
    assert pipeline.process(sheet(), 0.0).stages == {
        "segment": 1.0,
        "split": 2.0,
        "kernel": 1.0,
        "context": 1.0,
        "track": 1.0,
        "lines": 1.0,
    }


@pytest.mark.parametrize("size", [(1, 1, 3), (2, 500, 3), (480, 640, 3)])
def test_an_empty_frame_says_nothing(pipeline: Pipeline, size: tuple[int, ...]) -> None:
    result = pipeline.process(np.zeros(size, np.uint8), 0.0)
    assert (result.digits, result.lines, result.events, result.changed) == ((), (), (), False)


def test_the_model_is_named(pipeline: Pipeline) -> None:
    assert pipeline.model_id == "0123abcd"


def region(name: str, left: int, top: int, right: int, bottom: int, **more: Any) -> RegionSettings:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    polygon = tuple((x / 320, y / 240) for x, y in corners)
    return RegionSettings(name=name, polygon=polygon, **more)


def test_only_regions_are_read_and_each_has_its_own_value() -> None:
    settings = Settings(region=(region("low", 20, 110, 300, 190), region("first", 40, 30, 80, 110)))
    pipeline = Pipeline(settings, ModelByWidth())
    results = [pipeline.process(sheet(), i / 30) for i in range(20)]
    said = results[-1]
    assert [(item.name, item.value, item.status) for item in said.regions] == [
        ("low", 1, "ok"),
        ("first", 1, "ok"),
    ]
    assert said.reading.lines == ("1", "1")
    assert [digit.box[1] > 110 for digit in said.reading.digits] == [True, False]
    assert sorted(event.digit.track or 0 for r in results for event in r.events) == [1, 2]
    whole = Pipeline(Settings(), ModelByWidth()).still(sheet())
    assert {digit.box for digit in said.digits} < {digit.box for digit in whole.digits}
    assert said.regions[1].outline == ((40, 30), (80, 30), (80, 110), (40, 110))


def test_digits_far_apart_are_one_number_in_a_region() -> None:
    image = paper()
    for x in (40, 70, 260):
        cv2.line(image, (x, 100), (x, 140), (40, 30, 30), 4, cv2.LINE_AA)
    assert [line.text for line in Pipeline(Settings(), ModelByWidth()).still(image).lines] != [
        "111"
    ]
    settings = Settings(region=(region("all", 0, 0, 320, 240),))
    assert Pipeline(settings, ModelByWidth()).still(image).regions[0].value == 111


class Fives(ModelByWidth):
    """Reads fives, side by side, at its first look at a region's rows."""

    looked = False
    coarse = None

    @property
    def rows(self) -> "Fives":
        return self

    def classify_where(self, crops: NDArray[np.uint8], _ask: Ask) -> Classified:
        labels = np.full(len(crops), -1)
        if not self.looked:
            labels[[0, 4]] = 5
            self.looked = True
        sure = np.full(len(crops), 0.96, np.float32)
        return Classified(labels.astype(np.int64), sure, sure)


def test_of_a_region_only_the_heaviest_row_counts_against_a_display() -> None:
    settings = Settings(region=(region("all", 5, 30, 315, 175),))
    image = sheet()
    said = Pipeline(settings, Fives(sure=0.95)).still(image)
    assert said.regions[0].text == "55"
    # With all in one row, more speaks for the ink than for two fives of 0.96 each.
    image[40:100, 150:210] = image[120:180, 30:90]
    image[120:180] = image[0, 0]
    said = Pipeline(settings, Fives(sure=0.95)).still(image)
    assert said.regions[0].text == "101"


def test_a_still_says_what_its_regions_say() -> None:
    settings = Settings(region=(region("row", 20, 30, 160, 110, decimals=1, min=1.5),))
    result = Pipeline(settings, ModelByWidth()).still(sheet())
    assert [(item.value, item.text, item.status) for item in result.regions] == [
        (None, "10", "range")
    ]
    unsure = Pipeline(settings, ModelByWidth(sure=0.2)).still(sheet())
    assert unsure.regions[0].status == "unsure"


def test_masked_ink_is_rejected_as_that() -> None:
    mask = region("below", 0, 110, 320, 240)
    settings = Settings(mask=(MaskSettings(name="below", polygon=mask.polygon),))
    result = Pipeline(settings, ModelByWidth()).still(sheet())
    assert [line.text for line in result.lines] == ["10"]
    assert [mark.reason for mark in result.rejected] == ["masked"]


def test_without_a_picture_regions_are_unseen() -> None:
    pipeline = Pipeline(Settings(region=(region("row", 20, 30, 160, 110),)), ModelByWidth())
    for i in range(20):
        pipeline.process(sheet(), i / 30)
    assert [item.status for item in pipeline.absent(1.0).regions] == ["unseen"]


def test_a_value_outlives_other_options() -> None:
    settings = Settings(region=(region("row", 20, 30, 160, 110, never_decreasing=True),))
    pipeline = Pipeline(settings, ModelByWidth())
    for i in range(20):
        pipeline.process(sheet(), i / 30)
    pipeline.absent(0.7)
    pipeline.retune(settings.model_copy(update={"lines": LineSettings(gap=3)}))
    one = sheet()
    one[:, 75:] = paper()[:, 75:]
    for i in range(30, 60):
        result = pipeline.process(one, i / 30)
    assert [(item.text, item.status) for item in result.regions] == [("1", "decreased")]


def test_a_straightened_region_reads_what_lies_askew() -> None:
    quad = np.array([(60, 60), (250, 100), (230, 210), (40, 170)], np.float32)
    flat = np.array([(0, 0), (320, 0), (320, 240), (0, 240)], np.float32)
    warped = cv2.warpPerspective(
        sheet(), cv2.getPerspectiveTransform(flat, quad), (320, 240), borderValue=(225, 225, 225)
    )
    corners = tuple((float(x) / 320, float(y) / 240) for x, y in quad)
    settings = Settings(region=(RegionSettings(name="sheet", corners=corners),))
    result = Pipeline(settings, ModelByWidth()).still(np.asarray(warped, np.uint8))
    assert (result.regions[0].text, result.regions[0].status) == ("10 1", "rows")
    for digit in result.digits:
        x, y, width, height = digit.box
        patch = warped[y : y + height, x : x + width]
        assert patch.min() < 120  # there is ink where the box says
        assert height < 60


def camd_reads() -> Pipeline:
    return Pipeline(Settings(), svm.load(paths.model_file()))


def two_rows() -> Image:
    return write(write(sheets.paper(), "23457", (120, 200)), "9583", (120, 340))


@pytest.mark.parametrize("angle", [0, 40, 90, 135, 180, 230, 270, 340])
def test_a_sheet_is_read_from_every_side(angle: int) -> None:
    result = camd_reads().still(turned(two_rows(), angle))
    assert [line.text for line in result.lines] == ["23457", "9583"]
    assert abs((result.turn + angle + 180) % 360 - 180) <= 40


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_boxes_are_those_of_the_frame_as_it_is(angle: int) -> None:
    image = turned(two_rows(), angle)
    upright = {d.digit: d.box for d in camd_reads().still(two_rows()).digits}
    for digit in camd_reads().still(image).digits:
        x, y, width, height = digit.box
        assert image[y : y + height, x : x + width].min() < 80
        assert (height, width) == pytest.approx(
            upright[digit.digit][2:] if angle != 180 else upright[digit.digit][:1:-1], abs=4
        )


@pytest.mark.parametrize("text", ["6", "9"])
def test_a_lone_digit_stays_as_the_camera_sees_it(text: str) -> None:
    upright, upside_down = write(sheets.paper(), text, (300, 260)), {"6": "9", "9": "6"}[text]
    assert camd_reads().still(upright).lines[0].text == text
    result = camd_reads().still(turned(upright, 180))
    assert [line.text for line in result.lines] == [upside_down]
    assert result.turn == 0


def test_a_region_with_corners_is_upright_by_itself() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    region = RegionSettings(name="meter", corners=corners)
    settings = Settings(region=(region,))
    result = Pipeline(settings, svm.load(paths.model_file())).still(turned(two_rows(), 180))
    assert result.turn == 0


def test_a_mask_stays_where_it_is_in_the_frame() -> None:
    low = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
    settings = Settings(mask=(MaskSettings(name="low", polygon=low),))
    pipeline = Pipeline(settings, svm.load(paths.model_file()))
    assert [line.text for line in pipeline.still(two_rows()).lines] == ["23457"]
    result = pipeline.still(turned(two_rows(), 180))
    assert [line.text for line in result.lines] == ["9583"]


def test_tracks_and_reading_go_on_while_the_sheet_turns() -> None:
    pipeline = camd_reads()
    sheet = np.full((700, 700, 3), 220, np.uint8)
    write(write(sheet, "23457", (230, 320)), "9583", (230, 440))
    said, ended, turns = [], 0, []
    for frame in range(120):
        matrix = cv2.getRotationMatrix2D((350, 350), -3 * max(0, frame - 10), 1)
        image = cv2.warpAffine(sheet, matrix, (700, 700), borderValue=(220, 220, 220))
        result = pipeline.process(np.asarray(image, np.uint8), frame / 15)
        said += [result.reading.lines] if result.changed else []
        ended += sum(event.type == "end" for event in result.events)
        turns.append(result.turn)
    assert said == [("23457", "9583")]
    assert ended == 0
    assert len(set(turns)) > 12
    assert result.reading.turn == result.turn
