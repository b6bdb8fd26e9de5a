from collections.abc import Sequence

import cv2
import numpy as np

from camd.config.settings import SegmentSettings
from camd.hypotheses import split
from camd.hypotheses.split import Piece, Proposal, apart, best, propose
from camd.segment.segmentation import segment
from camd.values import Classified, Glyph
from tests.sheets import Sheet, line, paper

PALE = np.zeros((28, 28), np.uint8)


def rings(sheet: Sheet, *, joined: bool = True) -> Sheet:
    """Draw two zeros."""
    for x in (290, 360):
        cv2.ellipse(sheet, (x, 240), (28, 40), 0, 0, 360, (40,) * 3, 6, cv2.LINE_AA)
    return line(sheet, (317, 240), (333, 236), pen=6) if joined else sheet


def by_width(glyphs: Sequence[Glyph]) -> Classified:
    """Call a hollow crop 0 that is neither narrow nor wide, and all others no digits."""
    crops = [glyph.crop for glyph in glyphs]
    widths = np.array([np.ptp(np.nonzero(crop > 60)[1]) for crop in crops], np.int64)
    hollow = np.array([crop[14, 14] < 60 for crop in crops], bool)
    labels = np.where((widths > 10) & (widths < 17) & hollow, 0, -1).astype(np.int64)
    return Classified(
        labels, np.ones(len(crops), np.float32), np.full(len(crops), 0.98, np.float32)
    )


def glyphs(sheet: Sheet) -> tuple[Glyph, ...]:
    return segment(sheet, SegmentSettings()).glyphs


def test_touching_digits_come_apart_with_the_evidence_of_both() -> None:
    whole = glyphs(rings(paper()))
    assert len(whole) == 1
    parts, judged = apart(whole, by_width)
    assert judged.labels.tolist() == [0, 0]
    for part, x in zip(parts, (259, 329), strict=True):
        assert abs(part.box[0] - x) <= 10
        assert abs(part.box[2] - 62) <= 12
    assert (judged.confidence < 0.98**2).all()
    assert (judged.confidence > 0.8).all()


def test_boxes_of_pieces_are_in_pixels_of_the_source() -> None:
    large = cv2.resize(rings(paper()), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    parts, _ = apart(glyphs(np.asarray(large, np.uint8)), by_width)
    assert len(parts) == 2
    assert abs(parts[0].box[0] - 4 * 259) <= 16
    assert abs(parts[0].box[2] - 4 * 62) <= 24


def test_single_digits_are_classified_once() -> None:
    sheet = rings(paper(), joined=False)
    calls = []

    def classify(glyphs: Sequence[Glyph]) -> Classified:
        calls.append(len(glyphs))
        return by_width(glyphs)

    found, _ = apart(glyphs(sheet), classify)
    assert len(found) == 2
    assert calls == [2]


def test_what_is_no_digits_stays_whole() -> None:
    def nothing(glyphs: Sequence[Glyph]) -> Classified:
        count = len(glyphs)
        return Classified(
            np.full(count, -1, np.int64), np.ones(count, np.float32), np.ones(count, np.float32)
        )

    whole = glyphs(rings(paper()))
    found, judged = apart(whole, nothing)
    assert found == whole
    assert judged.labels.tolist() == [-1]


def test_nothing_in_nothing_out() -> None:
    found, judged = apart((), by_width)
    assert found == ()
    assert judged.labels.shape == (0,)


def test_only_so_many_are_cut() -> None:
    ink = np.zeros((60, 90), np.uint8)
    cv2.ellipse(ink, (24, 30), (18, 26), 0, 0, 360, 255, 5)
    cv2.ellipse(ink, (64, 30), (20, 26), 0, 0, 360, 255, 5)
    many = [Glyph((100 * i, 0, 90, 60), PALE, 5.0, ink) for i in range(40)]
    assert len(propose(many, np.zeros(40, np.float32))) == split.FEWEST
    digits = [Glyph((100 * i, 90, 30, 60), PALE, 5.0, ink) for i in range(40)]
    sure = np.repeat(np.array([0, 1], np.float32), 40)
    assert len(propose(many + digits, sure)) == split.MOST


def test_best_is_the_likeliest_way_from_end_to_end() -> None:
    def piece(start: int, end: int) -> Piece:
        return Piece(Glyph((0, 0, 1, 1), PALE), start, end)

    proposal = Proposal(0, 3, (piece(0, 1), piece(1, 3), piece(0, 2), piece(2, 3), piece(1, 2)))
    chosen, sure = best(proposal, np.array([0.9, 0.9, 0.99, 0.99, 0.9], np.float32))
    assert chosen == [2, 3]
    assert 0.9 < sure < 0.99**2
    assert best(proposal, np.zeros(5, np.float32)) == ([], 0.0)
    assert best(Proposal(0, 2, (piece(0, 1),)), np.ones(1, np.float32)) == ([], 0.0)
