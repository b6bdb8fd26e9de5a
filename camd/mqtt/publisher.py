"""The daemon's way to MQTT: makes messages of results, and hands them to the connection."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camd import __version__, paths
from camd.backoff import Backoff
from camd.config.settings import Settings
from camd.laps import Lap, no_lap
from camd.mqtt import discovery, payloads, troubles
from camd.mqtt.connection import Connection, State
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.inbox import Inbox
from camd.mqtt.journal import DiskJournal
from camd.mqtt.outbox import Message, Outbox
from camd.mqtt.regions import Regions
from camd.mqtt.requests import Request
from camd.mqtt.throttle import Throttle
from camd.mqtt.timing import USUAL, Timing
from camd.mqtt.topics import Topics
from camd.values import Event, Frame, RegionEvent, RegionReading, Result


@dataclass(frozen=True, slots=True)
class Stats:
    state: State
    """"connected", or what it waits for."""
    error: str
    connected: bool
    alive: bool
    """False: the connection's thread is gone, and only a restart brings it back."""
    failures: int
    """Exceptions survived in the connection's thread."""
    queued: int
    sent: int
    dropped: int
    """Messages lost: `digits` that found no room, and events."""
    events_dropped: int
    events_unsaved: int
    """Events that the disk did not take when they came."""
    events_file: str
    """What is wrong with the file of events; "" while all is well."""
    requests_ignored: int
    """Requests without an answer: retained ones, and those beyond the rate."""


class Publisher:
    """One camera's messages. No call raises, or blocks, for want of a broker."""

    def __init__(
        self,
        settings: Settings,
        *,
        boot: str,
        model_id: str,
        on_classes: Callable[[bytes], None] | None = None,
        timing: Timing = USUAL,
        backoff: Backoff | None = None,
    ) -> None:
        """Raises ConfigError where the login or certificates cannot be used.

        `boot`: 4 hexadecimal digits that tell this run from the one before. `on_classes` is given
        the answers of workers, in the connection's thread. Without a `backoff` the waits between
        tries to connect are those of `timing`."""
        self._patience_s = timing.patience_s
        self._camera = settings.name
        self._boot = boot
        self._model_id = model_id
        self._topics = Topics.of(settings.mqtt.prefix, settings.name)
        self._throttle = Throttle(1 / settings.mqtt.max_rate)
        self._max_age_s = settings.camera.max_age_ms / 1000
        self._digits_seq = 0
        self._reading_seq = 0
        self._regions = Regions(settings, boot)
        self._inbox = Inbox(settings, self._topics, boot, on_classes)
        self._settings = settings
        self._event_seq = 0
        self._stalled = False
        endpoint = Endpoint.of(settings, boot)
        self._journal = None
        if settings.mqtt.outbox == "disk":
            path = paths.directory() / f"{settings.name}.events.sqlite"
            self._journal = DiskJournal(path, settings.mqtt.outbox_size)
        outbox = Outbox(settings.mqtt.outbox_size, journal=self._journal)
        # The size of a snapshot's message without the picture. Its length takes 3 bytes at most.
        head = endpoint.packet_bytes(self._topics.snapshot, b"", 0, self._expires_s)
        self._snapshot_head = head + 3
        self._expires = endpoint.expires
        self._next_renewal = time.monotonic() + (self._expires_s or 0) / 2
        self._config_topic = discovery.config_topic(settings)
        # What is put into the outbox first is sent first on every connection.
        outbox.put(Message(self._topics.status, payloads.ONLINE, qos=1, retain=True))
        if settings.mqtt.discovery:
            outbox.put(self._announcement())
        self._connection = Connection(
            endpoint, outbox, self._inbox.subscriptions, self._hear, timing, backoff
        )

    def start(self) -> None:
        """Begin to connect, and keep trying until `stop`."""
        self._connection.start()

    def wait_connected(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the first try to connect; True when it did."""
        return self._connection.wait_connected(timeout)

    def frame(
        self,
        frame: Frame,
        result: Result,
        now: float,
        *,
        every_frame: bool = False,
        lap: Lap = no_lap,
    ) -> None:
        """Publish what a frame gave. `now`: seconds on the clock of `frame.clock`.

        `every_frame`: no limit of rate or age, and wait for what came before to leave, so that a
        file's frames all arrive; a camera's are dropped and counted instead."""
        if every_frame:
            self._wait_room()
        digits_message = None
        if every_frame or self._throttle.due(now):
            self._digits_seq += 1
            digits = payloads.digits(
                camera=self._camera,
                boot=self._boot,
                seq=self._digits_seq,
                frame=frame,
                result=result,
                model_id=self._model_id,
                age_ms=(now - frame.clock) * 1e3,
            )
            left_s = math.inf if every_frame else self._max_age_s - (now - frame.clock)
            digits_message = Message(
                self._topics.digits, payloads.encode(digits), until=time.monotonic() + left_s
            )
        lap("encode")
        self._put(digits_message, result, frame.at)
        lap("publish")

    def absent(self, result: Result, at: float) -> None:
        """Publish what follows from no frame having come. `at`: seconds since the epoch."""
        self._put(None, result, at)

    def regions(self, said: Sequence[RegionReading], at: float) -> None:
        """Publish what regions say otherwise than by a frame. `at`: seconds since the epoch."""
        with self._connection.outbox() as outbox:
            self._put_regions(outbox, said, at)

    def health(self, payload: Mapping[str, Any]) -> None:
        """Publish messages.Health, less what every message of a run has in common."""
        message = self._passing(self._topics.health, self._encode(payload), qos=0)
        with self._connection.outbox() as outbox:
            outbox.put(message)
            if self._expires and self._expires_s and time.monotonic() >= self._next_renewal:
                self._next_renewal = time.monotonic() + self._expires_s / 2
                outbox.renew()
            if not self._connection.retains:  # who has subscribed since can know it from us only
                outbox.again_all()

    def info(self, payload: Mapping[str, Any]) -> None:
        """Publish messages.Info, less what every message of a run has in common."""
        message = Message(self._topics.info, self._encode(payload), qos=1, retain=True)
        self._put_state(message)

    @property
    def snapshot_room(self) -> int:
        """Bytes of the largest picture that the broker takes, as far as that is known."""
        return self._connection.most - self._snapshot_head

    def snapshot(self, jpeg: bytes, *, reduced: bool = False) -> None:
        """`reduced`: the picture is worse than it should be, for want of room."""
        if reduced:
            self._connection.say_once("pictures", troubles.coarse(self.snapshot_room))
        self._put_state(self._passing(self._topics.snapshot, jpeg, qos=0))

    def state(self, *, detection: bool, options: Mapping[str, Any]) -> None:
        payload = self._encode({"detection": detection, "options": options})
        self._put_state(Message(self._topics.state, payload, qos=1, retain=True))

    def requests(self) -> list[Request]:
        """Return what has been asked since the last call."""
        return self._inbox.requests()

    def respond(
        self, request: Request, data: Mapping[str, Any] | None = None, error: str = ""
    ) -> None:
        payload = payloads.response(request.transaction, data, error)
        topic = self._topics.response(request.command)
        self._put_state(Message(topic, payloads.encode(payload), qos=1, transient=True))

    def light(self, on: bool) -> None:
        """Switch the light at camera.light_topic. What could not be sent is lost with the
        connection: a light must not go on when nobody looks."""
        assert self._settings.camera.light_topic
        payload = b"on" if on else b"off"
        self._put_state(Message(self._settings.camera.light_topic, payload, qos=1, transient=True))

    def crops(self, payload: bytes) -> None:
        """Publish a message for workers; it is lost with the connection."""
        self._put_state(Message(self._topics.crops, payload, qos=1, transient=True))

    def retune(self, settings: Settings) -> None:
        """Go on with other settings: mqtt.max_rate, and whatever the announcement to Home Assistant
        says."""
        self._throttle = Throttle(1 / settings.mqtt.max_rate)
        with self._connection.outbox() as outbox:
            before, self._settings = self._announcement(), settings
            if settings.mqtt.discovery and self._announcement() != before:
                outbox.put(self._announcement())

    def stats(self) -> Stats:
        connection = self._connection
        with connection.outbox(wake=False) as outbox:
            return Stats(
                state=connection.state,
                error=connection.error or self._inbox.rival,
                connected=outbox.open,
                alive=connection.alive(),
                failures=connection.failures,
                queued=outbox.queued,
                sent=outbox.sent,
                dropped=outbox.stream_dropped + outbox.events_dropped,
                events_dropped=outbox.events_dropped,
                events_unsaved=outbox.events_unsaved,
                events_file=self._journal.trouble if self._journal else "",
                requests_ignored=self._inbox.ignored,
            )

    def stop(self, timeout: float = 5.0) -> None:
        """Send what waits, say offline, disconnect: within `timeout` seconds."""
        self._connection.stop(timeout)
        if self._journal:
            with self._connection.outbox():
                self._journal.close()

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """Called in the connection's thread."""
        heard = self._inbox.hear(topic, payload, retained=retained, now=time.monotonic())
        if heard.announce:
            with self._connection.outbox() as outbox:
                outbox.again(self._config_topic)
        if heard.answer and not self._connection.stopping:
            with self._connection.outbox() as outbox:
                if heard.gone:
                    outbox.put(self._announcement())
                outbox.put(heard.answer)

    def _announcement(self) -> Message:
        config = discovery.announcement(
            self._settings, __version__, self._model_id, self._inbox.gone
        )
        return Message(self._config_topic, payloads.encode(config), qos=1, retain=True)

    def _put(self, digits: Message | None, result: Result, at: float) -> None:
        with self._connection.outbox() as outbox:
            if digits:
                outbox.put(digits)
            for event in result.events:
                outbox.make_room()
                outbox.put(self._event(event, at, outbox.events_dropped))
            self._put_regions(outbox, result.regions, at)
            # The first reading is sent changed or not: the retained one is of another run.
            if result.changed or not self._reading_seq:
                outbox.put(self._reading(result, at, outbox.events_dropped))

    def _put_regions(self, outbox: Outbox, said: Sequence[RegionReading], at: float) -> None:
        for event in (item.event for item in said if item.event):
            outbox.make_room()
            outbox.put(self._region_event(event, at, outbox.events_dropped))
        for topic, payload in self._regions.changed(said, at):
            outbox.put(self._passing(topic, payload))

    def _event(self, value: Event, at: float, dropped: int) -> Message:
        self._event_seq += 1
        payload = payloads.event(
            camera=self._camera,
            boot=self._boot,
            seq=self._event_seq,
            at=at,
            value=value,
            dropped=dropped,
        )
        return Message(self._topics.event, payloads.encode(payload), qos=1)

    def _region_event(self, value: RegionEvent, at: float, dropped: int) -> Message:
        self._event_seq += 1
        payload = payloads.region_event(
            camera=self._camera,
            boot=self._boot,
            seq=self._event_seq,
            at=at,
            value=value,
            dropped=dropped,
        )
        return Message(self._topics.event, payloads.encode(payload), qos=1)

    def _reading(self, result: Result, at: float, dropped: int) -> Message:
        self._reading_seq += 1
        payload = payloads.reading(
            camera=self._camera,
            boot=self._boot,
            seq=self._reading_seq,
            at=at,
            value=result.reading,
            dropped=dropped,
        )
        return self._passing(self._topics.reading, payloads.encode(payload))

    @property
    def _expires_s(self) -> int | None:
        """After how many seconds the broker may drop a reading; None: never. In that time
        `health`, which renews them all, is said three times."""
        options = self._settings.mqtt
        return max(options.expire_s, math.ceil(3 * options.health_s)) if options.expire_s else None

    def _passing(self, topic: str, payload: bytes, qos: int = 1) -> Message:
        """Return a retained message that would lie once camd is gone for long."""
        return Message(topic, payload, qos=qos, retain=True, expires_s=self._expires_s)

    def _encode(self, payload: Mapping[str, Any]) -> bytes:
        head = {"boot": self._boot, "at": payloads.timestamp(time.time())}
        return payloads.encode(head | dict(payload))

    def _put_state(self, message: Message) -> None:
        with self._connection.outbox() as outbox:
            outbox.put(message)

    def _wait_room(self) -> None:
        """After a whole wait in which the broker took nothing, frames wait no more until it takes
        something."""
        self._stalled = not self._connection.wait_room(0 if self._stalled else self._patience_s)
