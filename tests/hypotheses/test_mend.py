from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from camd.config.settings import SegmentSettings
from camd.hypotheses.mend import propose, whole
from camd.segment.segmentation import segment
from camd.values import Classified, Glyph
from tests.sheets import Sheet, line, paper


def broken(gap: int = 9, *, size: int = 1) -> Sheet:
    """Draw a 6 whose bowl the pen did not join to its back."""
    sheet = line(paper(), (300, 200), (290, 300), pen=6)
    cv2.ellipse(sheet, (290 + 31 + gap, 276), (24, 24), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    large = cv2.resize(sheet, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)


def glyphs(sheet: Sheet) -> tuple[Glyph, ...]:
    return segment(sheet, SegmentSettings()).glyphs


class Teller:
    """Calls what is slim a 1, what is round a 0, and what is neither the `label` with a
    confidence."""

    def __init__(self, together: float, label: int = 6) -> None:
        self.together, self.label = together, label
        self.asked: list[int] = []

    def __call__(self, glyphs: Sequence[Glyph]) -> Classified:
        self.asked.append(len(glyphs))
        shapes = [glyph.box[2] / glyph.box[3] for glyph in glyphs]
        labels = [1 if shape < 0.4 else 0 if shape > 0.85 else self.label for shape in shapes]
        sure = [self.together if label == self.label else 0.98 for label in labels]
        return Classified(
            np.array(labels, np.int64), np.ones(len(labels), np.float32), np.array(sure, np.float32)
        )


@pytest.mark.parametrize("size", [1, 3])
def test_two_pieces_that_nearly_meet_are_the_digit_they_make(size: int) -> None:
    parts = glyphs(broken(size=size))
    assert len(parts) == 2
    teller = Teller(0.97)
    (one,), judged = whole(parts, teller(parts), teller)
    assert judged.labels.tolist() == [6]
    assert judged.confidence.tolist() == [pytest.approx(0.97)]
    x, y, width, height = one.box
    assert np.allclose((x, y, x + width, y + height), np.array((287, 197, 357, 303)) * size, atol=7)
    assert one.crop.shape == (28, 28)
    assert (one.crop > 100).any(axis=1).sum() >= 18


def test_pieces_stay_apart_where_together_they_are_doubted() -> None:
    parts = glyphs(broken())
    for teller in (Teller(0.8), Teller(0.99, -1)):
        kept, judged = whole(parts, teller(parts), teller)
        assert kept == parts
        assert sorted(judged.labels.tolist()) == [0, 1]


def test_digits_side_by_side_are_not_tried() -> None:
    parts = glyphs(broken(gap=20))
    teller = Teller(0.99)
    kept, _ = whole(parts, teller(parts), teller)
    assert kept == parts
    assert teller.asked == [2]


def test_digits_above_one_another_are_not_tried() -> None:
    sheet = paper()
    cv2.ellipse(sheet, (300, 200), (22, 28), 0, 0, 360, (40,) * 3, 5, cv2.LINE_AA)
    (one,) = glyphs(sheet)
    x, y, width, height = one.box
    assert not propose([one, replace(one, box=(x, y + height + 3, width, height))])


def test_a_speck_beside_a_digit_stays_apart() -> None:
    (large, small) = sorted(glyphs(broken()), key=lambda one: -one.box[3])
    x, y, _, _ = small.box
    speck = Glyph((x, y, 10, 10), small.crop, small.stroke, small.ink[:10, :10])
    assert not propose([large, speck])


def test_what_has_no_ink_kept_is_left_alone() -> None:
    parts = [Glyph(one.box, one.crop, one.stroke) for one in glyphs(broken())]
    assert not propose(parts)
    assert not propose([])
