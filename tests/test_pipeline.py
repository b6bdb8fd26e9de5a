from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camd.pipeline import Pipeline
from camd.settings import Settings
from camd.values import Image


@dataclass
class Answers:
    labels: NDArray[np.int64]
    margins: NDArray[np.float32]
    confidence: NDArray[np.float32]


@dataclass
class ModelByWidth:
    """Calls a narrow crop 1, a wide one 0 and one between them no digit at all."""

    sure: float = 0.999
    id: str = "0123abcd"
    scores: Mapping[str, float] = field(default_factory=dict)
    open_set: bool = True

    def classify(self, crops: NDArray[np.uint8]) -> Answers:
        assert crops.dtype == np.uint8
        assert crops.shape[1:] == (28, 28)
        widths = np.array([np.ptp(np.nonzero(crop > 60)[1]) for crop in crops], np.int64)
        labels = np.where(widths < 8, 1, np.where(widths > 11, 0, -1))
        return Answers(
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


def test_what_the_model_calls_no_digit_is_rejected(pipeline: Pipeline) -> None:
    image = sheet()
    for x, width in [(140, 15), (180, 15), (220, 15), (260, 8)]:
        cv2.ellipse(image, (x, 70), (width, 20), 0, 0, 360, (40, 30, 30), 4, cv2.LINE_AA)
    result = pipeline.still(image)
    assert [line.text for line in result.lines] == ["10000", "1"]
    assert [r.reason for r in result.rejected] == ["not a digit"]


def test_a_stroke_among_words_is_rejected(pipeline: Pipeline) -> None:
    image = paper()
    cv2.line(image, (160, 50), (160, 90), (40, 30, 30), 4, cv2.LINE_AA)
    for x, y in [(20, 70), (180, 70), (20, 110), (180, 110)]:
        cv2.line(image, (x, y), (x + 120, y), (40, 30, 30), 4, cv2.LINE_AA)
        for k in range(6):
            cv2.line(image, (x + 20 * k, y), (x + 20 * k, y - 12), (40, 30, 30), 4, cv2.LINE_AA)
    result = pipeline.still(image)
    assert result.digits == ()
    assert "letter-like neighbourhood" in [r.reason for r in result.rejected]


def test_an_unsure_digit_is_rejected() -> None:
    result = Pipeline(Settings(), ModelByWidth(sure=0.45)).still(sheet())
    assert result.digits == ()
    assert [r.reason for r in result.rejected].count("unsure") == 3


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
    pipeline = Pipeline(Settings(), ModelByWidth(), timer=lambda: float(next(ticks)))
    assert pipeline.process(sheet(), 0.0).stages == {
        "segment": 1.0,
        "classify": 1.0,
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
