from typing import Any

import pytest

from camd.config.settings import RegionSettings
from camd.regions.memory import KEPT, Good, Kept, Memory
from camd.values import RegionEvent

METER = {"never_decreasing": True, "max_step": 5.0}


class Meter:
    """Reads one value after the other, a minute apart unless told otherwise."""

    def __init__(self, kept: Kept | None = None, **options: Any) -> None:
        place = RegionSettings(name="meter", polygon=((0, 0), (1, 0), (1, 1)), **options)
        self.memory = Memory(place, kept)
        self.at = 0.0
        self.events: list[RegionEvent] = []

    def reads(self, *values: float, every: float = 60.0, sure: float = 0.95) -> list[str]:
        said = []
        for value in values:
            self.at += every
            limit, event = self.memory.take(value, sure, self.at)
            said.append(limit)
            self.events += [event] if event else []
        return said


def test_a_meter_that_begins_anew_has_risen() -> None:
    meter = Meter(**METER, rollover=100_000)
    assert meter.reads(99_998, 3, 4) == ["ok", "ok", "ok"]
    assert meter.reads(99_999) == ["decreased"], "back over the rollover is a decrease, too"


def test_no_fall_is_taken_for_a_rollover() -> None:
    assert Meter(**METER, rollover=100_000).reads(12_345, 12_340)[1] == "decreased"
    assert Meter(never_decreasing=True, rollover=100_000).reads(99_998, 20_000)[1] == "decreased"
    assert Meter(never_decreasing=True).reads(99_998, 3)[1] == "decreased"


def test_a_rollover_is_a_step_as_large_as_the_rise() -> None:
    assert Meter(**METER, rollover=100_000).reads(99_998, 4)[1] == "step"
    assert Meter(max_step=5.0, rollover=100_000).reads(3, 99_999)[1] == "ok"


@pytest.mark.parametrize("before", [(), (4206.8, 4206.9, 4207.0)])
def test_one_misread_value_does_not_refuse_the_true_ones_for_ever(before: Any) -> None:
    meter = Meter(**METER)
    assert set(meter.reads(*before, 4207.7)) == {"ok"}
    assert meter.reads(4207.1, 4207.2, 4207.3, 4207.4)[-2:] == ["ok", "ok"]
    assert meter.events == [RegionEvent("corrected", "meter", 4207.3, 4207.7)]
    assert meter.reads(4207.2) == ["decreased"]


def test_values_less_sure_than_the_good_one_must_be_more() -> None:
    meter = Meter(**METER)
    meter.reads(4207.7, sure=0.999)
    said = meter.reads(*(4207.1 + tenth / 100 for tenth in range(8)), sure=0.75)
    assert said.index("ok") > 5


def test_the_same_misread_number_is_one_opinion_however_long_it_stands() -> None:
    meter = Meter(**METER)
    meter.reads(4207.7)
    assert set(meter.reads(*[4207.1] * 1000)) == {"decreased"}


def test_values_that_do_not_fit_each_other_prove_nothing() -> None:
    meter = Meter(**METER)
    meter.reads(4207.7)
    assert set(meter.reads(4207.3, 4207.1, 4207.2, 4206.9, 4207.0, 4206.5)) == {"decreased"}


def test_the_good_value_seen_again_clears_it() -> None:
    meter = Meter(**METER)
    meter.reads(4207.7)
    said = meter.reads(4207.1, 4207.2, 4207.7, 4207.3, 4207.4)
    assert said == ["decreased", "decreased", "ok", "decreased", "decreased"]


def test_a_history_is_not_given_up_for_a_drum_that_is_misread_from_now_on() -> None:
    meter = Meter(**METER, step_s=0)
    meter.reads(*range(12_340, 12_346))
    assert set(meter.reads(*range(72_345, 72_395))) == {"step"}


def test_what_was_kept_judges_as_before() -> None:
    first = Meter(**METER)
    first.reads(12_343, 12_344, 12_345)
    second = Meter(first.memory.kept, **METER)
    second.at = first.at
    assert second.reads(72_345) == ["step"]
    assert second.reads(12_344) == ["decreased"]
    assert second.reads(12_346) == ["ok"]


def test_no_more_is_kept_than_is_needed_and_it_is_known_that_there_was_more() -> None:
    meter = Meter(**METER)
    assert meter.memory.kept == Kept()
    meter.reads(1, 2)
    assert meter.memory.kept.first
    meter.reads(3, 4, 5, 6)
    assert not meter.memory.kept.first
    assert [good.value for good in meter.memory.kept.good] == [3, 4, 5, 6]
    assert len(meter.memory.kept.good) == KEPT


def test_a_value_that_stands_is_taken_where_that_is_wanted() -> None:
    meter = Meter(**METER, accept_after_s=300)
    meter.reads(5000)
    assert meter.reads(3, 3, 4, 4, 4) == ["decreased"] * 5
    assert meter.reads(4, 5) == ["ok", "ok"]
    assert meter.events == [RegionEvent("accepted", "meter", 4, 5000)]


def test_what_comes_and_goes_does_not_stand() -> None:
    meter = Meter(**METER, accept_after_s=300)
    meter.reads(5000)
    assert meter.reads(3, 3, 3, 5000, 3, 3, 3) == [*["decreased"] * 3, "ok", *["decreased"] * 3]


def test_a_value_that_was_set_is_gone_on_from_and_stands() -> None:
    meter = Meter(**METER)
    meter.reads(12_345)
    assert meter.memory.set(500, meter.at) == RegionEvent("set", "meter", 500, 12_345)
    assert meter.reads(501, 502) == ["ok", "ok"]
    meter.memory.set(4207.7, meter.at)
    assert set(meter.reads(*(4207.0 + n / 10 for n in range(6)))) == {"decreased"}


def test_after_a_value_was_forgotten_any_is_taken() -> None:
    meter = Meter(**METER)
    meter.reads(12_345)
    assert meter.memory.set(None, meter.at) == RegionEvent("forget", "meter", None, 12_345)
    assert meter.memory.last is None
    assert meter.reads(3, 4) == ["ok", "ok"]


def test_the_rate_is_the_rise_an_hour_once_there_is_enough_of_it() -> None:
    meter = Meter(rate_s=600)
    meter.reads(100)
    assert meter.memory.rate is None
    meter.reads(*(100 + n for n in range(1, 30)))
    assert meter.memory.rate == pytest.approx(60)
    meter.reads(*[129] * 5)
    assert meter.memory.rate == pytest.approx(30, abs=4)
    meter.reads(*[129] * 10)
    assert meter.memory.rate == 0


def test_the_rate_of_a_time_in_the_dark_is_not_put_into_the_hour_after_it() -> None:
    meter = Meter(rate_s=3600)
    meter.reads(100, 101)
    meter.reads(200, every=36_000)
    assert meter.memory.rate == pytest.approx(9.9, abs=0.1)


def test_the_rate_goes_on_over_a_rollover() -> None:
    meter = Meter(**METER, rollover=100, rate_s=600)
    meter.reads(*(n % 100 for n in range(85, 115)))
    assert meter.memory.rate == pytest.approx(60)


def test_what_changes_fast_takes_no_more_room_for_its_rate() -> None:
    meter = Meter(rate_s=60)
    meter.reads(*range(20_000), every=0.01)
    assert meter.memory.rate == pytest.approx(360_000, rel=0.02)


def test_a_good_value_of_an_earlier_run_begins_the_rate() -> None:
    kept = Kept((Good(100, -1800, 0.9),))
    meter = Meter(kept, rate_s=3600)
    meter.reads(110, every=0)
    assert meter.memory.rate == pytest.approx(20)
