from dataclasses import replace

from camd.reading import Reader
from camd.settings import LineSettings, TrackSettings
from camd.values import Digit


def held(text: str, drop: int = 0, track: int = 1) -> list[Digit]:
    """Write digits side by side; the last one `drop` pixels low."""
    last = len(text) - 1
    return [
        Digit(int(c), 0.99, (100 + 40 * i, 100 + drop * (i == last), 24, 40), 1.0, track + i, True)
        for i, c in enumerate(text)
    ]


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
    read.update([], 0.0)
    shown = [read.update(held("1947"[: i + 1]), (i + 1) / 30) for i in range(4)]
    shown += [read.update(held("1947"), i / 30) for i in range(5, 12)]
    assert [reading.lines for reading, changed in shown if changed] == [("1947",)]


def test_a_reading_waits_for_a_digit_that_is_about_to_settle_but_not_long() -> None:
    read = reader()
    read.update([], 0.0)
    shown = [read.update(held("947"), i / 30, pending=True) for i in range(1, 30)]
    assert not any(changed for _, changed in shown[:3])
    assert any(changed for _, changed in shown[3:5])


def test_a_reading_shows_soon_even_where_digits_never_stop_coming() -> None:
    read = reader()
    read.update([], 0.0)
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
    reading, changed = read.update([], 0.03)
    assert (reading.lines, changed) == ((), True)


def test_the_same_number_written_elsewhere_is_no_change() -> None:
    read = reader()
    read.update(held("194"), 0.0)
    assert not read.update(held("194", track=7), 0.03)[1]


def swept(text: str, left: int) -> list[Digit]:
    return [replace(digit, box=(digit.box[0] + left, *digit.box[1:])) for digit in held(text)]


def test_a_sheet_swept_away_is_not_read_in_pieces() -> None:
    read = reader()
    read.update(held("1947"), 0.0)
    pieces = ["1947", "194", "194", "19", "1", ""]
    shown = [read.update(swept(t, 40 * i), 1 + i * 0.08) for i, t in enumerate(pieces, 1)]
    assert [reading.lines for reading, changed in shown if changed] == [()]


def test_a_sheet_that_never_rests_is_read_all_the_same() -> None:
    read = reader()
    read.update([], 0.0)
    first = next(
        i for i in range(1, 60) if read.update(swept("1947", 20 * i if i % 2 else 0), i / 30)[1]
    )
    assert first / 30 < 1
