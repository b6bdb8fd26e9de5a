"""PURE. Counts what the daemon does, and makes the `health` and `info` payloads."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from camd import __version__
from camd.config.settings import Settings
from camd.pipeline import Pipeline
from camd.values import Result

WINDOW = 1024
"""So many of the last frames count for the latency percentiles and the times of the stages."""


class Health:
    """Counters of one run. Times are seconds on the caller's monotonic clock."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._ages: deque[float] = deque(maxlen=WINDOW)
        self._stages: dict[str, deque[float]] = {}
        self._ends: deque[float] = deque(maxlen=60)
        self.processed = 0
        self.rejected: Counter[str] = Counter()

    def frame(self, result: Result, age: float, now: float) -> None:
        """Count one processed frame, published `age` seconds after its capture."""
        self.processed += 1
        self._ages.append(age)
        self._ends.append(now)
        for stage, seconds in result.stages.items():
            self._stages.setdefault(stage, deque(maxlen=WINDOW)).append(seconds)
        self.rejected.update(item.reason for item in result.rejected)

    def fps(self, now: float) -> float:
        """Frames processed a second over the last frames; falls to 0 when none come."""
        if len(self._ends) < 2:
            return 0.0
        span = max(self._ends[-1], now - 1.0) - self._ends[0]
        return (len(self._ends) - 1) / span if span > 0 else 0.0

    def latency_ms(self) -> tuple[float, float]:
        """Median and 99th percentile of capture to publication, milliseconds."""
        if not self._ages:
            return 0.0, 0.0
        p50, p99 = np.percentile(np.fromiter(self._ages, float), (50, 99)) * 1e3
        return float(p50), float(p99)

    def stages_ms(self) -> dict[str, float]:
        """Mean milliseconds a stage."""
        return {name: round(sum(t) / len(t) * 1e3, 3) for name, t in self._stages.items() if t}

    def payload(
        self,
        now: float,
        camera: Mapping[str, Any],
        messages: Mapping[str, Any],
        problem: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return messages.Health, less what every message of a run has in common."""
        p50, p99 = self.latency_ms()
        return {
            "fps": round(self.fps(now), 1),
            "latency_ms": {"p50": round(p50, 1), "p99": round(p99, 1)},
            "stages_ms": self.stages_ms(),
            "frames": {
                "captured": camera["captured"],
                "processed": self.processed,
                "dropped": camera["dropped"],
                "corrupt": camera["corrupt"],
            },
            "rejected": dict(self.rejected.most_common()),
            "reconnects": camera["reconnects"],
            "camera": {
                "state": camera["state"],
                "error": camera["error"],
                "failures": dict(camera["failures"]),
            },
            "problem": problem,
            "messages": dict(messages),
            "uptime_s": round(now - self._started, 1),
        }


def info(
    settings: Settings, pipeline: Pipeline, source: str, size: tuple[int, ...]
) -> dict[str, Any]:
    """Return the `info` payload. `source`: its name, without a password; `size`: of a frame, width
    and height."""
    return {
        "version": __version__,
        "model": {"id": pipeline.model_id, **pipeline.model_scores},
        "source": source,
        "size": list(size),
        "options": _options(settings),
    }


def _options(settings: Settings) -> dict[str, Any]:
    """Return the options that decide what is read."""
    sections = settings.model_dump(mode="json", include={"segment", "track", "lines"})
    places = settings.model_dump(mode="json", include={"region", "mask"}, exclude_defaults=True)
    return sections | places | {"min_confidence": settings.model.min_confidence}
