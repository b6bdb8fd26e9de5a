import pytest

from camd.sources.packets import DRIFT, NEW_CLOCK_S, Clock


def ages(*packets: tuple[float, float]) -> list[float]:
    """How late each packet is, of its own time and the time at which it came."""
    clock = Clock()
    return [pytest.approx(came - clock.left(stamp, came), abs=0.01) for stamp, came in packets]


def test_a_packet_is_late_against_the_fastest_one() -> None:
    assert ages((0, 100), (0.04, 100.04), (0.08, 100.58), (0.12, 100.58), (0.6, 100.6)) == [
        *(0, 0, 0.5, 0.46, 0),
    ]


def test_what_waited_from_the_beginning_is_known_when_it_no_longer_does() -> None:
    assert ages((0, 100), (1, 100.2), (2, 102), (2.5, 102.5)) == [0, 0, 0.8, 0.8]


def test_a_clock_that_is_slow_does_not_make_packets_older_day_by_day() -> None:
    clock = Clock()
    rate = 1 - DRIFT / 5
    for second in range(0, 100_000, 10):
        age = second - clock.left(second * rate, second)
    assert age < 0.05


@pytest.mark.parametrize("stamp", [0.0, 5000.0])
def test_a_clock_that_begins_anew_is_a_new_one(stamp: float) -> None:
    clock = Clock()
    for second in range(5):
        clock.left(1000 + second, second)
    assert clock.left(stamp, 5.0) == pytest.approx(5)
    assert clock.left(stamp + 1, 6.5) == pytest.approx(6, abs=0.01)
    assert NEW_CLOCK_S > 5
