import numpy as np
import pytest

from camd.segment.components import components
from camd.segment.page import Page
from camd.values import Box


@pytest.mark.parametrize(
    ("scale", "box"), [(1.0, (10, 20, 3, 30)), (2.0, (5, 10, 2, 15)), (0.5, (20, 40, 6, 60))]
)
def test_boxes_in_pixels_of_the_source(scale: float, box: Box) -> None:
    plane = np.zeros((60, 60), np.uint8)
    page = Page(plane, plane, plane, components(plane), scale, 8.0, ())
    assert page.source([(10, 20, 3, 30)]) == [box]


def test_no_box_is_empty() -> None:
    plane = np.zeros((60, 60), np.uint8)
    page = Page(plane, plane, plane, components(plane), 4.0, 8.0, ())
    assert page.source([(40, 40, 1, 8)]) == [(10, 10, 1, 2)]
