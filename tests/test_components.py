import cv2
import numpy as np
import pytest

from camd.components import components


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (60, 90), (400, 800)])
def test_statistics_are_opencvs(share: float, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    mask = (255 * (rng.random(size) < share)).astype(np.uint8)
    _, labels, stats, centres = cv2.connectedComponentsWithStats(mask)
    found = components(mask)
    # The same pieces: their order is that of an algorithm, and not promised.
    assert len(found.stats) == len(stats) - 1
    where = np.array([labels[found.labels == i + 1][0] for i in range(min(50, len(found.stats)))])
    for i, other in enumerate(where.tolist()):
        assert ((found.labels == i + 1) == (labels == other)).all()
        assert (found.stats[i] == stats[other]).all()
        np.testing.assert_allclose(found.centres[i], centres[other])


def test_more_pieces_than_sixteen_bits_count() -> None:
    mask = np.zeros((600, 600), np.uint8)
    mask[::2, ::2] = 255
    found = components(mask)
    assert len(found.stats) == 300 * 300
    assert (found.stats[:, 2:] == 1).all()
    assert (found.centres == found.stats[:, :2]).all()
