"""One connection to a broker, from the first byte to the last.

paho serves as the codec of one socket: we wait on it ourselves, so that every paho call is made
by one thread, a callback that raises ends this connection and not the thread, and nothing is
handed over before the bytes of what went before have left. Its own queues have no useful bound.
"""

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from camd.mqtt.endpoint import Endpoint
from camd.mqtt.limits import FULL, LEAST, UNLIMITED, Terms
from camd.mqtt.outbox import Message, Outbox
from camd.mqtt.payloads import OFFLINE
from camd.mqtt.timing import Timing

log = logging.getLogger(__name__)

SESSION_TAKEN_OVER = 0x8E
"""MQTT 5, 3.14.2.1: another client has connected under the same id."""
BUSY = (0x88, 0x89, 0x97, 0x9F)
"""MQTT 5, 3.2.2.2: unavailable, busy, over its quota or its rate: not our fault, and it passes."""
TOO_LARGE, NO_RETAIN, NO_QOS = 0x95, 0x9A, 0x9B
"""MQTT 5, 4.13: it does not take messages of this size, retained ones, this QoS."""

OnMessage: TypeAlias = Callable[[str, bytes, bool], None]
"""Called with topic, payload, and whether the broker had retained it."""


class RefusedError(Exception):
    """The broker answered, and does not want this client."""


class BusyError(ConnectionError):
    """The broker answered, and takes nobody now."""


class HungUpError(ConnectionError):
    """The broker has closed the connection without a reason, or because a message was too large."""


class TakenOverError(Exception):
    """The broker says that another client has come under the same id."""


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier connections have taught about the broker."""

    terms: Terms = FULL
    probe: bool = False
    """Only see whether it takes us."""
    most: int = UNLIMITED
    """Messages of more bytes are left out."""
    careful: bool = False
    """Larger messages go one at a time, and none before the broker has taken a small one: where it
    takes nothing at all, it is not for their size."""


class Session:
    """Is run once, in the thread that made it."""

    def __init__(
        self,
        endpoint: Endpoint,
        outbox: Outbox,
        changed: threading.Condition,
        wake: socket.socket,
        stop_at: Callable[[], float | None],
        on_accepted: Callable[[Terms, int], None],
        subscriptions: Sequence[str],
        on_message: OnMessage,
        complain: Callable[[str, str], None],
        known: Known,
        timing: Timing,
    ) -> None:
        """`changed` guards `outbox`; a byte on `wake` says that it has something new.
        `stop_at`: monotonic seconds by which to have said farewell, once that is wanted.
        `on_accepted` is given what the broker takes, and of how many bytes, `complain` a topic and
        what the broker denies us of it."""
        self._endpoint = endpoint
        self._outbox = outbox
        self._changed = changed
        self._wake = wake
        self._stop_at = stop_at
        self._on_accepted = on_accepted
        self._subscriptions = subscriptions
        self._on_message = on_message
        self._complain = complain
        self._started = self._heard = self._confirmed = time.monotonic()
        self._timing = timing
        self._known = known
        self._terms = known.terms
        self._most = known.most
        self._tickets: dict[int, tuple[int, int]] = {}
        """For each packet identifier on its way, its ticket in the outbox and its QoS."""
        self._unproven: dict[int, tuple[str, int]] = {}
        """For each packet identifier whose answer proves that a message arrived, topic and size."""
        self._subscribing: dict[int, str] = {}
        self._refusal: ReasonCode | None = None
        self._reason = ""
        self._wildcards = True
        self._asked_at = self._started
        self.reached = False
        """True once something has taken the connection, broker or not."""
        self.code = 0
        """Why the broker refused us or hung up, where it has said so."""
        self.proven = 0
        """Bytes of the largest message that the broker has taken for certain."""
        self.confirmed = False
        """True once the broker has taken any message for certain."""
        self._begun = False
        """True once a message is on its way."""
        self._farewell: mqtt.MQTTMessageInfo | None = None
        self._leaving = False
        self.accepted = False
        """True once the broker took us."""
        self._client = endpoint.client(known.terms, timing.reach_s)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published
        self._client.on_subscribe = self._subscribed
        self._client.on_unsubscribe = self._answered
        self._client.on_message = self._received
        # With a register callback set, paho leaves writing to `_serve` instead of doing it
        # inside publish().
        self._client.on_socket_register_write = lambda *_: None

    def run(self) -> None:
        """Return after the farewell, when there is no more time for it, or after a probe.

        Raises RefusedError, TakenOverError, or OSError where the connection fails or is lost."""
        self._endpoint.connect(self._client)
        self.reached = True
        self._started = self._heard = self._confirmed = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ)
            selector.register(self._socket(), selectors.EVENT_READ)
            while self._client.socket() is not None:
                now = time.monotonic()
                stop_at = self._stop_at()
                if stop_at is not None and now >= stop_at:
                    return
                if not self.accepted and now >= self._started + self._timing.answer_s:
                    raise TimeoutError("it takes the connection but does not answer")
                # paho asks for a sign of life after one keep-alive, but counts on from there.
                if now >= self._heard + 2 * self._endpoint.keepalive_s - self._timing.tick_s:
                    raise TimeoutError("it has fallen silent")
                self._ask_for_life(now)
                if not (self._tickets or self._held_back()) or self._client.want_write():
                    self._confirmed = now
                elif now >= self._confirmed + self._timing.confirm_s:
                    raise TimeoutError("it confirms nothing")
                if self.accepted:
                    self._send(now, stop_at)
                self._serve(selector, self._patience(now, stop_at))
        if self._refusal:
            busy = self._refusal.value in BUSY
            raise (BusyError if busy else RefusedError)(str(self._refusal))
        if self.code == SESSION_TAKEN_OVER:
            raise TakenOverError(self._reason)
        if not self._leaving and self._reason and self.code != TOO_LARGE:
            raise ConnectionError(self._reason)
        if not self._leaving:
            raise HungUpError(self._reason or "closed by the broker")

    @property
    def unproven(self) -> dict[str, int]:
        """By topic, the bytes of messages larger than `proven` that the broker may have taken."""
        return dict(self._unproven.values())

    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started

    def close(self) -> None:
        """Cut the connection where it still stands; the broker then sends the will."""
        if self._client.socket() is not None:
            self._socket().close()

    def _socket(self) -> Any:
        sock = self._client.socket()
        assert sock is not None
        return sock

    def _patience(self, now: float, stop_at: float | None) -> float:
        if stop_at is None:
            return self._timing.tick_s
        farewell_s = 0 if self._farewell or not self.accepted else self._timing.farewell_s
        until = stop_at - farewell_s
        return min(self._timing.tick_s, max(0.0, until - now))

    def _serve(self, selector: selectors.BaseSelector, patience: float) -> None:
        sock = self._socket()
        writing = selectors.EVENT_WRITE if self._client.want_write() else 0
        selector.modify(sock, selectors.EVENT_READ | writing)
        # Bytes that TLS has decrypted already do not make the socket readable.
        pending = bool(sock.pending()) if hasattr(sock, "pending") else False
        ready = {key.fileobj: mask for key, mask in selector.select(0 if pending else patience)}
        if self._wake in ready:
            with suppress(BlockingIOError):
                while self._wake.recv(4096):
                    pass
        if pending or ready.get(sock, 0) & selectors.EVENT_READ:
            self._heard = time.monotonic()
            self._client.loop_read()
        if self._client.want_write():
            self._client.loop_write()
        self._client.loop_misc()

    def _ask_for_life(self, now: float) -> None:
        """Where the broker wants a longer keep-alive than ours, paho asks too seldom (MQTT 5,
        3.2.2.3.14), or for 0 never: find out whether it is there all the same."""
        own = self._endpoint.keepalive_s
        seldom = self.accepted and not 0 < self._client.keepalive <= own
        if seldom and not self._leaving and now >= max(self._heard, self._asked_at) + own:
            self._ask()

    def _send(self, now: float, stop_at: float | None) -> None:
        if self._known.probe:
            return
        if self._farewell is not None:
            if self._farewell.is_published() and not self._leaving:
                self._leaving = True
                self._client.disconnect()
            return
        with self._changed:
            idle = self._outbox.idle
        if stop_at is not None and (idle or now >= stop_at - self._timing.farewell_s):
            topic = self._endpoint.status_topic
            self._farewell = self._client.publish(topic, OFFLINE, *self._lowered(1, retain=True))
        elif not self._client.want_write():
            self._hand_over()

    def _held_back(self) -> bool:
        """True while messages wait for what was sent to be confirmed."""
        unsure = self._unproven or (self._begun and not self.confirmed)
        return self._known.careful and bool(unsure)

    def _hand_over(self) -> None:
        while not self._held_back():
            with self._changed:
                batch = self._outbox.take(time.monotonic(), 1 if self._known.careful else None)
                if batch:
                    self._changed.notify_all()
                again = self._outbox.ask_again()
            if again:
                self._subscribe()
            for ticket, message in batch.items():
                self._publish(ticket, message)
            if not batch or not self._known.careful:
                return

    def _publish(self, ticket: int, message: Message) -> None:
        qos, retain = self._lowered(message.qos, retain=message.retain)
        expires_s = message.expires_s if retain else None
        size = self._endpoint.packet_bytes(message.topic, message.payload, qos, expires_s)
        if size > self._most:
            self._lose(ticket, f"{size} bytes are too many for the MQTT broker")
            return
        properties = self._endpoint.properties(expires_s)
        info = self._client.publish(message.topic, message.payload, qos, retain, properties)
        if info.mid in self._tickets:  # numbers begin anew after 65535: one is that far behind
            raise TimeoutError("it has confirmed everything but one message")
        self._begun = True
        self._tickets[info.mid] = ticket, qos
        large = size > max(self.proven, LEAST) and message.topic != self._endpoint.status_topic
        mid = info.mid
        if not qos and (large or not self.confirmed):
            mid = self._ask()  # nobody confirms a message of QoS 0
        if large:
            self._unproven[mid] = message.topic, size

    def _lowered(self, qos: int, *, retain: bool) -> tuple[int, bool]:
        """Return QoS and retain, lowered to what the broker takes."""
        return min(qos, self._terms.qos), retain and self._terms.retain

    def _ask(self) -> int:
        """Ask for an answer that means nothing but that all before it has been read, and return its
        number: leave a topic that was never subscribed to."""
        self._asked_at = time.monotonic()
        _, mid = self._client.unsubscribe(f"{self._endpoint.status_topic}/none")
        assert mid is not None
        return mid

    def _subscribe(self) -> None:
        for topic in self._subscriptions:
            if "+" in topic and not self._wildcards:
                self._complain(
                    topic, "the MQTT broker knows no wildcards, so nothing is heard here"
                )
                continue
            # One by one: of many in one message a broker may refuse all.
            _, mid = self._client.subscribe(topic, 1)
            assert mid is not None
            self._subscribing[mid] = topic

    def _lose(self, ticket: int, why: str) -> None:
        """Count a message that the broker does not take; sent again, it would fare no better."""
        with self._changed:
            message = self._outbox.left(ticket, arrived=False)
            self._changed.notify_all()
        if message:
            self._complain(message.topic, why)

    def _connected(
        self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._refusal = reason
            self.code = reason.value
            return
        self.accepted = True
        if self._known.probe:
            self._leaving = True
            self._client.disconnect()
            return
        self._most = min(self._most, getattr(properties, "MaximumPacketSize", UNLIMITED))
        self._terms = Terms(
            min(self._terms.qos, getattr(properties, "MaximumQoS", 1)),
            self._terms.retain and getattr(properties, "RetainAvailable", 1) != 0,
        )
        self._wildcards = getattr(properties, "WildcardSubscriptionAvailable", 1) != 0
        self._subscribe()
        with self._changed:
            self._outbox.opened(getattr(properties, "ReceiveMaximum", UNLIMITED))
        self._on_accepted(self._terms, self._most)

    def _subscribed(
        self, _client: Any, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any
    ) -> None:
        topic = self._subscribing.pop(mid)
        if reasons[0].is_failure:
            self._complain(topic, f"the MQTT broker does not let us hear it ({reasons[0]})")

    def _received(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload), message.retain)

    def _disconnected(
        self, _client: Any, _data: Any, flags: Any, reason: ReasonCode, _properties: Any
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self.code = reason.value
        if str(reason) != "Unspecified error":
            self._reason = str(reason).lower()

    def _published(
        self, _client: Any, _data: Any, mid: int, reason: ReasonCode, _properties: Any
    ) -> None:
        """Called for QoS 1 when acknowledged, for QoS 0 when the bytes have left."""
        ticket, qos = self._tickets.pop(mid, (None, 0))
        if ticket is None:
            return
        self._confirmed = time.monotonic()
        if qos:
            self._proved(mid)
        if reason.is_failure:  # only MQTT 5 says so
            self._lose(ticket, f"the MQTT broker does not take it ({reason})")
            return
        with self._changed:
            self._outbox.left(ticket)
            self._changed.notify_all()

    def _answered(self, _client: Any, _data: Any, mid: int, *_: Any) -> None:
        self._proved(mid)

    def _proved(self, mid: int) -> None:
        """The broker has read what was sent up to the packet of that number."""
        self.confirmed = True
        self._confirmed = time.monotonic()
        _, size = self._unproven.pop(mid, ("", 0))
        self.proven = max(self.proven, size)
