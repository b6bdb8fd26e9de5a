"""The `health` payload as Prometheus text (exposition format 0.0.4): for its file, and the page."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STATES = ("alive", "connected", "queued")
"""What is no counter among the messages."""


def render(camera: str, payload: Mapping[str, Any]) -> str:
    """Return the numbers of `payload` as text. Counts by reason get the reason as a label. A state
    becomes a 1 with the state as a label."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Health(camera, payload))
    return generate_latest(registry).decode()


class _Health(Collector):
    def __init__(self, camera: str, payload: Mapping[str, Any]) -> None:
        self._camera = camera
        self._payload = payload

    def collect(self) -> Iterable[Metric]:
        health, camera = self._payload, self._payload["camera"]
        yield self._gauge("fps", "Frames read a second", health["fps"])
        for name, value in health["latency_ms"].items():
            yield self._gauge(
                f"latency_ms_{name}", f"From capture to publication, {name}, milliseconds", value
            )
        yield self._by("stage_ms", "Mean time of a stage, milliseconds", "stage",
                       health["stages_ms"], GaugeMetricFamily)  # fmt: skip
        for name, value in health["frames"].items():
            yield self._counter(f"frames_{name}", f"Frames {name}", value)
        yield self._by("rejected", "Pieces of ink that are no digits", "reason",
                       health["rejected"])  # fmt: skip
        yield self._counter("reconnects", "How often the camera came back", health["reconnects"])
        yield self._by("camera_state", "1 for the state that the camera is in", "state",
                       {camera["state"]: 1}, GaugeMetricFamily)  # fmt: skip
        yield self._by("camera_failures", "How often the camera came to a state", "reason",
                       camera["failures"])  # fmt: skip
        yield from self._messages(health["messages"])
        yield self._gauge("uptime_s", "Seconds since this run began", health["uptime_s"])

    def _messages(self, counts: Mapping[str, Any]) -> Iterator[Metric]:
        for name, value in counts.items():
            if not isinstance(value, (bool, int, float)):
                continue
            what = f"MQTT: {name.replace('_', ' ')}"
            make = self._gauge if name in _STATES else self._counter
            yield make(f"messages_{name}", what, value)

    def _gauge(self, name: str, what: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"camd_{name}", what, labels=["camera"])
        family.add_metric([self._camera], float(value))
        return family

    def _counter(self, name: str, what: str, value: float) -> Metric:
        family = CounterMetricFamily(f"camd_{name}", what, labels=["camera"])
        family.add_metric([self._camera], float(value))
        return family

    def _by(
        self,
        name: str,
        what: str,
        label: str,
        values: Mapping[str, float],
        kind: type[CounterMetricFamily] | type[GaugeMetricFamily] = CounterMetricFamily,
    ) -> Metric:
        family = kind(f"camd_{name}", what, labels=["camera", label])
        for key, value in values.items():
            family.add_metric([self._camera, key], float(value))
        return family
