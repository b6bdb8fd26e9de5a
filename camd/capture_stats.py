"""What the capture thread counts, and anyone may read while it runs."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from camd.sources.base import Opened


@dataclass(frozen=True, slots=True)
class CaptureStats:
    state: str = "waiting"
    """"waiting" for the first frame, "open", "ended", or the reason of a failure: "missing",
    "busy", "permission", "unreadable", "failed", "frozen", "slow"."""
    error: str = ""
    """What failed, in words; empty in the other states."""
    captured: int = 0
    """Frames that the source gave."""
    dropped: int = 0
    """Of these, frames that nobody got: overwritten by a newer one, or grown too old."""
    corrupt: int = 0
    """Frames that could not be decoded or are of no size a camera has; not among `captured`."""
    reconnects: int = 0
    """How often frames came again after a failure."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """How often the state became each of the failures."""
    fps: float = 0.0
    """Frames a second, measured over the last 60 frames."""
    opened: Opened | None = None
    """As the source said when it was opened last."""
    last_frame: float | None = None
    """When the last frame was grabbed, seconds, monotonic."""
    calling_since: float | None = None
    """When the call to the source that has not returned yet began, seconds, monotonic."""


class Ledger:
    """Written by the capture thread, and by the reader where it drops a frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stats = CaptureStats()
        self._grabbed: deque[float] = deque(maxlen=60)

    def read(self) -> CaptureStats:
        with self._lock:
            return replace(self._stats, fps=self._fps(time.monotonic()))

    def count(self, **steps: int) -> None:
        with self._lock:
            totals = {name: getattr(self._stats, name) + step for name, step in steps.items()}
            self._stats = replace(self._stats, **totals)

    def update(self, **values: object) -> None:
        with self._lock:
            self._stats = replace(self._stats, **values)  # type: ignore[arg-type]

    def frame(self, clock: float) -> None:
        """Count a frame that was grabbed at `clock`."""
        with self._lock:
            self._grabbed.append(clock)
            captured = self._stats.captured + 1
            self._stats = replace(self._stats, captured=captured, last_frame=clock)

    def failed(self, reason: str, error: str) -> None:
        with self._lock:
            self._grabbed.clear()
            failures = dict(self._stats.failures)
            if reason != self._stats.state:
                failures[reason] = failures.get(reason, 0) + 1
            self._stats = replace(self._stats, state=reason, error=error, failures=failures)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Note how long the source has not returned: a driver may never do so."""
        self.update(calling_since=time.monotonic())
        try:
            yield
        finally:
            self.update(calling_since=None)

    def _fps(self, now: float) -> float:
        if len(self._grabbed) < 2:
            return 0.0
        first, last = self._grabbed[0], self._grabbed[-1]
        gaps = len(self._grabbed) - 1
        stalled = self._stats.state == "open" and (now - last) * gaps > 2 * (last - first)
        span = now - first if stalled else last - first
        return gaps / span if span > 0 else 0.0
