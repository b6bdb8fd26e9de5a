from camd.config.settings import LineSettings, TrackSettings
from camd.track.reading import Reader
from camd.track.tracker import Tracked
from camd.values import Digit


def digits(text: str, drop: int = 0, track: int = 1, left: int = 0) -> tuple[Digit, ...]:
    """Write digits side by side; the last one `drop` pixels low."""
    last = len(text) - 1
    return tuple(
        Digit(
            int(c),
            0.99,
            (100 + left + 40 * i, 100 + drop * (i == last), 24, 40),
            1.0,
            track + i,
            True,
        )
        for i, c in enumerate(text)
    )


def held(
    text: str, drop: int = 0, track: int = 1, left: int = 0, *, pending: bool = False
) -> Tracked:
    """The same, all of them settled and in this frame."""
    written = digits(text, drop, track, left)
    return Tracked(written, written, pending=pending)


def reader() -> Reader:
    return Reader(LineSettings(), TrackSettings(settle_ms=150))


def test_the_first_digits_change_the_reading() -> None:
    reading, changed = reader().update(held("194"), 0.0)
    assert (reading.lines, changed) == (("194",), True)
    assert [d.digit for d in reading.digits] == [1, 9, 4]


def test_the_same_digits_change_nothing_but_their_places() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    reading, changed = read.update(held("194", drop=6), 0.1)
    assert not changed
    assert reading.digits[-1].box[1] == 106


def test_a_row_that_breaks_for_a_moment_does_not_show() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    for at, drop in [(0.03, 60), (0.06, 60), (0.1, 0), (0.2, 60)]:
        reading, changed = read.update(held("194", drop), at)
        assert (reading.lines, changed) == (("194",), False)
        assert reading.digits[-1].box[1] == 100 + drop


def test_a_row_that_stays_broken_shows() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    read.update(held("194", drop=60), 1.0)
    reading, changed = read.update(held("194", drop=60), 1.2)
    assert (reading.lines, changed) == (("19", "4"), True)


def test_digits_that_settle_one_after_another_are_one_change() -> None:
    read = reader()
    read.update(Tracked(), 0.0)
    shown = [read.update(held("1947"[: i + 1]), (i + 1) / 30) for i in range(4)]
    shown += [read.update(held("1947"), i / 30) for i in range(5, 12)]
    assert [reading.lines for reading, changed in shown if changed] == [("1947",)]


def test_a_reading_waits_for_a_digit_that_is_about_to_settle_but_not_long() -> None:
    read = reader()
    read.update(Tracked(), 0.0)
    shown = [read.update(held("947", pending=True), i / 30) for i in range(1, 30)]
    assert not any(changed for _, changed in shown[:3])
    assert any(changed for _, changed in shown[3:5])


def test_a_reading_shows_soon_even_where_digits_never_stop_coming() -> None:
    read = reader()
    read.update(Tracked(), 0.0)
    first = next(i for i in range(1, 30) if read.update(held("1947281947"[: i % 9 + 1]), i / 30)[1])
    assert (first - 1) / 30 < 0.3


def test_where_frames_are_far_apart_another_digit_shows_at_once() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    reading, changed = read.update(held("197"), 0.2)
    assert (reading.lines, changed) == (("197",), True)


def test_an_empty_scene_shows_at_once() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    reading, changed = read.update(Tracked(), 0.03)
    assert (reading.lines, changed) == ((), True)


def test_the_same_number_written_elsewhere_is_no_change() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    assert not read.update(held("194", track=7), 0.03)[1]


def test_a_sheet_swept_away_is_not_read_in_pieces() -> None:
    read = reader()
    read.update(held("1947"), 0.0)
    pieces = ["1947", "194", "194", "19", "1", ""]
    shown = [read.update(held(t, left=40 * i), 1 + i * 0.08) for i, t in enumerate(pieces, 1)]
    assert [reading.lines for reading, changed in shown if changed] == [()]


def test_a_sheet_that_never_rests_is_read_all_the_same() -> None:
    read = reader()
    read.update(Tracked(), 0.0)
    first = next(i for i in range(1, 60) if read.update(held("1947", left=20 * i), i / 30)[1])
    assert first / 30 < 1


def test_a_sheet_that_comes_to_rest_is_read_once_all_of_it_has_settled() -> None:
    """Some of its digits settle on the way, the last one 0.1 seconds after it has come to rest."""
    read = reader()
    read.update(Tracked(), 0.0)
    shown = []
    for frame in range(1, 30):
        left = 10 * min(frame, 12)  # 7.5 heights a second
        on_the_way = digits("1947" if frame >= 15 else "194", left=left)
        tracked = Tracked(digits("1947", left=left), on_the_way, pending=frame < 15)
        shown.append(read.update(tracked, frame / 30))
    assert [reading.lines for reading, changed in shown if changed] == [("1947",)]
    assert next(i for i, (_, changed) in enumerate(shown, 1) if changed) <= 12 + 9


def test_boxes_that_tremble_are_no_motion() -> None:
    read = reader()
    read.update(Tracked(), 0.0)
    shown = [read.update(held("1947", left=i % 2), i / 30) for i in range(1, 10)]
    assert any(changed for _, changed in shown[:4])


def test_a_sheet_that_is_out_of_sight_is_not_read_in_pieces_while_its_digits_expire() -> None:
    read = reader()
    read.update(held("1947"), 0.0)
    pieces = ["1947", "947", "94", "4", ""]
    shown = [read.update(Tracked((), digits(t)), 1 + i / 30) for i, t in enumerate(pieces)]
    assert [reading.lines for reading, changed in shown if changed] == [()]


def test_at_ten_frames_a_second_it_waits_for_a_digit_about_to_settle_too() -> None:
    read = reader()
    read.update(Tracked(), 0.0)
    shown = [
        read.update(held("194", pending=True), 0.1),
        read.update(held("194", pending=True), 0.2),
    ]
    assert not any(changed for _, changed in shown)
    assert read.update(held("1947"), 0.3)[1]


def test_a_reading_beside_something_doubtful_is_incomplete_at_once() -> None:
    reading, changed = reader().update(held("2368"), 0.0, doubtful=True)
    assert (reading.lines, reading.complete, changed) == (("2368",), False, True)


def test_it_is_complete_when_that_has_been_gone_for_a_while() -> None:
    read = reader()
    read.update(held("2368"), 0.0, doubtful=True)
    said = [read.update(held("2368"), at / 30) for at in range(1, 60)]
    changes = [at for at, (_, changed) in enumerate(said) if changed]
    assert len(changes) == 1
    assert 10 < changes[0] < 50
    assert said[-1][0].complete


def test_a_doubt_of_a_moment_does_not_show_and_one_that_lasts_does() -> None:
    read = reader()
    read.update(held("2368"), 0.0)
    for at in range(1, 60):
        assert not read.update(held("2368"), at / 30, doubtful=at % 6 == 0)[1]
    said = [read.update(held("2368"), at / 30, doubtful=at % 6 > 0) for at in range(60, 150)]
    assert [reading.complete for reading, changed in said if changed] == [False]


def test_what_is_left_of_a_reading_is_incomplete_for_a_while() -> None:
    """At ten frames a second; the rest of the sheet has gone already, or a hand covers it."""
    read = reader()
    read.update(held("1947"), 0.0)
    said = [read.update(held("194"), at / 10)[0] for at in range(1, 20)]
    pieces = [reading for reading in said if reading.lines == ("194",)]
    assert not pieces[0].complete
    assert pieces[-1].complete  # the 7 was taken away
    assert len(pieces) > 15


def test_another_reading_is_complete_at_once() -> None:
    read = reader()
    read.update(held("1947"), 0.0)
    said = [read.update(held("28", track=9), at / 10)[0] for at in range(1, 5)]
    assert all(reading.complete for reading in said)
    assert said[-1].lines == ("28",)


def test_an_empty_scene_is_complete() -> None:
    read = reader()
    read.update(held("2368"), 0.0, doubtful=True)
    reading, changed = read.update(Tracked(), 0.1, doubtful=True)
    assert (reading.lines, reading.complete, changed) == ((), True, True)


def test_a_gap_on_the_edge_of_a_space_does_not_make_the_reading_flip() -> None:
    def apart(pixels: int) -> Tracked:
        written = (*digits("555"), *digits("3269", track=4, left=3 * 40 + pixels))
        return Tracked(written, written)

    read = reader()
    wide = next(gap for gap in range(60) if " " in reader().update(apart(gap), 0.0)[0].text)
    assert read.update(apart(wide), 0.0)[0].text == "555 3269"
    shown = {read.update(apart(wide - at % 3), at / 10)[0].text for at in range(1, 60)}
    assert shown == {"555 3269"}
    assert read.update(apart(0), 7.0)[0].text == "555 3269"  # Not before it has lasted.
    assert read.update(apart(0), 8.0)[0].text == "5553269"
