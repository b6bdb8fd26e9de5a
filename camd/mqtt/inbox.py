"""What the broker hands over to one camera: requests, the answers of workers, the birth of Home
Assistant, and what stands below the camera's own name."""

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
    """What follows from a message."""

    announce: bool = False
    """Home Assistant is to be told of the camera again."""
    gone: bool = False
    """And that a region is there no more, before the answer: it could make nothing of an empty
    region whose sensors it still has."""
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
            self.subscriptions.append(topics.requests)
        if on_classes:
            self.subscriptions.append(topics.classes)

    @property
    def ignored(self) -> int:
        """Requests without an answer: retained ones, and those beyond the rate."""
        return self._hearing.ignored

    @property
    def rival(self) -> str:
        """Says that another camd has our name; "" where none has."""
        return self._upkeep.rival

    @property
    def gone(self) -> Sequence[str]:
        """Names of regions that earlier runs had, so many as Home Assistant is told of."""
        return self._upkeep.gone

    def requests(self) -> list[Request]:
        """Return what has been asked since the last call."""
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
        command = topic.rpartition("/")[2]
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
