import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.evaluate.clip_truth import Span, load_clips
from training.render.camera import Light, Optics, Pose, Table
from training.render.clip_kinds import FASTEST, KINDS, SCALE, TURN
from training.render.clips import STEADY, Script, Visit, ease, keyed, render, write
from training.render.hand import Hand, Pen
from training.render.paper import Sheet, Style, write_sheet

SIZE = (320, 240)
REST = Pose(160, 120, 240)


@pytest.fixture(scope="module")
def hand() -> Hand:
    """One shape for every digit, and one letter."""
    ring = np.zeros((28, 28), np.uint8)
    cv2.ellipse(ring, (14, 14), (6, 9), 0, 0, 360, 255, 3)
    letter = cv2.resize(ring, (105, 105), interpolation=cv2.INTER_NEAREST)
    return Hand(np.stack([ring] * 10), np.arange(10, dtype=np.uint8), letter[None])


@pytest.fixture(scope="module")
def sheet(hand: Hand) -> Sheet:
    return write_sheet(np.random.default_rng(1), hand, ["12", "3"], Style(Pen(0.1, (40, 30, 30))))


def truth(
    sheet: Sheet,
    *poses: tuple[float, Pose],
    seconds: float = 1.0,
    arms: tuple[tuple[float, float], ...] = (),
) -> list[Span]:
    rng = np.random.default_rng(2)
    script = Script(
        seconds,
        Table.random(rng, SIZE),
        (Visit(sheet, poses),),
        ((0.0, Light()),),
        ((0.0, Optics(noise=0)),),
        arms,
    )
    return [span for _, span in render(script, rng, 10)]


def test_a_sheet_that_lies_there_is_steady_and_says_where_its_digits_are(sheet: Sheet) -> None:
    spans = truth(sheet, (0.2, REST), (0.8, REST))
    assert [span.lines for span in spans] == [()] * 2 + [("12", "3")] * 6 + [()] * 2
    assert {span.state for span in spans} == {"steady"}
    assert spans[2].places is not None
    assert [place.digit for place in spans[2].places] == [1, 2, 3]


def test_a_sheet_on_its_way_is_moving_and_gone_once_no_digit_is_in_the_frame(sheet: Sheet) -> None:
    spans = truth(sheet, (0.0, replace(REST, x=-300)), (0.6, REST), (1.0, REST))
    assert spans[0].lines == ()
    assert [span.state for span in spans if span.lines][:2] == ["moving", "moving"]
    assert spans[-1].state == "steady"


@pytest.mark.parametrize(("speed", "state"), [(0.6, "steady"), (1.5, "moving")])
def test_what_is_steady_is_a_matter_of_speed(sheet: Sheet, speed: float, state: str) -> None:
    way = speed * STEADY / 1.5  # easing is half as fast again in the middle
    spans = truth(sheet, (0.0, REST), (1.0, replace(REST, x=REST.x + way)))
    assert spans[5].state == state


def test_a_turn_moves_the_digits_too(sheet: Sheet) -> None:
    spans = truth(sheet, (0.0, REST), (0.2, replace(REST, turn=15)), (1.0, replace(REST, turn=15)))
    assert spans[1].state == "moving"
    assert spans[-1].state == "steady"


def test_a_hand_covers_for_a_while(sheet: Sheet) -> None:
    spans = truth(sheet, (0.0, REST), (3.0, REST), seconds=3.0, arms=((0.5, 2.5),))
    states = [span.state for span in spans]
    assert states[0] == states[-1] == "steady"
    assert "covered" in states
    covered = next(span for span in spans if span.state == "covered")
    assert covered.lines == ("12", "3")
    assert covered.places is not None
    assert len(covered.places) == 3


def test_keys_ease_from_one_to_the_next() -> None:
    keys = ((1.0, REST), (2.0, replace(REST, x=260, tilt=(4.0, 0.0))))
    assert keyed(keys, 0.0) == REST
    assert keyed(keys, 1.25).x == pytest.approx(160 + 100 * ease(0.25))
    assert keyed(keys, 1.5).tilt == pytest.approx((2.0, 0.0))
    assert keyed(keys, 9.0).x == 260


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_its_bounds(hand: Hand, kind: str) -> None:
    """Of size, turn and speed while it is before the camera; the clip ends as it says."""
    rng = np.random.default_rng(3)
    script = KINDS[kind](rng, hand, SIZE)
    assert 7 <= script.seconds < 12
    for visit in script.visits:
        rests = [pose for at, pose in visit.poses]
        inside = [pose for pose in rests if 0 <= pose.x <= SIZE[0] and 0 <= pose.y <= SIZE[1]]
        assert all(abs(pose.turn) <= TURN for pose in inside)
        if kind == "scaled":
            widths = [pose.width for pose in inside]
            assert max(widths) / min(widths) <= SCALE[1] / SCALE[0]
        if kind == "carried":
            steps = zip(visit.poses[1:-2], visit.poses[2:-1], strict=True)
            for (start, one), (end, other) in steps:
                way = math.hypot(other.x - one.x, other.y - one.y)
                assert not way or 1.5 * way / (end - start) <= FASTEST * 1.01


def test_the_empty_kind_has_no_digit(hand: Hand) -> None:
    script = KINDS["empty"](np.random.default_rng(4), hand, SIZE)
    assert not any(visit.sheet.digits for visit in script.visits)


def test_what_is_written_is_what_eval_reads(tmp_path: Path, sheet: Sheet) -> None:
    script = Script(
        0.5,
        Table.random(np.random.default_rng(5), SIZE),
        (Visit(sheet, ((0.2, REST), (9.0, REST))),),
        ((0.0, Light()),),
        ((0.0, Optics()),),
    )
    write(tmp_path / "a.avi", "still", render(script, np.random.default_rng(6), 10), 10)
    (clip,) = load_clips(tmp_path)
    assert clip.kind == "still"
    assert [span.lines for span in clip.spans] == [(), (), *[("12", "3")] * 3]
    video = cv2.VideoCapture(str(clip.video))
    assert video.get(cv2.CAP_PROP_FPS) == 10
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    video.release()
