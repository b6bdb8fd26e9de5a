"""What is learnt of a broker that hangs up, on brokers that hypothesis makes up."""

import math
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mqtt.limits import LEAST, UNLIMITED, Bargain, SizeLimit, Terms

ANY = [Terms(qos, retain) for qos in (1, 0) for retain in (True, False)]


def takes(most: Terms) -> Callable[[Terms], bool]:
    """A broker that hangs up on who asks for more than `most`."""
    return lambda terms: terms.qos <= most.qos and terms.retain <= most.retain


def connect(bargain: Bargain, broker: Callable[[Terms], bool]) -> tuple[Terms | None, int]:
    """Try as the connection does, at once as long as there is reason to. Return what was agreed on,
    None where nothing was, and how many tries it took."""
    for tries in range(1, 20):
        if not broker(bargain.terms):
            if not bargain.closed():
                return None, tries
        elif bargain.probing:
            bargain.ended()
        else:
            return bargain.terms, tries
    raise AssertionError("it never ends")


@pytest.mark.parametrize("most", ANY)
def test_the_most_is_agreed_on_that_a_broker_takes(most: Terms) -> None:
    bargain = Bargain()
    agreed, tries = connect(bargain, takes(most))
    assert agreed == most
    assert tries <= 6
    bargain.ended()
    agreed, tries = connect(bargain, takes(most))
    assert agreed == most
    assert tries <= 4, "the second time it is known that it takes somebody"


@pytest.mark.parametrize("most", ANY)
def test_a_broker_that_takes_more_after_its_restart_gets_more(most: Terms) -> None:
    bargain = Bargain()
    connect(bargain, takes(most))
    bargain.ended()
    assert connect(bargain, takes(Terms())) == (Terms(), 1)


@given(st.lists(st.booleans(), min_size=20, max_size=20))
def test_a_broker_that_hangs_up_by_chance_is_asked_for_all_in_the_end(chances: list[bool]) -> None:
    bargain = Bargain()
    chance = iter(chances)
    connect(bargain, lambda _: next(chance))
    bargain.ended()
    bargain.ended()
    assert connect(bargain, takes(Terms()))[0] == Terms()


def test_who_takes_nobody_is_tried_twice_and_not_six_times() -> None:
    assert connect(Bargain(), lambda _: False) == (None, 2)


@pytest.mark.parametrize("most", ANY)
def test_what_a_broker_says_it_does_not_take_is_not_asked_again(most: Terms) -> None:
    bargain = Bargain()
    for _ in range(2):
        if not takes(most)(bargain.terms):
            wrong_qos = bargain.terms.qos > most.qos
            assert bargain.refused(qos=wrong_qos, retain=not wrong_qos)
    assert bargain.terms == most
    assert not bargain.probing


def test_a_broker_that_refuses_what_was_not_asked_for_is_beyond_help() -> None:
    bargain = Bargain()
    assert bargain.refused(retain=True)
    assert not bargain.refused(retain=True)


Message = tuple[str, int]
messages = st.lists(
    st.tuples(st.sampled_from(["announcement", "info", "digits", "event", "snapshot"]),
              st.integers(1, 300_000)),
    max_size=8,
)  # fmt: skip


def play(limit: SizeLimit, most: int, sent: Iterable[Message]) -> bool:
    """One connection to a broker that takes messages of up to `most` bytes; return whether it
    ends. All that is larger than what went before is unproven from where it ends."""
    proven, broken, careful = 0, False, limit.careful
    unproven: dict[str, int] = {}
    for topic, size in sent:
        if size > limit.most:
            continue
        broken = broken or size > most
        if size > max(proven, LEAST):
            if broken:
                unproven[topic] = size
            else:
                proven = size
        if broken and careful:
            break
    if broken:
        limit.broke(unproven, proven)
    return broken


@given(st.integers(LEAST, 300_000), st.lists(messages, max_size=100), messages)
def test_the_size_is_learnt_after_few_connections(
    most: int, changing: list[list[Message]], kept: list[Message]
) -> None:
    """Whatever is sent; `kept` is retained, so it comes first on each connection."""
    limit = SizeLimit()
    breaks = sum(play(limit, most, kept + sent) for sent in changing)
    halvings = math.ceil(math.log2(300_000 / most))
    # Twice each, once more at first, and for each topic that it met the first time in the careful
    # hour.
    assert breaks <= 2 * halvings + 6
    assert limit.most >= most // 2, "what is clearly small enough goes on being sent"


@pytest.mark.parametrize("size", [2_500, 71_000, 141_000])
def test_messages_that_differ_by_some_bytes_are_learnt_together(size: int) -> None:
    limit = SizeLimit()
    small: list[Message] = [("info", 400), ("health", 700)]
    sizes = [size + change for change in (0, -90, 40, -300, 7, -7, -200, 900)]
    assert [play(limit, 2_000, [*small, ("snapshot", item)]) for item in sizes] == (
        [True] * 3 + [False] * 5
    )
    assert 700 <= limit.most <= (size + 40) // 2


def test_a_loss_by_chance_is_no_limit() -> None:
    """Not two of different messages, nor one, nor those on which nothing large was on its way."""
    limit = SizeLimit()
    assert not limit.broke({"info": 400, "snapshot": 9000}, 0)
    assert not limit.broke({}, 9000)
    assert not limit.careful
    assert not limit.broke({"info": 400}, 0)
    assert not limit.broke({"snapshot": 9000}, 400)
    assert limit.most == UNLIMITED


def test_two_losses_at_a_bad_moment_are_no_limit_for_a_size_that_was_taken() -> None:
    limit = SizeLimit()
    assert not limit.broke({"event": 300}, 200)
    assert not limit.broke({"event": 300}, 200)
    assert limit.most == UNLIMITED
    limit.broke({}, 300)  # it arrived after all
    assert not limit.broke({"event": 300}, 0)
    assert not limit.broke({"event": 300}, 0)
    assert limit.broke({"event": 300}, 0), "but its limit may be another since it was started anew"


def test_what_was_another_clients_doing_is_forgotten() -> None:
    limit = SizeLimit()
    assert [limit.broke({"info": 400}, 0) for _ in range(3)] == [False, False, True]
    assert limit.most == 200
    limit.forget()
    assert limit.most == UNLIMITED
    assert not limit.careful
