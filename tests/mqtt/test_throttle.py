from camd.mqtt.throttle import Throttle


def test_keeps_its_rate_for_frames_that_do_not_divide_it() -> None:
    throttle = Throttle(0.1)
    assert sum(throttle.due(number / 30) for number in range(300)) == 100


def test_never_exceeds_its_rate() -> None:
    throttle = Throttle(0.1)
    assert sum(throttle.due(number / 1000) for number in range(10_000)) == 100


def test_a_pause_is_not_made_up_for() -> None:
    throttle = Throttle(0.1)
    assert throttle.due(0)
    assert throttle.due(60)
    assert not throttle.due(60.05)
    assert throttle.due(60.1)


def test_slow_frames_all_pass() -> None:
    throttle = Throttle(0.1)
    assert all(throttle.due(number * 0.5) for number in range(10))
