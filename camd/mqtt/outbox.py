"""PURE. What waits to be sent: a bounded amount, and every loss is counted.

It has five lanes. How a message is to be delivered decides which one it goes to:

- state (retained): the last value of each topic. Kept for ever, due again on every connection,
  because a broker without persistence has forgotten it. A newer value replaces one not yet sent.
- event (QoS 1, not retained): in order, kept until acknowledged. When there are too many, the
  oldest that was never sent is dropped. One that was sent is not: it may have arrived, and must not
  be counted as lost.
- stream (QoS 0, not retained): one slot, and none while disconnected. Nobody needs old frames.
- answers: to requests, in order, for this connection only. When it ends, nobody waits for them.
- clearing (an empty retained message): removes what an earlier run has left on this broker.
"""

import itertools
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

ANSWERS = 32
"""How many answers may wait; beyond that the oldest is dropped."""
CLEARING = 500
"""How many topics may wait to be cleared. Brokers keep about 1000 messages for one client."""
CLEARINGS = 20
"""How often, on one connection, those topics are asked for again that found no room."""


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    transient: bool = False
    """For this connection only: an answer, or, where `retain` is set, the clearing of a topic."""
    expires_s: int | None = None
    """The broker drops it after so many seconds, where it speaks MQTT 5; None: never."""
    until: float = math.inf
    """Seconds, monotonic: the latest time at which a frame of the stream is sent."""
    key: int | None = None
    """Of its entry in the journal."""


@dataclass(frozen=True, slots=True)
class Left:
    """What an earlier process has left."""

    messages: tuple[Message, ...] = ()
    """In order, each with its key."""
    dropped: int = 0
    """Entries left out: they were no events, or there were too many."""


class Journal(Protocol):
    """Keeps events so that they outlive the process. No call raises."""

    def load(self) -> Left:
        """Return what an earlier process left, once: at first, or as soon as it can be read."""

    def add(self, message: Message) -> int:
        """Return the key of the entry made; no two entries ever have the same."""

    def saved(self, key: int) -> bool:
        """Whether the entry would outlive the process."""

    def remove(self, key: int) -> None: ...


class Outbox:
    """Not thread-safe: the connection lends it out under its lock."""

    def __init__(self, limit: int, window: int = 20, journal: Journal | None = None) -> None:
        """Keep up to `limit` events, with those that are sent and not acknowledged yet. At most
        `window` messages of QoS 1 are on their way at a time."""
        self._journal = journal
        self._limit = limit
        self._most_flying = min(window, limit)
        self._window = self._most_flying
        self._tickets = itertools.count()
        self._state: dict[str, Message] = {}
        self._due: dict[str, None] = {}
        self._events: deque[Message] = deque()
        self._unsure: deque[Message] = deque()
        """Events sent on earlier connections and not acknowledged: the first to be sent."""
        self._stream: Message | None = None
        self._answers: deque[Message] = deque(maxlen=ANSWERS)
        self._clearing: dict[str, Message] = {}
        self._unseen = False
        self._clearings = 0
        self._flying: dict[int, Message] = {}
        self.open = False
        """True while a broker takes messages."""
        self.sent = 0
        """Messages acknowledged (QoS 1) or passed to the network (QoS 0)."""
        self.events_dropped = 0
        self.events_unsaved = 0
        """Events that the journal did not take: they would not outlive the process."""
        self.stream_dropped = 0
        self._inherit()

    @property
    def queued(self) -> int:
        """Messages that wait for their turn."""
        events = len(self._unsure) + len(self._events)
        answers = len(self._clearing) + len(self._answers)
        return len(self._due) + events + answers + (self._stream is not None)

    @property
    def idle(self) -> bool:
        """True when everything has arrived."""
        return not self.queued and not self._flying

    def put(self, message: Message) -> None:
        if message.transient:
            if self.open:
                self._put_transient(message)
        elif message.retain:
            self._state[message.topic] = message
            self._due[message.topic] = None
        elif message.qos:
            self.make_room()
            if self._journal:
                message = replace(message, key=self._journal.add(message))
                self.events_unsaved += not self._saved(message)
            self._events.append(message)
            self._inherit()
        else:
            if not self.open or self._stream:
                self.stream_dropped += 1
            if self.open:
                self._stream = message

    def make_room(self) -> None:
        """Drop the oldest event if there is no room for one more. Done before the new event is
        made, so that it can say how many were lost."""
        self._drop_beyond(self._limit - 1)

    def _inherit(self) -> None:
        """Queue what an earlier process left before all that came later."""
        if self._journal:
            left = self._journal.load()
            self.events_dropped += left.dropped
            self._events.extendleft(reversed(left.messages))
            self._drop_beyond(self._limit)

    def _drop_beyond(self, limit: int) -> None:
        sent = sum(1 for message in self._flying.values() if _is_event(message))
        sent += len(self._unsure)
        while self._events and len(self._events) + sent > limit:
            self._forget(self._events.popleft())
            self.events_dropped += 1

    def again(self, topic: str) -> None:
        """Send the state of `topic` once more, where there is one."""
        if topic in self._state:
            self._due[topic] = None

    def again_all(self) -> None:
        """Send all state once more."""
        self._due = dict.fromkeys(self._state)

    def renew(self) -> None:
        """Send all state once more that would expire."""
        for topic, message in self._state.items():
            if message.expires_s is not None:
                self._due[topic] = None

    def opened(self, receive_maximum: int = 65535) -> None:
        """Begin with a new connection: all state is to be sent on it, in the order in which it
        first came. The broker allows up to `receive_maximum` unacknowledged messages."""
        self.open = True
        self._inherit()
        self._window = min(self._most_flying, receive_maximum)
        self.again_all()
        self._unseen, self._clearings = False, 0

    def take(self, now: float = -math.inf, most: int | None = None) -> dict[int, Message]:
        """Return what may be sent at `now` (seconds, monotonic) in order, at most `most` messages,
        by ticket. They count as on their way until `left` or `closed`."""
        ready = itertools.islice(self._ready(now), most) if self.open else ()
        batch = {next(self._tickets): message for message in ready}
        self._flying |= batch
        return batch

    def _ready(self, now: float) -> Iterator[Message]:
        """Take out, one by one, the messages that may be sent."""
        room = self._window - sum(1 for message in self._flying.values() if message.qos)
        for topic in list(self._due):
            message = self._state[topic]
            if message.qos and room <= 0:
                continue
            room -= message.qos
            del self._due[topic]
            yield message
        for lane in (self._unsure, self._events, self._answers):
            while lane and room > 0:
                room -= 1
                yield lane.popleft()
        while self._clearing and room > 0:
            room -= 1
            yield self._clearing.pop(next(iter(self._clearing)))
        stream, self._stream = self._stream, None
        if stream and stream.until < now:
            self.stream_dropped += 1
        elif stream:
            yield stream

    def ask_again(self) -> bool:
        """Tell whether to ask the broker for topics to clear once more: all that waited are
        cleared, and it had shown more than there was room for."""
        flying = (message for message in self._flying.values() if message.transient)
        if not self._unseen or self._clearing or any(message.retain for message in flying):
            return False
        self._unseen = False
        self._clearings += 1
        return self._clearings <= CLEARINGS

    def left(self, ticket: int, *, arrived: bool = True) -> Message | None:
        """Note that the message of `ticket` has arrived, or never can. Return the message."""
        message = self._flying.pop(ticket, None)
        if message:
            self.sent += arrived
            self.events_dropped += not arrived and _is_event(message)
            self.stream_dropped += not arrived and _is_stream(message)
            self._forget(message)
        return message

    def closed(self) -> None:
        """Note that the connection is gone. Unacknowledged events go first on the next one."""
        self.open = False
        flying = self._flying.values()
        self._unsure.extendleft([message for message in flying if _is_event(message)][::-1])
        self.stream_dropped += sum(map(_is_stream, flying)) + (self._stream is not None)
        self._flying = {}
        self._stream = None
        self._answers.clear()
        self._clearing.clear()

    def give_up(self) -> None:
        """Note that nothing more will be sent. What waits is lost, except what the journal has."""
        for lane in (self._unsure, self._events):
            self.events_dropped += sum(not self._saved(message) for message in lane)
            lane.clear()
        self._due.clear()

    def _saved(self, message: Message) -> bool:
        return bool(self._journal and message.key is not None and self._journal.saved(message.key))

    def _put_transient(self, message: Message) -> None:
        if not message.retain:
            self._answers.append(message)
        elif message.topic in self._clearing or len(self._clearing) < CLEARING:
            self._clearing[message.topic] = message
        else:
            self._unseen = True

    def _forget(self, message: Message) -> None:
        if self._journal and message.key is not None:
            self._journal.remove(message.key)


def _is_event(message: Message) -> bool:
    return bool(message.qos) and not message.retain and not message.transient


def _is_stream(message: Message) -> bool:
    return not message.qos and not message.retain
