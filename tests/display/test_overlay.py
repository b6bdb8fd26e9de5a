import dataclasses
import itertools
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.display import labels, overlay, paint
from camd.display.overlay import Hud
from camd.values import Box, Digit, Image, Line, Reading, Rejected, Result

HUD = Hud("desk", 29.7, 18.4, broker="connected")


def paper(width: int, height: int, shade: int = 230) -> Image:
    noise = np.random.default_rng(0).integers(-3, 4, (height, width, 3))
    return (shade + noise).astype(np.uint8)


def line(text: str, x: int, y: int, height: int, *, stable: bool = True, gap: float = 0.3) -> Line:
    step, wide = round(height * (0.7 + gap)), round(height * 0.7)
    digits = tuple(
        Digit(int(c), 0.97, (x + i * step, y, wide, height), 1.0, 10 + i, stable)
        for i, c in enumerate(text)
    )
    return Line(text, digits, (x, y, step * len(text), height))


def result(*lines: Line, rejected: tuple[Rejected, ...] = ()) -> Result:
    digits = tuple(digit for one in lines for digit in one.digits)
    reading = Reading(tuple(one.text for one in lines), digits)
    return Result(digits, lines, rejected, reading=reading)


@pytest.fixture
def glasses(monkeypatch: pytest.MonkeyPatch) -> list[Box]:
    """Where glass was laid: the grounds of all labels, pills and the bar."""
    boxes: list[Box] = []
    real = paint.glass

    def spy(image: Image, box: Box, *rest: float, **more: float) -> None:
        boxes.append(box)
        real(image, box, *rest, **more)

    monkeypatch.setattr(paint, "glass", spy)
    return boxes


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def near(pixels: Image, colour: paint.Colour) -> bool:
    """True where one pixel is of that colour, as far as anti-aliasing lets it."""
    return bool((np.abs(pixels.astype(int) - colour).max(axis=-1) < 25).any())


SIZES = [(1, 1), (1, 700), (700, 1), (3, 2), (17, 31), (64, 48), (160, 120), (320, 20), (333, 777)]


@pytest.mark.parametrize("size", SIZES)
def test_draws_on_a_copy_of_a_picture_of_any_size(size: tuple[int, int]) -> None:
    image = paper(*size)
    before = image.copy()
    scene = result(
        line("1947", -20, -10, 30),
        line("5", 5, 5, 600, stable=False),
        rejected=(Rejected((2, 2, 900, 1), "too small"), Rejected((9, 9, 0, 0), "no ink")),
    )
    hud = Hud("n" * 64, 3.21, 123456, "waiting " * 20, "connecting " * 20, True, "saved " * 50)
    drawn = overlay.draw(image, scene, hud, details=True)
    assert drawn.shape == image.shape
    assert drawn.dtype == np.uint8
    assert np.array_equal(image, before)
    assert overlay.draw(image, Result(), Hud()).shape == image.shape
    assert overlay.waiting(size, hud).shape == image.shape


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("height", [12, 24, 60])
def test_labels_cover_neither_digits_nor_one_another(
    size: tuple[int, int], height: int, glasses: list[Box]
) -> None:
    image = paper(*size)
    scene = result(
        *(line("1947305", 30, 20 + round(k * 1.6 * height), height) for k in range(4)),
        line("8", size[0] - height, 300, height),
    )
    drawn = overlay.draw(image, scene, HUD)
    for x, y, w, h in (digit.box for digit in scene.digits):
        # The box of a small digit leaves no air around it.
        ink = np.s_[y + 2 : y + h - 2, x + 2 : x + w - 2]
        assert np.abs(drawn[ink].astype(int) - image[ink]).max() < 12
    assert not any(overlap(a, b) for a, b in itertools.combinations(glasses, 2))


def test_crowded_digits_leave_the_word_to_the_label_of_their_line(glasses: list[Box]) -> None:
    overlay.draw(paper(640, 480), result(line("1947305" * 2, 30, 100, 12, gap=0.05)), HUD)
    label, bar = glasses
    assert label[0] > 100
    assert bar[1] > 400


def test_a_lone_digit_needs_no_label_for_its_line(glasses: list[Box]) -> None:
    overlay.draw(paper(640, 480), result(line("7", 300, 200, 60)), HUD)
    assert len(glasses) == 2  # its own, and the bar


def test_room_decides_how_much_a_label_says(glasses: list[Box]) -> None:
    def first_label(gap: float) -> Box:
        glasses.clear()
        scene = result(line("19", 100, 200, 50, gap=gap))
        overlay.draw(paper(1280, 720), scene, HUD, details=True)
        return glasses[1]

    wide, stacked = first_label(1.0), first_label(0.1)
    assert wide[2] > stacked[2]
    assert stacked[3] > wide[3]


def test_a_digit_of_no_line_is_marked_too() -> None:
    image = paper(640, 480)
    one = line("7", 300, 200, 60)
    with_line = overlay.draw(image, result(one), HUD)
    without = dataclasses.replace(result(one), lines=())
    assert np.array_equal(overlay.draw(image, without, HUD), with_line)


@pytest.mark.parametrize("shade", [235, 25])
def test_a_settled_digit_has_a_closed_box_and_another_only_corners(shade: int) -> None:
    image = paper(640, 480, shade)
    x, y, w, h = 300, 200, 80, 120

    def side(stable: bool) -> Image:
        digit = Digit(7, 0.97, (x, y, w, h), stable=stable)
        return overlay.draw(image, Result((digit,)), HUD)[y - 4 : y, x + w // 2]

    assert near(side(stable=True), labels.ACCENT)
    assert np.array_equal(side(stable=False), image[y - 4 : y, x + w // 2])
    digit = Digit(7, 0.97, (x, y, w, h))
    drawn = overlay.draw(image, Result((digit,)), HUD)
    assert near(drawn[y - 6 : y + 3, x - 6 : x + 10], labels.AMBER)


def test_rejected_contours_and_reasons_show_on_request_only(glasses: list[Box]) -> None:
    image = paper(640, 480)
    scene = Result(rejected=(Rejected((300, 200, 40, 40), "too small"),))
    plain = overlay.draw(image, scene, HUD)
    assert np.array_equal(plain, overlay.draw(image, Result(), HUD))
    glasses.clear()
    shown = overlay.draw(image, scene, HUD, details=True)
    assert not np.array_equal(shown[198:242, 298:342], image[198:242, 298:342])
    assert len(glasses) == 3  # the reason, the summary, the bar


def test_digits_are_labelled_before_rejected_contours(glasses: list[Box]) -> None:
    scene = result(line("1947", 100, 100, 40))
    overlay.draw(paper(640, 480), scene, HUD, details=True)
    alone = [box for box in glasses if box[:2] != (10, 10)]  # but for the count of them
    glasses.clear()
    clutter = tuple(Rejected((x, 60, 30, 20), "too small") for x in range(90, 500, 40))
    overlay.draw(paper(640, 480), dataclasses.replace(scene, rejected=clutter), HUD, details=True)
    assert set(alone) <= set(glasses)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "hall"},
        {"fps": 12.0},
        {"keys": 1.0},
        {"legend": True},
        {"camera": "missing"},
        {"broker": "connecting"},
        {"broker": ""},
        {"paused": True},
        {"message": "saved camd-1.png"},
    ],
)
def test_each_state_is_seen(change: dict[str, object]) -> None:
    image = paper(640, 480)
    before = overlay.draw(image, Result(), HUD)
    after = overlay.draw(image, Result(), dataclasses.replace(HUD, **change))
    assert not np.array_equal(before, after)


def test_the_time_a_frame_takes_is_a_detail() -> None:
    image = paper(640, 480)
    slow = dataclasses.replace(HUD, latency_ms=999.0)
    plain, detailed = (
        [overlay.draw(image, Result(), hud, details=details) for hud in (HUD, slow)]
        for details in (False, True)
    )
    assert np.array_equal(*plain)
    assert not np.array_equal(*detailed)


def test_a_confidence_is_shown_where_it_is_a_doubt_or_on_request(glasses: list[Box]) -> None:
    def label(confidence: float, track: int | None = None, details: bool = False) -> int:
        glasses.clear()
        digit = Digit(7, confidence, (300, 200, 40, 60), track=track, stable=True)
        overlay.draw(paper(640, 480), Result((digit,)), HUD, details=details)
        return glasses[0][2]

    bare = label(0.96)
    assert label(0.99, track=12) == bare
    assert label(0.94) > bare
    assert label(0.99, details=True) > bare


@pytest.mark.parametrize("lines", [("1947",), ("1947", "28"), ("1234567890",) * 12])
def test_the_reading_stays_within_its_part_of_the_bar(lines: tuple[str, ...]) -> None:
    image = paper(640, 480)
    empty = overlay.draw(image, Result(), HUD)
    drawn = overlay.draw(image, Result(reading=Reading(lines)), HUD)
    changed = np.argwhere((drawn != empty).any(axis=2))
    assert changed[:, 0].min() > 430
    assert changed[:, 1].min() > 10
    assert changed[:, 1].max() < 470


def test_an_incomplete_reading_ends_with_a_question_mark() -> None:
    image = paper(640, 480)
    sure, unsure = (
        overlay.draw(image, Result(reading=Reading(("1947",), complete=complete)), HUD)
        for complete in (True, False)
    )
    changed = (sure != unsure).any(axis=2)
    assert near(unsure[changed], labels.AMBER)
    assert not near(sure[430:, :300], labels.AMBER)


def test_threads_may_draw_at_once() -> None:
    image, scene = paper(640, 480), result(line("1947", 30, 100, 40), line("28", 30, 250, 40))
    expected = overlay.draw(image, scene, HUD)
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: overlay.draw(image, scene, HUD), range(200)))
    assert all(np.array_equal(one, expected) for one in drawn)


def test_waiting_says_for_what_and_why() -> None:
    shown = [
        overlay.waiting((640, 480), Hud(source=source, camera=camera))
        for source, camera in itertools.product(("0", "/dev/video1"), ("waiting", "missing"))
    ]
    assert shown[0].shape == (480, 640, 3)
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(shown, 2))


def test_jpeg_decodes_to_the_same_picture() -> None:
    image = overlay.waiting((320, 240), HUD)
    data = overlay.encode_jpeg(image, 90)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < 2
    assert len(overlay.encode_jpeg(image, 20)) < len(data)


@settings(max_examples=40, deadline=None)
@given(st.integers(100, 200_000), st.integers(1, 100), st.sampled_from([(640, 480), (60, 300)]))
def test_a_picture_is_as_small_as_it_must_be(
    most: int, quality: int, size: tuple[int, int]
) -> None:
    """Of noise, which has the largest files."""
    image = np.random.default_rng(7).integers(0, 256, (*size[::-1], 3), np.uint8)
    made = overlay.encode_within(image, quality, most)
    whole = overlay.encode_jpeg(image, quality)
    decoded = cv2.imdecode(np.frombuffer(made.data, np.uint8), cv2.IMREAD_COLOR)
    if len(whole) <= most:
        assert (made.data, made.reduced) == (whole, False)
        return
    assert made.reduced
    assert len(made.data) <= most or decoded.shape[1] <= 64
    assert decoded.shape[1] / decoded.shape[0] == pytest.approx(size[0] / size[1], rel=0.1)
    if len(overlay.encode_jpeg(image, 40)) <= most:
        assert decoded.shape == image.shape, "coarser is better than smaller"
    elif quality >= 40 and len(made.data) > 3000:
        assert len(made.data) > most / 3, "and not much smaller than that"


def test_text_is_cut_to_the_width_it_is_given() -> None:
    text = paint.Text("connecting to localhost:1883", 12, paint.WHITE)
    assert text.shortened(text.width) == text
    cut = text.shortened(80)
    assert 0 < cut.width <= 80
    assert cut.text.endswith("…")
    assert text.shortened(1).text == ""
