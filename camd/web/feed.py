"""What the loop hands to the page: the newest picture, what is read in it, and how camd is doing.

Each slot holds the newest only. Setting one is a single assignment, so neither side ever waits for
the other, and pictures that nobody looks at cost nothing and pile up nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from camd.config.settings import Settings
from camd.display.overlay import Hud
from camd.pipeline import Near
from camd.values import Frame, Result


@dataclass(frozen=True, slots=True)
class State:
    """How camd is doing, about once a second."""

    health: Mapping[str, Any]
    """The `health` payload."""
    hud: Hud
    clock: float
    """When it was so, seconds, monotonic."""
    resting: bool = False
    """Nothing moves: few frames are read."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A frame, and what is read in it."""

    frame: Frame
    result: Result


@dataclass(slots=True)
class Feed:
    """Written by the loop, read by the page's thread."""

    settings: Settings = field(default_factory=Settings)
    """In force in this run."""
    model_id: str = ""
    model: Near | None = None
    """Reads regions while they are drawn; None where workers classify."""
    scene: Scene | None = None
    """The newest frame. While nothing moves it was not read itself, and what was read before still
    holds. None before the first one."""
    result: Result = field(default_factory=Result)
    """What is read now; after the last picture, that nothing is."""
    at: float = 0.0
    """Since when the reading and the regions say the same, seconds since the epoch."""
    state: State | None = None
    """None before the first one."""

    def show(self, frame: Frame, result: Result) -> None:
        """Take a frame, and what is read in it."""
        self.scene = Scene(frame, result)
        self._take(result, frame.at)

    def end(self, result: Result, at: float) -> None:
        """Take what remains when there is no picture any more, at `at` seconds since the epoch."""
        self._take(result, at)

    def _take(self, result: Result, at: float) -> None:
        if not self.at or _said(result) != _said(self.result):
            self.at = at
        self.result = result


def _said(result: Result) -> tuple[object, ...]:
    regions = ((item.name, item.value, item.status) for item in result.regions)
    return (result.reading.lines, result.reading.complete, *regions)
