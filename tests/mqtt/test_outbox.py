import itertools
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mqtt.outbox import CLEARING, CLEARINGS, Left, Message, Outbox

STATUS = Message("status", b"online", qos=1, retain=True)
SNAPSHOT = Message("snapshot", b"jpeg", retain=True)


def event(number: int) -> Message:
    return Message("event", str(number).encode(), qos=1)


def digits(number: int) -> Message:
    return Message("digits", str(number).encode())


def reading(text: str) -> Message:
    return Message("reading", text.encode(), qos=1, retain=True)


def payloads(batch: dict[int, Message]) -> list[bytes]:
    return [message.payload for message in batch.values()]


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(limit=4, window=2)


def test_nothing_is_taken_while_closed(outbox: Outbox) -> None:
    outbox.put(STATUS)
    outbox.put(event(1))
    assert not outbox.take()
    assert outbox.queued == 2


def test_state_goes_first_in_the_order_it_was_first_put(outbox: Outbox) -> None:
    for message in (STATUS, event(1), reading("1"), reading("2")):
        outbox.put(message)
    outbox.opened()
    assert payloads(outbox.take()) == [b"online", b"2"]


def test_a_frame_that_grew_old_while_it_waited_is_dropped_and_counted(outbox: Outbox) -> None:
    outbox.opened()
    outbox.put(Message("digits", b"old", until=10.0))
    assert not outbox.take(10.1)
    assert (outbox.stream_dropped, outbox.queued) == (1, 0)
    outbox.put(Message("digits", b"new", until=10.2))
    assert payloads(outbox.take(10.1)) == [b"new"]


def test_state_is_due_again_on_every_connection(outbox: Outbox) -> None:
    outbox.put(STATUS)
    outbox.put(SNAPSHOT)
    outbox.opened()
    for ticket in outbox.take():
        outbox.left(ticket)
    assert outbox.idle
    outbox.closed()
    outbox.opened()
    assert payloads(outbox.take()) == [b"online", b"jpeg"]


def test_an_old_unacknowledged_state_never_follows_a_newer_one(outbox: Outbox) -> None:
    outbox.opened()
    outbox.put(reading("old"))
    outbox.take()
    outbox.closed()
    outbox.put(reading("new"))
    outbox.opened()
    assert payloads(outbox.take()) == [b"new"]


def test_an_event_in_doubt_is_not_dropped_for_want_of_room(outbox: Outbox) -> None:
    """It may have arrived: dropped, it would be counted as lost all the same."""
    outbox.opened()
    for number in range(3):
        outbox.put(event(number))
    assert payloads(outbox.take()) == [b"0", b"1"]
    outbox.closed()
    for number in range(3, 9):
        outbox.put(event(number))
    assert outbox.events_dropped == 5
    outbox.opened()
    assert payloads(outbox.take()) == [b"0", b"1"]


STEPS = st.lists(
    st.sampled_from(["event", "event", "digits", "state", "answer", "open", "close"])
    | st.tuples(st.sampled_from(["take"]), st.none() | st.integers(1, 3))
    | st.tuples(st.sampled_from(["arrived", "refused"]), st.integers(0, 5)),
    max_size=60,
)


@given(STEPS, st.integers(1, 5), st.integers(1, 5))
def test_what_is_sent_dropped_and_queued_adds_up_whatever_happens(
    steps: list[Any], limit: int, window: int
) -> None:
    outbox = Outbox(limit, window)
    put, arrived = Counter[str](), Counter[str]()
    first: list[int] = []
    flying: dict[int, Message] = {}

    def take(most: int | None = None) -> bool:
        taken = outbox.take(most=most)
        assert most is None or len(taken) <= most
        flying.update(taken)
        numbers = [int(item.payload) for item in taken.values() if item.topic == "event"]
        first.extend(number for number in numbers if number not in first)
        return bool(taken)

    def leave(ticket: int, *, well: bool) -> None:
        left = outbox.left(ticket, arrived=well)
        assert left is flying.pop(ticket)
        arrived[left.topic] += well

    for step in steps:
        match step:
            case "event":
                outbox.put(event(put["event"]))
            case "digits":
                outbox.put(digits(put["digits"]))
            case "state":
                outbox.put(STATUS)
            case "answer":
                outbox.put(Message("answer", b"", qos=1, transient=True))
            case "open" if not outbox.open:
                outbox.opened()
            case "close":
                outbox.closed()
                flying.clear()
            case ("take", most):
                take(most)
            case (how, place) if place < len(flying):
                leave(list(flying)[place], well=how == "arrived")
        put[str(step)] += 1
        assert outbox.sent == arrived.total()
        events = sum(item.topic == "event" for item in flying.values())
        lost = put["event"] - arrived["event"] - outbox.events_dropped
        assert events <= lost <= limit + 1
    if not outbox.open:
        outbox.opened()
    while take() or flying:
        for ticket in list(flying):
            leave(ticket, well=True)
    assert outbox.idle
    assert arrived["event"] + outbox.events_dropped == put["event"]
    assert arrived["digits"] + outbox.stream_dropped == put["digits"]
    assert first == sorted(first), "each goes in its turn"


def test_too_many_events_cost_the_oldest_and_are_counted(outbox: Outbox) -> None:
    for number in range(10):
        outbox.put(event(number))
    assert outbox.events_dropped == 6
    outbox.opened()
    assert payloads(outbox.take()) == [b"6", b"7"]


def test_only_a_window_of_events_flies(outbox: Outbox) -> None:
    outbox.opened()
    for number in range(4):
        outbox.put(event(number))
    first, second = outbox.take()
    assert not outbox.take()
    outbox.left(second)
    assert payloads(outbox.take()) == [b"2"]
    outbox.left(first)
    assert outbox.sent == 2


def test_events_in_flight_count_against_the_limit(outbox: Outbox) -> None:
    outbox.opened()
    for number in range(4):
        outbox.put(event(number))
    outbox.take()
    outbox.put(event(4))
    assert outbox.events_dropped == 1
    outbox.closed()
    outbox.opened()
    assert payloads(outbox.take()) == [b"0", b"1"]


def test_unacknowledged_events_go_first_next_time_and_in_order(outbox: Outbox) -> None:
    outbox.opened()
    for number in range(3):
        outbox.put(event(number))
    outbox.take()
    outbox.closed()
    outbox.opened()
    taken = outbox.take()
    assert payloads(taken) == [b"0", b"1"]
    for ticket in taken:
        outbox.left(ticket)
    assert payloads(outbox.take()) == [b"2"]
    assert outbox.events_dropped == 0


def test_the_stream_holds_the_newest_and_counts_the_rest(outbox: Outbox) -> None:
    outbox.put(digits(0))
    outbox.opened()
    outbox.put(digits(1))
    outbox.put(digits(2))
    assert payloads(outbox.take()) == [b"2"]
    assert outbox.stream_dropped == 2


def test_a_stream_cut_short_is_counted_once(outbox: Outbox) -> None:
    outbox.opened()
    outbox.put(digits(1))
    outbox.take()
    outbox.put(digits(2))
    outbox.closed()
    assert outbox.stream_dropped == 2
    outbox.opened()
    assert not outbox.take()


@pytest.mark.parametrize(
    ("message", "dropped"), [(digits(1), (1, 0)), (event(1), (0, 1)), (SNAPSHOT, (0, 0))]
)
def test_what_the_broker_never_takes_is_dropped_and_counted(
    outbox: Outbox, message: Message, dropped: tuple[int, int]
) -> None:
    """State is not lost: a newer value of it follows."""
    outbox.opened()
    outbox.put(message)
    (ticket,) = outbox.take()
    assert outbox.left(ticket, arrived=False) == message
    assert (outbox.stream_dropped, outbox.events_dropped) == dropped
    assert (outbox.sent, outbox.idle) == (0, True)


def test_acknowledgements_withheld_hold_back_state_but_not_the_stream(outbox: Outbox) -> None:
    outbox.opened()
    outbox.put(event(0))
    outbox.put(event(1))
    outbox.take()
    outbox.put(reading("7"))
    outbox.put(SNAPSHOT)
    outbox.put(digits(1))
    assert payloads(outbox.take()) == [b"jpeg", b"1"]


def test_what_is_given_up_is_counted(outbox: Outbox) -> None:
    outbox.put(STATUS)
    outbox.put(event(0))
    outbox.give_up()
    assert outbox.events_dropped == 1
    assert outbox.idle


def test_one_event_at_least_is_kept_and_sent() -> None:
    outbox = Outbox(limit=1)
    outbox.opened()
    outbox.put(event(0))
    taken = outbox.take()
    outbox.put(event(1))
    assert not outbox.take()
    outbox.left(*taken)
    assert payloads(outbox.take()) == [b"1"]
    assert outbox.events_dropped == 0


class Paper:
    """A journal that remembers in a dictionary, while there is paper."""

    def __init__(self, *kept: Message) -> None:
        self.entries: dict[int, Message] = {}
        self.earlier = kept
        self.lost = 0
        self.empty = False
        self._numbers = itertools.count()

    def load(self) -> Left:
        keys = [self.add(message) for message in self.earlier]
        left = Left(tuple(self.entries[key] for key in keys), self.lost)
        self.earlier, self.lost = (), 0
        return left

    def add(self, message: Message) -> int:
        key = next(self._numbers)
        if not self.empty:
            self.entries[key] = replace(message, key=key)
        return key

    def saved(self, key: int) -> bool:
        return key in self.entries

    def remove(self, key: int) -> None:
        del self.entries[key]

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.entries.values()]


def test_the_journal_holds_what_is_not_delivered() -> None:
    journal = Paper()
    outbox = Outbox(limit=4, window=2, journal=journal)
    outbox.opened()
    for message in (STATUS, digits(1), event(1), event(2), event(3)):
        outbox.put(message)
    assert journal.payloads == [b"1", b"2", b"3"]
    taken = outbox.take()
    assert journal.payloads == [b"1", b"2", b"3"]
    for ticket in taken:
        outbox.left(ticket)
    assert journal.payloads == [b"2", b"3"]
    for number in range(4, 8):
        outbox.put(event(number))
    assert journal.payloads == [b"4", b"5", b"6", b"7"]
    assert outbox.events_dropped == 2
    outbox.give_up()
    assert outbox.events_dropped == 2
    assert len(journal.entries) == 4


def test_what_the_journal_held_goes_first() -> None:
    outbox = Outbox(limit=4, journal=Paper(event(1), event(2)))
    outbox.put(event(3))
    outbox.opened()
    assert payloads(outbox.take()) == [b"1", b"2", b"3"]


def test_a_journal_longer_than_the_limit_loses_the_oldest() -> None:
    journal = Paper(*(event(number) for number in range(6)))
    outbox = Outbox(limit=4, journal=journal)
    assert outbox.events_dropped == 2
    assert journal.payloads == [b"2", b"3", b"4", b"5"]


def test_what_the_journal_can_read_only_later_goes_first_all_the_same() -> None:
    """Another program held its file; what came in meanwhile is newer."""
    journal = Paper()
    outbox = Outbox(limit=3, journal=journal)
    for number in (4, 5):
        outbox.put(event(number))
    journal.earlier, journal.lost = (event(1), event(2), event(3)), 7
    outbox.opened()
    assert payloads(outbox.take()) == [b"3", b"4", b"5"]
    assert outbox.events_dropped == 7 + 2
    journal.earlier = (event(6),)
    outbox.put(event(7))
    assert outbox.events_dropped == 7 + 2 + 2, "those that fly count, too"


def test_an_event_that_is_not_saved_is_counted_and_lost_in_the_end() -> None:
    journal = Paper()
    outbox = Outbox(limit=4, journal=journal)
    outbox.put(event(1))
    journal.empty = True
    outbox.put(event(2))
    assert outbox.events_unsaved == 1
    outbox.give_up()
    assert outbox.events_dropped == 1


def test_answers_go_with_their_connection() -> None:
    answer = Message("response/pause", b"ok", qos=1, transient=True)
    outbox = Outbox(limit=4)
    outbox.put(answer)
    outbox.opened()
    assert not outbox.take()
    outbox.put(answer)
    assert payloads(outbox.take()) == [b"ok"]
    outbox.put(answer)
    outbox.closed()
    outbox.opened()
    assert not outbox.take()
    assert outbox.events_dropped == 0


def clearing(number: int) -> Message:
    return Message(f"region/{number}", b"", qos=1, retain=True, transient=True)


def test_what_found_no_room_to_be_cleared_is_asked_for_again_but_not_for_ever() -> None:
    """A broker may show it again and again, and not let us clear it."""
    outbox = Outbox(limit=4)
    outbox.opened()
    asked = 0
    for _ in range(2 * CLEARINGS):
        for number in range(CLEARING + 1):
            outbox.put(clearing(number))
            outbox.put(clearing(number))
        assert not outbox.ask_again(), "first what waits"
        cleared = 0
        while taken := outbox.take():
            assert not outbox.ask_again()
            cleared += len(taken)
            for ticket in taken:
                outbox.left(ticket)
        assert cleared == CLEARING
        asked += outbox.ask_again()
        assert not outbox.ask_again()
    assert asked == CLEARINGS
    outbox.put(clearing(1))
    outbox.closed()
    assert outbox.idle, "the next connection shows it anew"


def test_state_is_sent_again_on_demand(outbox: Outbox) -> None:
    outbox.put(STATUS)
    outbox.opened()
    outbox.take()
    outbox.again("status")
    outbox.again("nonsense")
    assert payloads(outbox.take()) == [b"online"]
