"""PURE. Looks after the topics below the camera's own name: removes what earlier runs left there,
and notices if another camd publishes there."""

import json
import re

from camd.config.settings import Settings
from camd.mqtt import payloads
from camd.mqtt.outbox import Message
from camd.mqtt.topics import Topics

MOST_GONE = 128
"""Most regions of earlier runs that Home Assistant is told of: twice as many as one configuration
can have. There must be a limit, since anyone who may publish below our name can invent regions."""

_NAME = re.compile(r"[a-z0-9_-]{1,64}")


class Upkeep:
    """Called by one thread."""

    def __init__(self, settings: Settings, boot: str) -> None:
        self._boot = boot
        self._topics = Topics.of(settings.mqtt.prefix, settings.name)
        self._regions = {region.name for region in settings.region}
        self._requests = settings.mqtt.requests
        self._rival_since_ours = False
        self.rival = ""
        """A message that another camd uses our name; "" where none does."""
        self.gone: list[str] = []
        """Names of regions of earlier runs, at most MOST_GONE."""

    @property
    def subscriptions(self) -> list[str]:
        topics = self._topics
        return [topics.status, topics.health, topics.state, topics.regions]

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> Message | None:
        """Return the message to publish in answer, if any."""
        if topic == self._topics.status and not retained and payload == payloads.OFFLINE:
            # The will of an earlier process of ours. If its machine lost power, the broker notices
            # that late, when this process is already online.
            return Message(topic, payloads.ONLINE, qos=1, retain=True)
        if topic == self._topics.health and not retained:
            self._see(payload)
        elif retained and payload and self._is_left_over(topic):
            # If this message is lost, the broker shows the old one again, and we try again.
            return Message(topic, b"", qos=1, retain=True, transient=True)
        return None

    def _see(self, payload: bytes) -> None:
        ours = _boot(payload) == self._boot
        if not ours:
            self.rival = (
                f"another camd publishes below {self._topics.root}, too: "
                "give each camera a name of its own"
            )
        elif not self._rival_since_ours:
            self.rival = ""
        self._rival_since_ours = not ours

    def _is_left_over(self, topic: str) -> bool:
        if topic == self._topics.state:
            return not self._requests
        name = topic.removeprefix(self._topics.region(""))
        if name in self._regions or not _NAME.fullmatch(name):
            return False
        if name not in self.gone and len(self.gone) < MOST_GONE:
            self.gone.append(name)
        return True


def _boot(payload: bytes) -> object:
    try:
        return json.loads(payload)["boot"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
