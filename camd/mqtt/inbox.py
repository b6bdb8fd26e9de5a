"""Sorts the messages that the broker sends to one camera: requests, answers of workers, Home
Assistant's word that it has started, and what others publish below the camera's own name."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from camd.config.settings import Settings
from camd.mqtt import discovery
from camd.mqtt.outbox import Message
from camd.mqtt.requests import BURST, Hearing, Request
from camd.mqtt.topics import Topics
from camd.mqtt.upkeep import Upkeep

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is to be done after a message."""

    announce: bool = False
    """Announce the camera to Home Assistant again."""
    gone: bool = False
    """Tell Home Assistant, before `answer` is sent, that a region is gone. Its sensors must not get
    the empty message that `answer` then is."""
    answer: Message | None = None


class Inbox:
    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        boot: str,
        on_classes: Callable[[bytes], None] | None,
    ) -> None:
        self._topics = topics
        self._on_classes = on_classes
        self._discovery = settings.mqtt.discovery
        self._birth_topic = discovery.birth_topic(settings) if self._discovery else ""
        self._upkeep = Upkeep(settings, boot)
        self._hearing = Hearing()
        self._requests: deque[Request] = deque(maxlen=BURST)
        self.subscriptions = self._upkeep.subscriptions
        if self._discovery:
            self.subscriptions.append(self._birth_topic)
        if settings.mqtt.requests:
            self.subscriptions += topics.requests
        if on_classes:
            self.subscriptions.append(topics.classes)

    @property
    def ignored(self) -> int:
        """Requests without an answer: retained ones, and those beyond the rate."""
        return self._hearing.ignored

    @property
    def rival(self) -> str:
        """A message that another camd uses our name; "" where none does."""
        return self._upkeep.rival

    @property
    def gone(self) -> Sequence[str]:
        """Names of regions of earlier runs, as many as Home Assistant is told of."""
        return self._upkeep.gone

    def requests(self) -> list[Request]:
        """Return the requests since the last call."""
        found = []
        while self._requests:
            found.append(self._requests.popleft())
        return found

    def hear(self, topic: str, payload: bytes, *, retained: bool, now: float) -> Heard:
        """Take a message; called in the connection's thread. `now`: seconds."""
        if topic == self._birth_topic:
            return Heard(announce=payload == discovery.BIRTH and not retained)
        if self._on_classes and topic == self._topics.classes:
            self._on_classes(payload)
            return Heard()
        if not topic.startswith(self._topics.request("")):
            return self._keep_up(topic, payload, retained=retained)
        command = topic.removeprefix(self._topics.request(""))
        request = self._hearing.hear(command, payload, retained=retained, now=now)
        if request:
            self._hearing.ignored += len(self._requests) == self._requests.maxlen
            self._requests.append(request)
        return Heard()

    def _keep_up(self, topic: str, payload: bytes, *, retained: bool) -> Heard:
        rival, gone = self._upkeep.rival, len(self._upkeep.gone)
        answer = self._upkeep.hear(topic, payload, retained=retained)
        if self._upkeep.rival and not rival:
            log.warning(self._upkeep.rival)
        return Heard(gone=self._discovery and len(self._upkeep.gone) > gone, answer=answer)
