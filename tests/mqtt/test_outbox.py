import itertools
from dataclasses import replace

import pytest

from camd.mqtt.outbox import Left, Message, Outbox

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


def test_state_is_sent_again_on_demand(outbox: Outbox) -> None:
    outbox.put(STATUS)
    outbox.opened()
    outbox.take()
    outbox.again("status")
    outbox.again("nonsense")
    assert payloads(outbox.take()) == [b"online"]
