from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.hypotheses import parts as hypotheses
from camd.hypotheses.looks import AGAIN_S, InVain
from camd.hypotheses.select import Reading
from camd.segment.segmentation import Segmentation, segment
from camd.values import Classified, Glyph
from tests.hypotheses.test_unions import broken
from tests.hypotheses.touching import rings, rows
from tests.sheets import Sheet, paper


def found(sheet: Sheet) -> Segmentation:
    return segment(sheet, SegmentSettings())


def read(
    glyphs: Sequence[Glyph],
    scraps: Sequence[Glyph],
    classify: Callable[[Sequence[Glyph]], Classified],
    in_vain: InVain | None = None,
    at: float | None = None,
) -> Reading:
    whole = Reading(tuple(glyphs), classify(glyphs))
    return hypotheses.read(whole, scraps, classify, in_vain, at)


class Teller:
    """Calls what is slim a 1, what is round a 0, and what is neither the `label` with a confidence;
    what is wider than high is no digit."""

    def __init__(self, together: float = 0.97, label: int = 6) -> None:
        self.together, self.label = together, label
        self.asked: list[int] = []

    def __call__(self, glyphs: Sequence[Glyph]) -> Classified:
        self.asked.append(len(glyphs))
        labels, sure = [], []
        for glyph in glyphs:
            shape = glyph.box[2] / glyph.box[3]
            label = 1 if shape < 0.4 else self.label if shape < 0.85 else 0 if shape < 1.2 else -1
            labels.append(label)
            sure.append(self.together if label == self.label else 0.98)
        return Classified(
            np.array(labels, np.int64), np.ones(len(labels), np.float32), np.array(sure, np.float32)
        )


class Eights:
    """Calls what is high an 8 and all else that is neither wide nor low a 0, always sure."""

    def __call__(self, glyphs: Sequence[Glyph]) -> Classified:
        box = np.array([glyph.box for glyph in glyphs]).reshape(-1, 4)
        labels = np.where(box[:, 3] > 100, 8, np.where((box[:, 3] > 60) & (box[:, 2] < 60), 0, -1))
        sure = np.full(len(box), 0.99, np.float32)
        return Classified(labels.astype(np.int64), sure, sure)


def by_width(glyphs: Sequence[Glyph]) -> Classified:
    """Call a hollow crop 0 that is neither narrow nor wide, and all others no digits."""
    crops = [glyph.crop for glyph in glyphs]
    widths = np.array([np.ptp(np.nonzero(crop > 60)[1]) for crop in crops], np.int64)
    hollow = np.array([crop[14, 14] < 60 for crop in crops], bool)
    labels = np.where((widths > 10) & (widths < 17) & hollow, 0, -1).astype(np.int64)
    return Classified(
        labels, np.ones(len(crops), np.float32), np.full(len(crops), 0.98, np.float32)
    )


def labels(reading: Reading) -> list[int]:
    return sorted(reading.classified.labels.tolist())


def test_touching_digits_come_apart_with_the_evidence_of_both() -> None:
    whole = found(rings(paper())).glyphs
    assert len(whole) == 1
    reading = read(whole, (), by_width)
    assert labels(reading) == [0, 0]
    assert reading.classified.confidence == pytest.approx(0.98**2)
    assert all(glyph.cut for glyph in reading.glyphs)


def test_pieces_that_nearly_meet_are_the_digit_they_make() -> None:
    parts = found(broken())
    reading = read(parts.glyphs, parts.scraps, Teller(0.97))
    assert labels(reading) == [6]
    assert reading.classified.confidence.tolist() == [pytest.approx(0.97)]


def test_pieces_stay_apart_where_together_they_are_doubted() -> None:
    parts = found(broken()).glyphs
    for teller in (Teller(0.8), Teller(0.99, -1)):
        assert read(parts, (), teller).glyphs == parts


def test_what_is_read_beside_a_scrap_that_nothing_explains_is_doubted() -> None:
    def lone(glyphs: Sequence[Glyph]) -> Classified:
        judged = by_width(glyphs)
        low = np.array([glyph.box[3] < 90 for glyph in glyphs])
        return replace(judged, labels=np.where(low, judged.labels, -1))

    left, right = sorted(found(rings(paper(), joined=False)).glyphs, key=lambda one: one.box)
    x, y, width, _ = left.box
    bar = replace(left, box=(x, y - 14, width // 2, 10), ink=left.ink[:12])
    reading = read((left, right), (bar,), lone)
    assert reading.classified.confidence.tolist() == [pytest.approx(0.49), pytest.approx(0.98)]
    far = replace(bar, box=(x, y - 40, width // 2, 10))
    assert (read((left, right), (far,), lone).classified.confidence > 0.9).all()


def test_two_parts_of_a_1_are_a_1() -> None:
    pale = np.zeros((28, 28), np.uint8)
    parts = [
        Glyph((300, y, 8, height), pale, 8.0, np.full((height, 8), 255, np.uint8))
        for y, height in ((200, 40), (244, 30))
    ]
    reading = read(parts, (), Teller())
    assert labels(reading) == [1]
    assert reading.glyphs[0].box == (300, 200, 8, 74)


def test_a_digit_is_not_joined_to_what_leaves_it_the_same() -> None:
    parts = found(broken()).glyphs
    assert read(parts, (), Teller(0.99, 0)).glyphs == parts


@pytest.mark.parametrize("many", [2, 3])
def test_one_digit_as_high_as_the_rows_beside_it_is_one_in_each(many: int) -> None:
    whole = found(rows(many)).glyphs
    reading = read(whole, (), Eights())
    assert labels(reading) == [0] * 4 * many
    assert max(glyph.box[3] for glyph in reading.glyphs) < 100


def test_a_large_digit_beside_one_row_stays_whole() -> None:
    whole = found(rows(missing=1)).glyphs
    assert 8 in labels(read(whole, (), Eights()))


def test_rows_that_lean_are_rows() -> None:
    matrix = cv2.getRotationMatrix2D((320, 240), 8, 1)
    leaning = cv2.warpAffine(rows(), matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    assert 8 not in labels(read(found(np.asarray(leaning, np.uint8)).glyphs, (), Eights()))


def test_single_digits_are_classified_once() -> None:
    teller = Teller()
    whole = found(rings(paper(), joined=False)).glyphs
    assert read(whole, (), teller).glyphs == whole
    assert teller.asked == [2]


def test_in_a_film_what_is_no_digits_is_not_cut_in_every_frame() -> None:
    asked: list[int] = []

    def nothing(glyphs: Sequence[Glyph]) -> Classified:
        asked.append(len(glyphs))
        sure = np.ones(len(glyphs), np.float32)
        return Classified(np.full(len(glyphs), -1, np.int64), sure, sure)

    whole = found(rings(paper())).glyphs
    in_vain = InVain()
    for at in (0.0, 0.01, AGAIN_S):
        assert read(whole, (), nothing, in_vain, at).glyphs == whole
    first, pieces, second, third, again = asked
    assert first == second == third == 1
    assert pieces == again > 1


def test_nothing_gives_nothing() -> None:
    reading = read((), (), by_width)
    assert reading.glyphs == ()
    assert reading.classified.labels.shape == (0,)
