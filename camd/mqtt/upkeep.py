"""PURE: what is heard below our own name: what earlier runs have left, and who else speaks."""

import json
import re

from camd.config.settings import Settings
from camd.mqtt import payloads
from camd.mqtt.outbox import Message
from camd.mqtt.topics import Topics

MOST_GONE = 128
"""Regions of earlier runs that Home Assistant is told of: twice as many as there can be at once.
Anyone who may publish below our name can invent them."""

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
        """Says that another camd has our name; "" where none has."""
        self.gone: list[str] = []
        """Names of regions that earlier runs had, MOST_GONE of them."""

    @property
    def subscriptions(self) -> list[str]:
        topics = self._topics
        return [topics.status, topics.health, topics.state, topics.regions]

    def hear(self, topic: str, payload: bytes, *, retained: bool) -> Message | None:
        """Return what to say to that."""
        if topic == self._topics.status and not retained and payload == payloads.OFFLINE:
            # The will of a connection of ours that the broker thought alive: a process killed with
            # its machine is missed only after this one is there.
            return Message(topic, payloads.ONLINE, qos=1, retain=True)
        if topic == self._topics.health and not retained:
            self._see(payload)
        elif retained and payload and self._is_left_over(topic):
            # Where it is lost, the broker will show the same again.
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
