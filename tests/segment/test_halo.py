import cv2
import numpy as np
import pytest

from camd.segment.components import components
from camd.segment.halo import Cuts
from camd.segment.page import Page


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
    cuts = Cuts(page, groups)
    for i, group in enumerate(groups):
        cut, box = cuts.cut(i), cuts.boxes[i]
        assert [box] == page.pieces.boxes([group])
        rows, columns = cut.around
        x, y = columns.start, rows.start
        here = (x, y, columns.stop - x, rows.stop - y)
        assert (cut.own == page.pieces.mask(group, here)).all()
        assert (cut.own[cut.inner] == page.pieces.mask(group, box)).all()
        assert (cut.edge == cv2.dilate(cut.own, np.ones((3, 3), np.uint8))).all()
        # The ring of the pixels at the distance of the rim, on the whole page.
        own = page.pieces.mask(group, (0, 0, 400, 300))
        rim = 3 + box[3] // 50
        far, near = (
            cv2.dilate(own, np.ones((2 * by + 1, 2 * by + 1), np.uint8)) for by in (rim, rim - 1)
        )
        beside = (far > near) & (mask == 0)
        assert cuts.halo[i] == pytest.approx(page.ink[beside].mean())
        assert cuts.area[i] == np.count_nonzero(own)
        assert cuts.strength[i] == pytest.approx(page.ink[own > 0].mean())


def test_each_second_pixel_tells_as_much_of_a_high_mark() -> None:
    grey = np.full((760, 700), 220, np.uint8)
    cv2.circle(grey, (360, 370), 330, 60, 21)
    grey = cv2.blur(grey, (9, 9))
    mask = ((grey < 140) * 255).astype(np.uint8)
    page = look(grey, mask)
    cuts = Cuts(page, [[0]])
    cut = cuts.cut(0)
    assert cut.step == 2
    assert cut.own.shape == page.ink[cut.around].shape
    assert cuts.area[0] == np.count_nonzero(mask)
    assert cuts.strength[0] == pytest.approx(page.ink[mask > 0].mean())
    assert 4 * np.count_nonzero(cut.own) == pytest.approx(cuts.area[0], rel=0.15)
    assert not cuts.one_sided[0]
    assert cuts.halo[0] == pytest.approx(35, abs=1)


def edge(left: int, right: int) -> bool:
    """Whether a dark bar is one, the paper left and right of it of these grey levels."""
    grey = np.full((120, 90), left, np.uint8)
    grey[:, 45:] = right
    mask = np.zeros_like(grey)
    grey[30:90, 42:48], mask[30:90, 42:48] = 40, 255
    return bool(Cuts(look(grey, mask), [[0]]).one_sided[0])


def test_an_edge_is_one_sided() -> None:
    assert not edge(200, 200)
    assert edge(200, 45)
    assert edge(45, 200)


def test_a_mark_without_surroundings_is_no_edge() -> None:
    mask = np.full((60, 40), 255, np.uint8)
    cuts = Cuts(look(255 - mask, mask), [[0]])
    assert cuts.cut(0).own.shape == (60, 40)
    assert (cuts.halo[0], cuts.one_sided[0]) == (0, False)


def test_no_groups() -> None:
    blank = np.zeros((20, 20), np.uint8)
    assert len(Cuts(look(255 - blank, blank), []).area) == 0
