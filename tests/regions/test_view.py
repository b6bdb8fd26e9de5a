import cv2
import numpy as np
import pytest

from camd.config.settings import MaskSettings, RegionSettings
from camd.regions.view import View, pixels
from tests.sheets import paper

SIZE = (1280, 720)
STRIP = ((0.5, 0.5), (0.6, 0.5), (0.6, 0.6), (0.5, 0.6))


def test_a_whole_frame_is_not_copied() -> None:
    image = paper(*SIZE)
    view = View.of(None, (), SIZE)
    assert view.cut(image) is image
    assert view.has((1279, 719, 1, 1))
    assert view.in_frame((3, 4, 5, 6)) == (3, 4, 5, 6)


def test_only_the_surroundings_of_a_polygon_are_cut_out() -> None:
    view = View.of(RegionSettings(name="a", polygon=STRIP), (), SIZE)
    image = paper(*SIZE)
    cut = view.cut(image)
    assert cut.shape[0] < 150
    assert cut.shape[1] == 640  # less would be enlarged, and cost more
    x, y, width, height = view.in_frame((10, 20, 30, 40))
    assert (width, height) == (30, 40)
    assert np.array_equal(image[y : y + 40, x : x + 30], cut[20:60, 10:40])


@pytest.mark.parametrize("x", [0.0, 0.9])
def test_at_the_edge_of_the_frame_a_cut_stays_inside(x: float) -> None:
    corner = tuple((x + dx, 0.95 + dy) for dx, dy in ((0, 0), (0.1, 0), (0.1, 0.05), (0, 0.05)))
    cut = View.of(RegionSettings(name="a", polygon=corner), (), SIZE).cut(paper(*SIZE))
    assert cut.shape[1] == 640
    assert cut.shape[0] > 0.05 * 720


def test_a_small_frame_is_no_reason_to_cut_out_more_than_there_is() -> None:
    view = View.of(RegionSettings(name="a", polygon=STRIP), (), (320, 240))
    assert view.cut(paper(320, 240)).shape[1] == 320


def test_the_centre_of_a_box_decides_where_it_belongs() -> None:
    masks = [MaskSettings(name="m", polygon=((0, 0), (0.55, 0), (0.55, 1), (0, 1)))]
    view = View.of(RegionSettings(name="a", polygon=STRIP), masks, SIZE)
    left, top, _, _ = view.window

    def box(x: int, y: int) -> tuple[int, int, int, int]:
        return x - left - 20, y - top - 30, 40, 60

    assert view.has(box(645, 365))
    assert not view.has(box(635, 365))
    assert view.masks_out(box(645, 365))
    assert not view.masks_out(box(720, 365))


def test_a_box_whose_centre_is_outside_may_have_a_part_in_a_region() -> None:
    view = View.of(RegionSettings(name="a", polygon=STRIP), (), SIZE)
    left, top, _, _ = view.window

    def part(x: int, y: int) -> bool:
        return view.has_part((x - left - 20, y - top - 30, 40, 60))

    assert part(640 - 10, 365)
    assert part(768 + 10, 365)
    assert not part(640 - 18, 365)  # less than a tenth of it
    assert not part(768 + 18, 365)
    assert not part(700, 350)  # its feet stand in the region, its middle is above


def test_a_box_may_have_a_part_in_a_straightened_region() -> None:
    corners = ((0.2, 0.3), (0.5, 0.3), (0.5, 0.5), (0.2, 0.5))
    view = View.of(RegionSettings(name="a", corners=corners), (), SIZE)
    x, y, _, _ = view.in_frame((0, 0, 10, 10))

    def part(middle: int) -> bool:
        left, top, side = middle - 20 - x, 268 - y, 40
        return view.has_part(
            tuple(round(view.scale * length) for length in (left, top, side, side))
        )

    assert part(250)
    assert not part(230)


def test_corners_are_straightened_and_boxes_found_again() -> None:
    corners = ((0.2, 0.3), (0.5, 0.2), (0.52, 0.6), (0.18, 0.5))
    region = RegionSettings(name="a", corners=corners)
    view = View.of(region, (), SIZE)
    target = np.array(pixels(corners, SIZE), np.float32)
    flat = paper(400, 240, level=255, noise=0)
    cv2.rectangle(flat, (100, 60), (299, 179), (0, 0, 0), -1)
    source = np.array([(0, 0), (400, 0), (400, 240), (0, 240)], np.float32)
    image = cv2.warpPerspective(flat, cv2.getPerspectiveTransform(source, target), SIZE)
    dark = view.cut(np.asarray(image, np.uint8))[:, :, 0] < 128
    height, width = dark.shape
    # The rectangle has its middle in that of the thing, and half of its sides, once straightened.
    rows, columns = np.flatnonzero(dark[:, width // 2]), np.flatnonzero(dark[height // 2])
    inside = [r for r in rows if abs(r - height / 2) < height / 3]
    across = [c for c in columns if abs(c - width / 2) < width / 3]
    assert abs(np.mean(inside) - height / 2) < 0.02 * height
    assert abs(np.mean(across) - width / 2) < 0.02 * width
    assert len(across) / width == pytest.approx(
        0.5 / (1 + 2 * 0.25 * height / 1.5 / width), abs=0.1
    )
    box = (min(across), min(inside), len(across), len(inside))
    assert view.has(box)
    x, y, w, h = view.in_frame(box)
    middle = cv2.perspectiveTransform(
        np.array([[(200, 120)]], np.float32), cv2.getPerspectiveTransform(source, target)
    )[0, 0]
    assert x < middle[0] < x + w
    assert y < middle[1] < y + h
    assert 0.4 < w / (0.32 * SIZE[0]) < 0.7
    assert not view.has((0, 0, 10, 10))


def test_a_thing_upside_down_is_turned() -> None:
    image = paper(*SIZE, level=255, noise=0)
    image[300:320, 600:640] = 0
    around = ((0.4, 0.3), (0.6, 0.3), (0.6, 0.6), (0.4, 0.6))
    upright = View.of(RegionSettings(name="a", corners=around), (), SIZE).cut(image)
    turned = View.of(RegionSettings(name="a", corners=around[2:] + around[:2]), (), SIZE).cut(image)
    assert np.abs(upright.astype(int) - turned[::-1, ::-1].astype(int)).mean() < 2
    assert upright.min() == 0
