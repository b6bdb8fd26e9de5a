from typing import Any

import pytest

from camd.config.settings import RegionSettings, TrackSettings
from camd.hypotheses.points import Point
from camd.regions.value import Region, Written, judge
from camd.values import Digit, Line, Reading, RegionReading

TRACK = TrackSettings(settle_ms=150, forget_ms=300)


def place(**options: Any) -> RegionSettings:
    return RegionSettings(name="meter", polygon=((0, 0), (1, 0), (1, 1)), **options)


def read(*lines: str, confidence: float = 0.9) -> Reading:
    shown = "".join(lines).replace("-", "")
    digits = (Digit(int(c), confidence, (0, 0, 20, 40)) for c in shown)
    return Reading(lines, tuple(digits))


def written(text: str, *, sure: bool = True) -> Written:
    """What one look shows of a number."""
    after = text.index(".") if "." in text else None
    return Written(Line(text.replace(".", ""), (), (0, 0, 100, 40)), Point(sure, after))


class Meter:
    """Says one text after the other, a second apart unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        self.region = Region(place(**options), TRACK)
        self.at = 0.0

    def says(
        self, text: str, after: float = 1.0, *, doubt: bool = False, unsettled: bool = False
    ) -> RegionReading:
        """Show `text` for so many seconds, at 20 frames a second."""
        for _ in range(round(after / 0.05)):
            self.at += 0.05
            said = self.sees(text, doubt=doubt, unsettled=unsettled)
        assert said is not None
        return said

    def sees(self, text: str, *, doubt: bool = False, unsettled: bool = False) -> Any:
        reading = read(text) if text else Reading()
        return self.region.update(reading, self.at, doubt=doubt, unsettled=unsettled)

    def shows(self, text: str, after: float, *, sure: bool = True) -> RegionReading | None:
        """Show `text`, with a point or without one, and how sure it is seen."""
        for _ in range(round(after / 0.05)):
            self.at += 0.05
            said = self.region.update(
                read(text.replace(".", "")),
                self.at,
                doubt=False,
                unsettled=False,
                written=written(text, sure=sure),
            )
        return said

    def states(self, *texts: str, after: float = 1.0) -> list[tuple[float | None, str]]:
        return [(said.value, said.status) for said in (self.says(t, after) for t in texts)]


@pytest.mark.parametrize(
    ("options", "lines", "value", "status"),
    [
        ({}, ["0125"], 125, "ok"),
        ({"decimals": 1}, ["0125"], 12.5, "ok"),
        ({"decimals": 3}, ["7"], 0.007, "ok"),
        ({}, [], None, "empty"),
        ({}, ["12", "3"], None, "rows"),
        ({}, ["1234567890123456"], None, "count"),
        ({"digits": 5}, ["1947"], None, "count"),
        ({"digits": 4}, ["1947"], 1947, "ok"),
        ({"pattern": "19[0-9]+"}, ["1947"], 1947, "ok"),
        ({}, ["-1947"], None, "unsure"),
        ({"digits": 4}, ["-1947"], None, "unsure"),
        ({"signed": True}, ["-1947"], -1947, "ok"),
        ({"signed": True, "digits": 4, "decimals": 3}, ["-1947"], -1.947, "ok"),
        ({"signed": True, "digits": 5}, ["-1947"], None, "count"),
        ({"signed": True, "decimals": 1}, ["-00"], 0.0, "ok"),
        ({"pattern": "19"}, ["1947"], None, "pattern"),
        ({"pattern": "[0-9]{2}|[0-9]{4}"}, ["194"], None, "pattern"),
        ({"min": 10, "max": 20}, ["9"], None, "range"),
        ({"min": 10, "max": 20}, ["10"], 10, "ok"),
        ({"max": 20, "decimals": 1}, ["201"], None, "range"),
    ],
)
def test_a_text_becomes_a_number_or_says_why_not(
    options: dict[str, Any], lines: list[str], value: float | None, status: str
) -> None:
    said = judge(place(**options), read(*lines), doubtful=False)
    assert (said.value, said.status, said.text) == (value, status, " ".join(lines))
    assert type(said.value) is type(value)


def test_it_is_as_sure_as_all_its_digits_together() -> None:
    said = judge(place(), read("194", confidence=0.9), doubtful=False)
    assert said.confidence == pytest.approx(0.729)
    empty = judge(place(), Reading(), doubtful=False)
    assert empty.confidence is None


def test_a_step_too_large_is_refused_and_grows_with_the_time_since_the_last_good_value() -> None:
    meter = Meter(max_step=5, step_s=60)
    assert meter.states("100", "105", "111") == [(100, "ok"), (105, "ok"), (None, "step")]
    assert meter.says("111", after=60).value is None  # 6 in 61 seconds
    assert meter.says("111", after=12).status == "ok"
    assert meter.says("101").status == "step"


def test_a_step_may_be_as_large_however_long_it_takes() -> None:
    meter = Meter(max_step=5, step_s=0)
    assert meter.states("100", "106", "106", after=300)[1:] == [(None, "step")] * 2
    assert meter.says("105").value == 105


def test_tenths_may_step_by_one() -> None:
    meter = Meter(max_step=0.1, decimals=1)
    assert [said for _, said in meter.states("2", "3", "4", "5", "6", "7")] == ["ok"] * 6


def test_what_never_decreases_does_not() -> None:
    meter = Meter(never_decreasing=True)
    assert meter.states("7", "8", "7", "8") == [
        (7, "ok"),
        (8, "ok"),
        (None, "decreased"),
        (8, "ok"),
    ]


def test_a_value_that_was_refused_is_no_measure_for_the_next() -> None:
    meter = Meter(max_step=5, step_s=0, max=200)
    assert meter.states("100", "150", "152", "201", "", "103")[-1] == (103, "ok")


def test_a_doubtful_mark_counts_when_it_lasts() -> None:
    meter = Meter()
    meter.says("19")
    assert meter.says("19", 0.1, doubt=True).status == "ok"
    assert meter.says("19", 0.3, doubt=True).status == "ok"
    said = meter.says("19", 0.2, doubt=True)
    assert (said.value, said.status, said.text) == (None, "unsure", "19")
    assert (said.confidence, said.good) == (pytest.approx(0.81), 19)
    assert meter.says("19", 0.1).status == "unsure"
    assert meter.says("19", 0.5).status == "ok"


def test_a_doubtful_mark_does_not_count_where_all_digits_are_there() -> None:
    for digits, status in ((2, "ok"), (3, "unsure")):
        said = judge(place(digits=digits), read("19"), doubtful=True)
        assert said.status == status


@pytest.mark.parametrize(("confidence", "status"), [(0.61, "ok"), (0.59, "unsure")])
@pytest.mark.parametrize("digits", [None, 2])
def test_a_number_with_a_weak_digit_is_no_value(
    confidence: float, status: str, digits: int | None
) -> None:
    reading = Reading(
        ("19",), (Digit(1, 0.99, (0, 0, 20, 40)), Digit(9, confidence, (30, 0, 20, 40)))
    )
    said = judge(place(digits=digits), reading, doubtful=False)
    assert (said.status, said.text) == (status, "19")


def test_a_number_that_comes_with_a_doubt_is_said_once_that_is_gone() -> None:
    meter = Meter()
    meter.says("199")
    assert meter.says("20", 0.4, doubt=True).value == 199
    assert meter.says("200", 0.1).value == 199
    assert meter.says("200", 0.1).value == 200


def test_the_doubt_of_one_number_is_none_of_the_next() -> None:
    meter = Meter()
    assert meter.says("20", doubt=True).status == "unsure"
    assert meter.says("200", 0.2).value == 200


def test_a_number_whose_doubt_stays_is_never_said_to_be_good() -> None:
    meter = Meter()
    said = [meter.sees("19", doubt=True)]
    for _ in range(40):
        meter.at += 0.05
        said.append(meter.sees("19", doubt=True))
    statuses = [one.status for one in said if one]
    assert set(statuses) == {"unsure"}
    assert len(statuses) > 30  # and it does not wait for ever


def test_a_number_whose_doubt_comes_and_goes_is_never_said_to_be_good() -> None:
    meter = Meter()
    meter.says("199")
    for at in range(60):
        meter.at += 0.05
        said = meter.sees("20", doubt=at % 3 < 2)
        assert (said.value, said.status) in ((199, "ok"), (None, "unsure"))
    assert said.status == "unsure"


def test_with_as_many_digits_as_there_are_to_be_no_doubt_delays_a_value() -> None:
    meter = Meter(digits=3)
    meter.says("199", doubt=True)
    assert meter.says("200", 0.2, doubt=True).value == 200


def test_a_weak_moment_does_not_hide_a_value_and_a_lasting_one_does() -> None:
    meter = Meter()
    meter.says("19")
    weak = read("19", confidence=0.5)
    for at in range(20):
        meter.at += 0.05
        said = meter.region.update(weak, meter.at, doubt=False, unsettled=False)
        assert said is not None
        assert (said.status == "ok") == (at < 9)


def test_nothing_is_said_to_be_empty_before_digits_could_have_settled() -> None:
    meter = Meter()
    for at, status in ((10.0, None), (10.4, None), (10.5, "empty")):
        meter.at = at
        said = meter.sees("")
        assert (said and said.status) == status


def test_a_number_on_the_way_to_another_is_not_said() -> None:
    meter = Meter()
    meter.says("199")
    assert meter.says("209", 0.1).value == 199
    assert meter.says("200", 0.15).value == 199
    assert meter.says("200", 0.1).value == 200


def test_a_number_is_not_said_while_one_of_its_digits_is_about_to_change() -> None:
    meter = Meter()
    meter.says("199")
    assert meter.says("209", 0.5, unsettled=True).value == 199
    assert meter.says("200", 0.2).value == 200


def test_a_number_that_never_settles_is_no_number() -> None:
    meter = Meter()
    meter.says("199")
    assert meter.says("209", 0.8, unsettled=True).value == 199
    said = meter.says("209", 0.4, unsettled=True)
    assert (said.value, said.status, said.text, said.good) == (None, "unsure", "209", 199)
    assert meter.says("209", 0.2).value == 209


def test_a_digit_that_wavers_does_not_hide_the_number_that_was_said() -> None:
    meter = Meter()
    meter.says("199")
    assert meter.says("199", 5, unsettled=True).value == 199


def test_without_a_picture_there_is_no_value_and_the_good_one_is_kept() -> None:
    meter = Meter(never_decreasing=True)
    meter.says("8")
    assert meter.region.absent(meter.at) == RegionReading("meter", "unseen", good=8)
    assert meter.says("7").status == "decreased"


def test_a_digit_beside_its_row_may_be_half_of_another_one_whatever_else_fits() -> None:
    def row(middles: list[float], slope: float = 0.0) -> Reading:
        digits = [
            Digit(7, 0.99, (40 * n, round(y + slope * 40 * n - 30), 30, 60))
            for n, y in enumerate(middles)
        ]
        return Reading(("7" * len(digits),), tuple(digits))

    settings = place(digits=5)
    for slope in (0.0, 0.2, -0.2):
        assert judge(settings, row([100, 104, 98, 100, 103], slope), doubtful=True).status == "ok"
        for aside in (70, 127):
            said = judge(settings, row([100, 101, 99, 100, aside], slope), doubtful=False)
            assert (said.status, said.value) == ("unsure", None)
    assert judge(place(digits=2), row([100, 140]), doubtful=False).status == "ok"


@pytest.mark.parametrize(
    ("text", "sure", "value", "status"),
    [
        ("12.5", True, 12.5, "ok"),
        ("0.50", True, 0.5, "ok"),
        ("125", True, 125, "ok"),
        ("12.5", False, None, "unsure"),
        ("125", False, None, "unsure"),
    ],
)
def test_a_point_that_is_read_makes_the_value(
    text: str, sure: bool, value: float | None, status: str
) -> None:
    digits = text.replace(".", "")
    said = judge(
        place(decimals="read", digits=3), read(digits), doubtful=False,
        written=written(text, sure=sure),
    )  # fmt: skip
    assert (said.text, said.value, said.status) == (digits, value, status)


def test_a_value_without_a_look_for_its_point_is_unsure() -> None:
    assert judge(place(decimals="read"), read("125"), doubtful=False).status == "unsure"
    other = judge(place(decimals="read"), read("125"), doubtful=False, written=written("12.6"))
    assert other.status == "unsure"
    assert judge(place(decimals="read"), Reading(), doubtful=False).status == "empty"


def test_a_minus_does_not_shift_the_point() -> None:
    said = judge(
        place(decimals="read", signed=True), read("-125"), doubtful=False, written=written("12.5")
    )
    assert said.value == -12.5


def test_decimals_that_are_set_are_not_read() -> None:
    said = judge(place(decimals=2), read("125"), doubtful=False, written=written("12.5"))
    assert said.value == 1.25


def value_of(said: RegionReading | None) -> tuple[float | None, str]:
    assert said
    return said.value, said.status


def test_a_point_that_is_missed_for_a_moment_changes_no_value() -> None:
    meter = Meter(decimals="read")
    assert value_of(meter.shows("12.5", 1)) == (12.5, "ok")
    for _ in range(5):
        assert value_of(meter.shows("125", 0.4)) == (12.5, "ok")
        assert value_of(meter.shows("12.5", 0.1)) == (12.5, "ok")
    assert value_of(meter.shows("125", 0.6)) == (125, "ok")


def test_a_point_that_comes_and_goes_from_the_start_gives_no_value() -> None:
    meter = Meter(decimals="read")
    for _ in range(20):
        for text in ("12.5", "125"):
            said = meter.shows(text, 0.05)
            assert said is None or said.status == "unsure"
    assert said


def test_a_point_that_stays_doubtful_makes_the_value_unsure() -> None:
    meter = Meter(decimals="read")
    assert value_of(meter.shows("12.5", 1)) == (12.5, "ok")
    assert value_of(meter.shows("12.5", 0.3, sure=False)) == (12.5, "ok")
    assert value_of(meter.shows("12.5", 0.3, sure=False)) == (None, "unsure")
    assert value_of(meter.shows("12.5", 1)) == (12.5, "ok")


def test_the_point_of_a_new_number_is_read_anew() -> None:
    meter = Meter(decimals="read")
    assert value_of(meter.shows("9.99", 1)) == (9.99, "ok")
    assert value_of(meter.shows("1001", 0.1, sure=False)) == (9.99, "ok")
    assert value_of(meter.shows("10.01", 1)) == (10.01, "ok")
    doubtful = Meter(decimals="read")
    assert value_of(doubtful.shows("9.99", 1)) == (9.99, "ok")
    assert value_of(doubtful.shows("1001", 2, sure=False)) == (None, "unsure")
