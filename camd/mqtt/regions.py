"""PURE. Makes the messages of the regions, one for each change."""

from collections import Counter
from collections.abc import Sequence

from camd.config.settings import Settings
from camd.mqtt import payloads
from camd.mqtt.topics import Topics
from camd.values import RegionReading


class Regions:
    def __init__(self, settings: Settings, boot: str) -> None:
        self._camera = settings.name
        self._boot = boot
        self._topics = Topics.of(settings.mqtt.prefix, settings.name)
        self._places = {place.name: place for place in settings.region}
        self._seq: Counter[str] = Counter()
        self._told: dict[str, tuple[object, ...]] = {}

    def changed(self, said: Sequence[RegionReading], at: float) -> list[tuple[str, bytes]]:
        """Return topic and payload for each region that says something new. A change of the
        confidence alone is not new. `at`: seconds since the epoch."""
        messages = []
        for value in said:
            rate = None if value.rate is None else payloads.rounded(value.rate)
            why = value.problem.why if value.problem else ""
            moved = str(payloads.moved(value.moved))
            news = value.value, value.text, value.status, value.good, rate, why, moved
            if self._told.get(value.name) == news:
                continue
            self._told[value.name] = news
            self._seq[value.name] += 1
            payload = payloads.region(
                camera=self._camera,
                boot=self._boot,
                seq=self._seq[value.name],
                at=at,
                value=value,
                place=self._places.get(value.name),
            )
            topic = self._topics.region(value.name)
            messages.append((topic, payloads.encode(payload)))
        return messages
