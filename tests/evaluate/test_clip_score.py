import math
from collections.abc import Sequence

import pytest

from camd.evaluate.clip_score import ClipScore, Seen, score_clip
from camd.evaluate.clip_truth import Place, Span
from camd.values import Digit

FPS = 10.0
BOX = (100, 100, 20, 40)


def digit(value: int, left: int = 100) -> Digit:
    return Digit(value, 0.99, (left, 100, 20, 40), stable=True)


def said(
    *lines: str, frames: int = 1, stable: Sequence[Digit] = (), complete: bool = True
) -> list[Seen]:
    return [Seen(tuple(stable), lines, complete)] * frames


def score(spans: Sequence[Span], *seen: list[Seen]) -> ClipScore:
    return score_clip(spans, [one for part in seen for one in part], FPS)


def test_stable_digits_are_judged_by_their_place() -> None:
    span = Span(1, 3, ("71",), "moving", (Place(7, BOX), Place(1, (130, 100, 20, 40))))
    result = score(
        [span],
        said(stable=[digit(7), digit(1, 130)]),
        said(stable=[digit(1), digit(1, 135)]),  # a 1 on the 7
        said(stable=[digit(7, 300)]),  # a 7 on bare paper
    )
    assert (result.right, result.wrong) == (3, 2)
    assert [(f.kind, f.first, f.read, f.true) for f in result.faults] == [
        ("wrong digit", 2, "1", "7"),
        ("wrong digit", 3, "7", "no digit"),
    ]


def test_without_places_they_are_counted() -> None:
    result = score([Span(1, 2, ("7 1",))], said(stable=[digit(1), digit(7), digit(7)], frames=2))
    assert (result.right, result.wrong) == (4, 2)
    (fault,) = (f for f in result.faults if f.kind == "wrong digit")
    assert (fault.first, fault.last, fault.seconds) == (1, 2, 0.2)


def test_whether_a_reading_that_lacks_digits_says_so_counts() -> None:
    result = score(
        [Span(1, 12, ("71",))],
        said("71", frames=4),  # of which three are the time to react
        said("7", frames=2, complete=False),
        said("7", frames=3),
        said("71", frames=2),
        said("71", complete=False),
    )
    assert result.doubted == pytest.approx((2 / 5, 1 / 3))


def test_frames_in_no_span_do_not_count() -> None:
    assert score([Span(3, 4, ())], said("99", frames=2, stable=[digit(9)])) == ClipScore()


def test_each_digit_has_its_delay_from_when_the_sheet_lies_still() -> None:
    spans = [Span(1, 2, ("1947",), "moving"), Span(3, 12, ("1947",))]
    result = score(spans, said(frames=2), said(frames=2), said("194", frames=3), said("1947"))
    assert result.delays == pytest.approx((0.2, 0.2, 0.2, 0.5))
    assert result.prompt == 0.75
    (fault,) = result.faults
    assert (fault.kind, fault.first, fault.read, fault.true) == ("late", 3, "194", "1947")


def test_a_digit_read_before_the_sheet_came_to_rest_has_no_delay() -> None:
    spans = [Span(1, 2, ("19",), "moving"), Span(3, 9, ("19",))]
    assert score(spans, said(frames=1), said("19", frames=8)).delays == (0.0, 0.0)


def test_a_digit_never_read_is_unread_where_there_was_time() -> None:
    result = score([Span(1, 9, ("19",))], said("1", frames=9))
    assert result.delays == (0.0, math.inf)
    assert (result.unread, result.prompt) == (0.5, 1.0)
    assert [fault.kind for fault in result.faults] == ["unread"]
    assert score([Span(1, 4, ("19",))], said("1", frames=4)).delays == (0.0,)


def test_in_a_still_scene_a_change_away_from_what_is_written_is_false() -> None:
    seen = said("19", frames=6), said("79", frames=2), said("19", frames=4)
    result = score([Span(1, 12, ("19",))], *seen)
    assert result.changes == 1
    assert result.still_s == pytest.approx(0.8)
    assert result.changes_a_minute == pytest.approx(75)
    assert (result.steady_s, result.exact_s) == pytest.approx((0.8, 0.6))


def test_a_late_change_towards_what_is_written_is_no_false_one() -> None:
    late = said("1", frames=6), said("194", frames=3), said("1947", frames=3)
    assert score([Span(1, 12, ("1947",))], *late).changes == 0
    assert score([Span(1, 12, ("1947",))], *late[:2], said("154", frames=3)).changes == 1


def test_on_an_empty_table_every_reading_is_false() -> None:
    result = score([Span(1, 20, ())], said(frames=9), said("7", frames=3), said(frames=8))
    assert (result.changes, result.steady_s) == (1, 0.0)


def test_while_it_moves_or_a_hand_is_before_it_changes_are_not_false() -> None:
    spans = [Span(1, 9, ("19",), "moving"), Span(10, 20, ("19",), "covered")]
    result = score(spans, said("1", frames=5), said("9", frames=10), said("7", frames=5))
    assert (result.changes, result.still_s, result.delays) == (0, 0.0, ())


@pytest.mark.parametrize(("frames", "faults"), [(4, 0), (7, 1)])
def test_how_long_a_reading_is_left_standing(frames: int, faults: int) -> None:
    spans = [Span(1, 5, ("19",)), Span(6, 20, ())]
    result = score(spans, said("19", frames=5 + frames), said(frames=15 - frames))
    assert result.left == pytest.approx((frames / FPS,))
    assert [f.kind for f in result.faults].count("left standing") == faults


def test_a_piece_of_the_old_reading_still_stands() -> None:
    spans = [Span(1, 5, ("19",)), Span(6, 20, ())]
    seen = said("19", frames=7), said("1", frames=2), said(frames=11)
    assert score(spans, *seen).left == pytest.approx((0.4,))


def test_another_sheet_may_take_its_place() -> None:
    spans = [Span(1, 5, ("19",)), Span(6, 20, ("28",))]
    result = score(spans, said("19", frames=8), said("28", frames=12))
    assert result.left == pytest.approx((0.3,))
    assert result.delays == pytest.approx((0.0, 0.0, 0.3, 0.3))


def test_a_clip_that_ends_too_soon_says_nothing_of_what_is_left() -> None:
    spans = [Span(1, 5, ("19",)), Span(6, 8, ())]
    assert score(spans, said("19", frames=8)).left == ()


def test_scores_add_up() -> None:
    one = score([Span(1, 9, ("19",))], said("19", frames=9, stable=[digit(1)]))
    both = one + one
    assert (both.right, both.delays, both.exact) == (18, (0.0,) * 4, 1.0)
    assert ClipScore().doubted == (1.0, 0.0)
    assert ClipScore().accuracy == ClipScore().prompt == ClipScore().exact == 1.0
