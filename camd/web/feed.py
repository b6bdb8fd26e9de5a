"""What the loop hands to the page: the newest picture, what is read in it, and how camd is doing.

Each slot holds the newest only. Setting one is a single assignment, so neither side ever waits for
the other, and pictures that nobody looks at cost nothing and pile up nowhere.
"""

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from camd.config.settings import Settings
from camd.display.overlay import Hud
from camd.pipeline import Near
from camd.values import Frame, RegionEvent, Result


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


MOST_WISHES = 16
"""Values that wait to be set, between two frames."""

SetGood = Callable[[str, float | None], RegionEvent]
"""Has a region go on from a value; None: from none."""


@dataclass(frozen=True, slots=True)
class _Wish:
    region: str
    value: float | None
    answer: "Future[RegionEvent]"


@dataclass(slots=True)
class Feed:
    """Written by the loop, read by the page's thread. What the page wants set goes the other
    way."""

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
    wake: Callable[[], None] | None = None
    """Called once, with the next frame: whoever waits for one sets it anew each time. It must not
    raise."""
    _wishes: deque[_Wish] = field(default_factory=lambda: deque(maxlen=MOST_WISHES))

    def wish(self, region: str, value: float | None) -> "Future[RegionEvent]":
        """Ask the loop to set the value of a region, None to forget it."""
        wish = _Wish(region, value, Future())
        self._wishes.append(wish)
        return wish.answer

    def obey(self, set_good: SetGood) -> None:
        """Do what was asked for. The loop calls this."""
        while self._wishes:
            wish = self._wishes.popleft()
            if not wish.answer.set_running_or_notify_cancel():
                continue  # whoever asked has gone
            try:
                wish.answer.set_result(set_good(wish.region, wish.value))
            except Exception as error:
                wish.answer.set_exception(error)

    def show(self, frame: Frame, result: Result) -> None:
        """Take a frame, and what is read in it."""
        self.scene = Scene(frame, result)
        self._take(result, frame.at)
        if wake := self.wake:
            self.wake = None
            wake()

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
