import cv2
import numpy as np
import pytest

from camd.segment.components import components, together


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (60, 90), (400, 800)])
def test_statistics_are_opencvs(share: float, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    mask = (255 * (rng.random(size) < share)).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask)
    found = components(mask)
    # The same pieces: their order is that of an algorithm, and not promised.
    assert len(found) == len(stats) - 1
    whole = (0, 0, size[1], size[0])
    masks = [found.mask([i], whole) > 0 for i in range(min(50, len(found)))]
    for i, mask in enumerate(masks):
        other = labels[mask][0]
        assert (mask == (labels == other)).all()
        assert (found.stats[i] == stats[other]).all()
        np.testing.assert_allclose(found.centres()[i], centres[other])


def test_a_spiral_is_one_piece() -> None:
    mask = np.zeros((60, 60), np.uint8)
    for i in range(0, 28, 2):
        mask[i, i : 60 - i] = mask[i : 60 - i, 59 - i] = mask[59 - i, i : 60 - i] = 1
        mask[i + 2 : 60 - i, i] = mask[i + 2, i : i + 3] = 1
    assert cv2.connectedComponents(mask)[0] == 2
    assert components(mask).stats.tolist() == [[0, 0, 60, 60, int(mask.sum())]]


def test_mask_of_some_is_clipped_to_the_box() -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[5:15, 10:50] = mask[20:30, 10:50] = mask[35:, 10:50] = 1
    found = components(mask)
    drawn = found.mask([0, 1], (20, 10, 20, 30))
    assert (drawn[:20] == mask[10:30, 20:40]).all()
    assert not drawn[20:].any()
    assert not found.mask([2], (0, 0, 5, 5)).any()


def test_some_of_them_and_back_together() -> None:
    rng = np.random.default_rng(3)
    found = components((rng.random((50, 70)) < 0.2).astype(np.uint8))
    odd = np.arange(len(found)) % 2 > 0
    both = together([found.chosen(odd), found.chosen(~odd)])
    order = np.concatenate((np.flatnonzero(odd), np.flatnonzero(~odd)))
    assert (both.stats == found.stats[order]).all()
    assert (both.centres() == found.centres()[order]).all()
    for i in (0, 7, len(both) - 1):
        assert np.array_equal(both.of(i).start, found.of(int(order[i])).start)


def test_more_pieces_than_sixteen_bits_count() -> None:
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = 255
    found = components(mask)
    assert len(found.stats) == 300 * 300
    assert (found.stats[:, 2:] == 1).all()
    assert (found.centres() == found.stats[:, :2]).all()


def test_boxes_of_groups() -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[5:9, 10:50] = mask[20:30, 3:20] = mask[35:38, 55:60] = 1
    found = components(mask)
    assert found.bounds(1) == (3, 20, 17, 10)
    assert found.boxes([[1], [2, 0], [1]]) == [(3, 20, 17, 10), (10, 5, 50, 33), (3, 20, 17, 10)]
    assert found.boxes([]) == []
