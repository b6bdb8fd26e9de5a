import numpy as np
import pytest

from camd.config.settings import MaskSettings
from camd.display import overlay, regions
from camd.display.labels import ACCENT, AMBER
from camd.display.overlay import Hud
from camd.values import Image, RegionReading, Result
from tests.display.test_overlay import HUD, near, paper

OUTLINE = ((100.0, 120.0), (300.0, 120.0), (300.0, 220.0), (100.0, 220.0))
METER = RegionReading("meter", "ok", 19.47, "01947", 0.9, OUTLINE)
CLOCK = MaskSettings(name="clock", polygon=((0.6, 0.3), (0.9, 0.3), (0.9, 0.6), (0.6, 0.6)))


@pytest.mark.parametrize(("status", "colour"), [("ok", ACCENT), ("step", AMBER)])
def test_a_region_is_outlined_in_the_colour_of_its_status(status: str, colour: object) -> None:
    said = RegionReading("meter", status, 1 if status == "ok" else None, "1", 0.9, OUTLINE)  # type: ignore[arg-type]
    drawn = overlay.draw(paper(640, 480), Result(regions=(said,)), HUD)
    for x, y in ((200, 120), (300, 170), (200, 220), (100, 170)):
        assert near(drawn[y - 2 : y + 3, x - 2 : x + 3], colour)  # type: ignore[arg-type]
    assert np.array_equal(drawn[140:200, 120:280], paper(640, 480)[140:200, 120:280])


def test_its_value_stands_above_it_and_in_the_bar() -> None:
    plain = overlay.draw(paper(640, 480), Result(), HUD)
    drawn = overlay.draw(paper(640, 480), Result(regions=(METER,)), HUD)
    assert not np.array_equal(drawn[90:117, 100:250], plain[90:117, 100:250])
    assert not np.array_equal(drawn[440:, :200], plain[440:, :200])


def test_the_bar_names_the_regions_and_marks_the_ones_without_a_value() -> None:
    def bar(name: str, status: str = "ok") -> Image:
        value = 19.47 if status == "ok" else None
        said = RegionReading(name, status, value, "01947", 0.9)  # type: ignore[arg-type]
        return overlay.draw(paper(640, 480), Result(regions=(said,)), HUD)[440:, :300]

    assert not np.array_equal(bar("meter"), bar("clock"))
    assert near(bar("meter", "step"), AMBER)
    assert not near(bar("meter"), AMBER)


@pytest.mark.parametrize("corner", [(0, 0), (560, 0), (0, 400), (560, 400)])
def test_a_tag_can_be_seen_whole(corner: tuple[int, int]) -> None:
    outline = tuple((corner[0] + x, corner[1] + y) for x, y in ((0, 0), (80, 0), (80, 80), (0, 80)))
    said = RegionReading("a-long-name-for-a-region", "ok", 123456789, "1", 0.9, outline)
    (tag,) = regions.tags(paper(640, 480), [said], 1.0)
    x, y, wide, high = tag.box
    assert x >= 0
    assert y >= 0
    assert x + wide <= 640
    assert y + high <= 480


def test_masks_are_hatched_with_what_was_rejected_only() -> None:
    image = paper(640, 480)
    assert np.array_equal(
        overlay.draw(image, Result(), HUD, masks=(CLOCK,)), overlay.draw(image, Result(), HUD)
    )
    drawn = overlay.draw(image, Result(), HUD, details=True, masks=(CLOCK,))
    inside, outside = drawn[150:280, 390:570], drawn[300:400, 390:570]
    assert inside.mean() < outside.mean() - 20
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) > 10
    assert np.array_equal(outside, image[300:400, 390:570])


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 48)])
def test_a_picture_of_any_size_will_do(size: tuple[int, int]) -> None:
    said = RegionReading("meter", "ok", 1, "1", 0.9, ((0, 0), (1, 0), (1, 1)))
    drawn = overlay.draw(paper(*size), Result(regions=(said,)), Hud(), details=True, masks=(CLOCK,))
    assert drawn.shape == paper(*size).shape
