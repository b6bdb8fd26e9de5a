import cv2
import numpy as np
import pytest

from camd.components import components
from camd.cuts import Cut, cuts
from camd.page import Page


def look(grey: np.ndarray, mask: np.ndarray) -> Page:
    ink = 255 - grey
    return Page(grey, ink, 255 - mask, components(mask), 1.0, 8.0, ())


def test_cuts_are_those_of_each_mark_alone() -> None:
    rng = np.random.default_rng(4)
    grey = cv2.blur(rng.integers(0, 255, (300, 400), np.uint8), (9, 9))
    mask = ((grey < 120) * 255).astype(np.uint8)
    page = look(grey, mask)
    assert len(page.pieces) > 20
    groups = [[0], [5, 2], [len(page.pieces) - 1], [9], [7, 12, 11]]
    for cut, group in zip(cuts(page, groups), groups, strict=True):
        assert cut.pieces == group
        assert cut.box == page.pieces.bounds(group)
        rows, columns = cut.around
        x, y = columns.start, rows.start
        here = (x, y, columns.stop - x, rows.stop - y)
        assert (cut.own == page.pieces.mask(group, here)).all()
        assert (cut.edge == cv2.dilate(cut.own, np.ones((3, 3), np.uint8))).all()
        # The ring of the pixels at the distance of the rim, on the whole page.
        own = page.pieces.mask(group, (0, 0, 400, 300))
        rim = 3 + cut.box[3] // 50
        far, near = (
            cv2.dilate(own, np.ones((2 * by + 1, 2 * by + 1), np.uint8)) for by in (rim, rim - 1)
        )
        beside = (far > near) & (mask == 0)
        assert cut.halo == pytest.approx(page.ink[beside].mean())
        assert cut.area == np.count_nonzero(own)
        assert cut.strength == pytest.approx(page.ink[own > 0].mean())


def bar(left: int, right: int) -> Cut:
    """A dark bar, the paper left and right of it of these grey levels."""
    grey = np.full((120, 90), left, np.uint8)
    grey[:, 45:] = right
    mask = np.zeros_like(grey)
    grey[30:90, 42:48], mask[30:90, 42:48] = 40, 255
    (cut,) = cuts(look(grey, mask), [[0]])
    return cut


def test_an_edge_is_one_sided() -> None:
    assert not bar(200, 200).one_sided
    assert bar(200, 45).one_sided
    assert bar(45, 200).one_sided


def test_a_mark_without_surroundings_is_no_edge() -> None:
    mask = np.full((60, 40), 255, np.uint8)
    (cut,) = cuts(look(255 - mask, mask), [[0]])
    assert cut.own.shape == (60, 40)
    assert (cut.halo, cut.one_sided) == (0, False)


def test_no_groups() -> None:
    blank = np.zeros((20, 20), np.uint8)
    assert cuts(look(255 - blank, blank), []) == []
