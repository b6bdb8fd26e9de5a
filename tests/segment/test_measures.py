import cv2
import numpy as np
import pytest

from camd.segment.components import components
from camd.segment.crop import stroke_width
from camd.segment.measures import marks


def test_groups_are_measured_as_their_pixels_are() -> None:
    rng = np.random.default_rng(6)
    ink = cv2.blur(rng.integers(0, 255, (80, 120), np.uint8), (5, 5))
    mask = ((ink > 130) * 255).astype(np.uint8)
    found = components(mask)
    assert len(found) > 12
    groups = [[3], [7, 1, 10], [len(found) - 1], [0]]
    measured = marks(found, groups)
    for i, group in enumerate(groups):
        own = found.mask(group, (0, 0, 120, 80))
        assert measured.stroke[i] == pytest.approx(stroke_width(own))
        moments = cv2.moments(own)
        middle = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
        assert measured.bars[i].middle == pytest.approx(middle)


def test_no_groups() -> None:
    blank = np.zeros((20, 20), np.uint8)
    assert len(marks(components(blank), []).stroke) == 0
