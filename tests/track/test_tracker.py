import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from camd.config.settings import TrackSettings
from camd.track.tracker import Tracked, Tracker
from camd.values import Digit

FPS = 30.0


def digit(value: int, x: float, y: float, size: int = 40, confidence: float = 0.999) -> Digit:
    """Place a digit by its centre."""
    w = round(size * 0.6)
    return Digit(value, confidence, (round(x - w / 2), round(y - size / 2), w, size))


def row(text: str, x: float, y: float, pitch: float = 36) -> list[Digit]:
    return [digit(int(c), x + i * pitch, y) for i, c in enumerate(text)]


Scene = Callable[[float], Sequence[Digit]]


def play(
    tracker: Tracker, scene: Scene, seconds: float, start: float = 0.0, fps: float = FPS
) -> list[Tracked]:
    """Show the scene for a while; returns what each frame gave."""
    times = [start + i / fps for i in range(round(seconds * fps))]
    return [tracker.update(scene(at), at) for at in times]


def held(tracked: Tracked) -> str:
    return "".join(str(d.digit) for d in sorted(tracked.held, key=lambda d: d.box[0]))


def kinds(frames: Sequence[Tracked]) -> list[tuple[str, int, int | None]]:
    return [(e.type, e.digit.digit, e.was) for frame in frames for e in frame.events]


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(TrackSettings())


def test_nothing_in_nothing_out(tracker: Tracker) -> None:
    assert tracker.update((), 0.0) == Tracked()


def test_digits_come_back_in_order_with_their_track(tracker: Tracker) -> None:
    first = tracker.update(row("19", 100, 100), 0.0)
    second = tracker.update(row("19", 100, 100)[::-1], 0.1)
    assert [d.digit for d in second.digits] == [9, 1]
    assert [d.track for d in second.digits] == [d.track for d in first.digits][::-1]
    assert not any(d.stable for d in second.digits)
    assert second.held == ()


def test_a_new_digit_settles_once_and_within_300_ms(tracker: Tracker) -> None:
    frames = play(tracker, lambda _: [digit(7, 100, 100)], 2.0)
    assert kinds(frames) == [("new", 7, None)]
    assert frames[8].digits[0].stable
    assert frames[8].held[0].track == frames[8].digits[0].track


def test_a_digit_written_over_changes_and_keeps_its_track(tracker: Tracker) -> None:
    frames = play(tracker, lambda at: [digit(1 if at < 1 else 7, 100, 100)], 2.0)
    assert kinds(frames) == [("new", 1, None), ("change", 7, 1)]
    assert len({d.track for frame in frames for d in frame.digits}) == 1


def test_a_misread_frame_is_not_stable_and_leaves_the_held_value(tracker: Tracker) -> None:
    play(tracker, lambda _: [digit(1, 100, 100)], 1.0)
    (misread,) = play(tracker, lambda _: [digit(7, 100, 100)], 1 / FPS, start=1.0)
    assert not misread.digits[0].stable
    assert held(misread) == "1"


def test_a_digit_gone_ends_within_500_ms(tracker: Tracker) -> None:
    frames = play(tracker, lambda at: [digit(7, 100, 100)] if at < 1 else [], 1.5)
    assert kinds(frames) == [("new", 7, None), ("end", 7, None)]
    assert frames[35].held != ()
    assert frames[-1].held == ()


def test_a_settled_digit_stays_while_it_is_still_seen_weakly(tracker: Tracker) -> None:
    play(tracker, lambda _: [digit(0, 100, 100)], 1.0)
    doubted = [digit(0, 101, 100, confidence=0.4)]
    frames = [tracker.update((), 1 + i / FPS, doubted) for i in range(90)]
    assert kinds(frames) == []
    assert held(frames[-1]) == "0"
    assert frames[-1].kept == (0,)
    assert frames[-1].digits == ()
    assert frames[-1].held[0].confidence < 0.5


def test_what_is_weak_begins_nothing_and_overturns_nothing(tracker: Tracker) -> None:
    doubted = [digit(6, 100, 100, confidence=0.4)]
    assert all(tracker.update((), i / FPS, doubted).held == () for i in range(60))
    play(tracker, lambda _: [digit(0, 100, 100)], 1.0, start=2.0)
    frames = [tracker.update((), 3 + i / FPS, doubted) for i in range(30)]
    assert kinds(frames) == [("end", 0, None)]
    assert not any(frame.kept for frame in frames)


def test_an_unsettled_digit_leaves_without_a_word(tracker: Tracker) -> None:
    frames = play(tracker, lambda at: [digit(7, 100, 100)] if at < 0.1 else [], 1.0)
    assert kinds(frames) == []


def test_what_comes_and_goes_settles_on_nothing(tracker: Tracker) -> None:
    """A piece of a scribble may look like a digit in every other frame."""
    frames = play(tracker, lambda at: [digit(7, 100, 100)] if round(at * FPS) % 2 else [], 5.0)
    assert len({d.track for frame in frames for d in frame.digits}) == 1
    assert kinds(frames) == []


def test_a_minute_of_a_flickering_still_scene_says_each_digit_once(tracker: Tracker) -> None:
    rng = np.random.default_rng(5)
    rows = ["194728", "5033", "617"]

    def scene(_: float) -> list[Digit]:
        digits = []
        for i, text in enumerate(rows):
            for d in row(text, 100, 100 + 60 * i):
                if rng.random() < 0.1:
                    continue
                misread = rng.random() < 0.08
                x, y = rng.normal((d.box[0] + 12, d.box[1] + 20), 1.5)
                digits.append(digit((d.digit + misread) % 10, x, y))
        return digits

    frames = play(tracker, scene, 60.0)
    assert {kind for kind, *_ in kinds(frames)} == {"new"}
    assert len(kinds(frames)) == sum(map(len, rows))


@pytest.mark.parametrize("fps", [5.0, 15.0, 30.0, 60.0])
@pytest.mark.parametrize("speed", [200.0, -200.0])
def test_a_sheet_carried_across_keeps_its_tracks(
    tracker: Tracker, fps: float, speed: float
) -> None:
    # At 5 frames a second 200 px/s is 40 px a frame: more than the pitch of the digits.
    def scene(at: float) -> list[Digit]:
        return row("19472", 600 + speed * at, 100) + row("30586", 610 + speed * at, 150)

    frames = play(tracker, scene, 2.5, fps=fps)
    assert len({d.track for frame in frames for d in frame.digits}) == 10
    assert {kind for kind, *_ in kinds(frames)} == {"new"}


def test_a_sheet_that_starts_with_a_jerk_keeps_its_tracks(tracker: Tracker) -> None:
    frames = play(tracker, lambda at: row("19472", 100 if at < 1 else 175, 100), 2.0)
    assert len({d.track for frame in frames for d in frame.digits}) == 5
    assert len(kinds(frames)) == 5


def test_a_sheet_that_turns_and_grows_keeps_its_tracks(tracker: Tracker) -> None:
    def scene(at: float) -> list[Digit]:
        angle, scale = math.radians(15) * math.sin(2 * at), 1 + 0.3 * math.sin(1.3 * at)
        digits = []
        for i, character in enumerate("194728503361"):
            x, y = scale * (36 * (i % 6) - 90), scale * (60 * (i // 6) - 30)
            x, y = (
                x * math.cos(angle) - y * math.sin(angle),
                x * math.sin(angle) + y * math.cos(angle),
            )
            digits.append(digit(int(character), 400 + x, 300 + y, round(40 * scale)))
        return digits

    frames = play(tracker, scene, 4.0)
    assert len({d.track for frame in frames for d in frame.digits}) == 12


def test_a_moving_digit_missed_for_a_moment_keeps_its_track(tracker: Tracker) -> None:
    def scene(at: float) -> list[Digit]:
        return [] if 1 < at < 1.2 else [digit(7, 100 + 200 * at, 100)]

    frames = play(tracker, scene, 2.0)
    assert kinds(frames) == [("new", 7, None)]
    unseen = frames[35]
    assert unseen.digits == ()
    x, _, width, _ = unseen.held[0].box
    assert x + width / 2 == pytest.approx(100 + 200 * 35 / FPS, abs=8)


def test_two_pieces_that_prove_to_be_one_digit_make_room_for_it(tracker: Tracker) -> None:
    def scene(at: float) -> list[Digit]:
        if at < 1:
            return [digit(1, 100, 90, 30), digit(7, 100, 125, 30)]
        return [digit(8, 100, 107, 66)]

    frames = play(tracker, scene, 1.3)
    assert all(held(frame) != "178" and len(frame.held) <= 2 for frame in frames)
    assert held(frames[-1]) == "8"


def test_unrelated_pictures_share_no_track(tracker: Tracker) -> None:
    first = tracker.update([*row("194", 100, 100), digit(5, 500, 400, 40)], 0.0)
    second = tracker.update([*row("28", 300, 300), digit(5, 500, 400, 90)], 0.1)
    assert not {d.track for d in first.digits} & {d.track for d in second.digits}


def test_a_jump_back_in_time_starts_over(tracker: Tracker) -> None:
    play(tracker, lambda _: row("19", 100, 100), 1.0, start=50.0)
    frames = play(tracker, lambda _: row("19", 100, 100), 1.0, start=10.0)
    assert [kind for kind, *_ in kinds(frames)] == ["end", "end", "new", "new"]


def test_a_long_gap_starts_over_and_a_short_one_does_not(tracker: Tracker) -> None:
    play(tracker, lambda _: row("19", 100, 100), 1.0)
    assert held(tracker.update(row("19", 100, 100), 2.0)) == "19"
    after = tracker.update(row("19", 100, 100), 60.0)
    assert held(after) == ""
    assert kinds([after]) == [("end", 1, None), ("end", 9, None)]


def test_two_frames_at_one_moment_are_no_trouble(tracker: Tracker) -> None:
    play(tracker, lambda _: row("19", 100, 100), 1.0)
    tracker.update(row("19", 100, 100), 2.0)
    assert held(tracker.update(row("19", 104, 100), 2.0)) == "19"


def test_uneven_frame_times_settle_as_even_ones_do(tracker: Tracker) -> None:
    rng, at = np.random.default_rng(3), 0.0
    events = []
    for _ in range(200):
        at += float(rng.choice([0.005, 0.03, 0.2]))
        events += kinds([tracker.update(row("194", 100 + 50 * at, 100), at)])
    assert events == [("new", 1, None), ("new", 9, None), ("new", 4, None)]


def test_digits_that_come_in_with_a_fast_sheet_are_each_settled_once(tracker: Tracker) -> None:
    # 1500 px/s and braking: each frame moves farther than two digits are apart.
    def scene(at: float) -> list[Digit]:
        x = 900 - 800 * (1 - (1 - min(at / 1.0, 1)) ** 2)
        return [d for d in row("19472", x, 100) + row("30586", x, 150) if d.box[0] < 640]

    frames = play(tracker, scene, 2.0, fps=20)
    assert kinds(frames[-1:]) == []
    assert len(kinds(frames)) == 10


def test_covered_digits_move_with_their_sheet(tracker: Tracker) -> None:
    def scene(at: float) -> list[Digit]:
        digits = row("1947", 100 + 150 * max(at - 1, 0), 100)
        return digits[:3] if at > 1.05 else digits

    frames = play(tracker, scene, 1.3)
    last = max(frames[-1].held, key=lambda d: d.box[0])
    assert last.digit == 7
    assert last.box[0] + last.box[2] / 2 == pytest.approx(208 + 150 * (38 / FPS - 1), abs=6)


def test_a_digit_that_another_takes_the_place_of_ends_though_that_one_is_doubtful(
    tracker: Tracker,
) -> None:
    play(tracker, lambda _: [digit(9, 100, 100)], 0.5)
    frames = play(tracker, lambda _: [digit(4, 100, 100, confidence=0.6)], 0.6, start=0.5)
    assert kinds(frames) == [("end", 9, None)]
    assert held(frames[-1]) == ""


def test_it_says_when_a_digit_is_about_to_settle(tracker: Tracker) -> None:
    frames = play(tracker, lambda _: row("19", 100, 100), 0.5)
    settled = [bool(frame.held) for frame in frames]
    assert [frame.pending for frame in frames] == [not each for each in settled]
    unsure = [digit(1, 100, 100), digit(9, 300, 100, confidence=0.55)]
    frames = play(Tracker(TrackSettings()), lambda _: unsure, 1.0)
    assert held(frames[-1]) == "1"
    assert not frames[-1].pending


def test_a_sheet_that_another_takes_the_place_of_does_not_mix_with_it(tracker: Tracker) -> None:
    play(tracker, lambda _: row("1947", 100, 100), 0.5)
    frames = play(tracker, lambda _: row("28653", 110, 300), 0.4, start=0.5)
    assert [text for text in map(held, frames) if set(text) - set("1947")] == ["28653"] * sum(
        held(frame) == "28653" for frame in frames
    )


def test_what_a_hand_covers_stays_while_others_are_written(tracker: Tracker) -> None:
    play(tracker, lambda _: row("1947", 100, 100), 0.5)
    frames = play(tracker, lambda _: row("194", 100, 100) + row("2", 100, 200), 0.28, start=0.5)
    assert "7" in held(frames[-1])
    assert "2" in held(frames[-1])
