import cv2
import numpy as np
import pytest

from camd.segment import crop
from camd.segment.runs import runs
from camd.strokes import stroke_width


@pytest.mark.parametrize("blur", [1, 2, 3, 5, 9])
def test_width_is_that_of_the_outlines_that_opencv_follows(blur: int) -> None:
    rng = np.random.default_rng(blur)
    for _ in range(20):
        mask = (cv2.blur(rng.random((40, 50)), (blur, blur)) > 0.5).astype(np.uint8)
        assert stroke_width(runs(mask)) == pytest.approx(crop.stroke_width(mask))


def test_a_dot_has_no_outline() -> None:
    assert stroke_width(runs(np.ones((1, 1), np.uint8))) == 1
