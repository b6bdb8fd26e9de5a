"""PURE. Measures how long each stage takes, with a timer that the caller gives."""

from collections.abc import Callable
from typing import TypeAlias

Timer: TypeAlias = Callable[[], float]
"""Returns seconds."""
Lap: TypeAlias = Callable[[str], None]
"""Called with the name of a stage at its end."""


def no_timer() -> float:
    return 0.0


def no_lap(_stage: str) -> None:
    pass


class Laps:
    def __init__(self, timer: Timer) -> None:
        self.seconds: dict[str, float] = {}
        self._timer = timer
        self._last = timer()

    def lap(self, stage: str) -> None:
        """Count the time since the last call, or since the start, to `stage`."""
        now = self._timer()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
