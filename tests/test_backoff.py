import pytest

from camd.backoff import Backoff


def test_the_wait_doubles_up_to_the_longest_and_begins_anew() -> None:
    backoff = Backoff(0.5, 30)
    for most in (0.5, 1, 2, 4, 8, 16, 30, 30):
        assert most / 2 <= backoff.next() <= most
    backoff.reset()
    assert backoff.next() <= 0.5


@pytest.mark.parametrize("first", [0.5, 1000])
def test_no_two_waits_are_the_same_even_at_their_longest(first: float) -> None:
    backoff = Backoff(first, 30)
    waits = [backoff.next() for _ in range(50)][10:]
    assert len(set(waits)) == len(waits)
    assert max(waits) <= 30


def test_where_there_is_no_hope_it_is_slow_from_the_start() -> None:
    assert Backoff(1, 30).next(longest=True) >= 15
