"""PURE. What the digits of one region say: a number, or why there is none."""

import math
import re
from dataclasses import dataclass

from camd.config.settings import LineSettings, RegionSettings, TrackSettings
from camd.values import Reading, RegionReading, RegionStatus

ONE_NUMBER = LineSettings(gap=100)
"""The digits of a region are one number, however far apart they are written."""
MOST_DIGITS = 15
"""More do not fit into the number of a JSON reader."""
WEAKEST = 0.6
"""Least confidence of every digit of a value. Of 7 numbers on photographs with a less sure digit,
which nothing else made doubtful, 6 were wrong; of 8 whose weakest had 0.6 to 0.8, 3."""
SLACK = 1e-6
"""Seconds; a difference of times must not miss a threshold by a rounding error."""


@dataclass(frozen=True, slots=True)
class Good:
    """The last value that was good."""

    value: float
    at: float
    """Seconds, of the last frame that said so."""


def judge(
    settings: RegionSettings, reading: Reading, *, doubtful: bool, good: Good | None, at: float
) -> RegionReading:
    """Make a number of what was read at `at` seconds.

    `doubtful`: something in the region may be a digit, and was not read. `good`: None where no
    value was good before."""
    return _judged(settings, reading, good, at, unsure=_unsure(settings, reading, doubtful))


def _judged(
    settings: RegionSettings, reading: Reading, good: Good | None, at: float, *, unsure: bool
) -> RegionReading:
    text = reading.text
    confidence = math.prod(digit.confidence for digit in reading.digits) if text else None
    wrong = "unsure" if unsure else _wrong(settings, reading)
    value = None if wrong else _value(text, settings.decimals)
    status: RegionStatus = wrong or (
        _unlikely(settings, value, good, at) if value is not None else "ok"
    )
    return RegionReading(settings.name, status, value if status == "ok" else None, text, confidence)


class Region:
    """Remembers what one region said. It asks no clock: each update brings its time."""

    def __init__(self, settings: RegionSettings, track: TrackSettings) -> None:
        self._settings = settings
        self.retune(track)
        self._good: Good | None = None
        self._scene = _Scene()

    def retune(self, track: TrackSettings) -> None:
        self._settle = track.settle_ms / 1000
        self._patience = (track.settle_ms + track.forget_ms) / 1000

    def update(
        self, reading: Reading, at: float, *, doubt: bool, unsettled: bool
    ) -> RegionReading | None:
        """Return what the region says at `at` seconds, or None while it is too early to tell.

        `doubt`: this frame shows something that may be a digit of the number and is none yet.
        `unsettled`: it shows digits that the reading does not hold, or holds otherwise."""
        scene = self._scene
        if at < scene.at:
            scene = self._scene = _Scene()
        doubt = _unsure(self._settings, reading, doubt)
        scene.see(reading.lines, at, doubt=doubt, unsettled=unsettled)
        # A mark flickers between sure and unsure; only what lasts is said.
        if at - scene.doubt_since >= self._patience - SLACK:
            scene.doubtful = doubt
        told = scene.said
        if told is None or told.text != reading.text:
            # Two digits of a number change in one moment and settle in two: between them lies a
            # number that nobody wrote. Paper looks like a sheet whose digits have yet to settle.
            enough = self._settle if told or reading.lines else self._patience
            calm = at - scene.calm_since >= enough - SLACK
            # Of a number that comes into the region piece by piece the rest is a doubt for a while.
            if at - scene.clear_since >= self._settle - SLACK:
                scene.doubtful = False
            elif not scene.doubtful:
                calm = False
            if not calm:
                if at - scene.differs_since < 2 * self._patience:
                    return told
                return RegionReading(self._settings.name, "unsure", text=reading.text)
        said = _judged(self._settings, reading, self._good, at, unsure=scene.doubtful)
        if said.value is not None:
            self._good = Good(said.value, at)
        scene.said = said
        return said

    def absent(self) -> RegionReading:
        """Say that there is no picture any more. The last good value is kept."""
        self._scene = _Scene()
        return RegionReading(self._settings.name, "unseen")


@dataclass(slots=True)
class _Scene:
    """What a region has seen since it sees; all times are seconds."""

    at: float = -math.inf
    lines: tuple[str, ...] | None = None
    calm_since: float = -math.inf
    """The frames since then say the same, with all digits settled."""
    clear_since: float = -math.inf
    """Those since then show nothing doubtful."""
    differs_since: float = -math.inf
    """And those since then another text than was said."""
    doubt: bool = False
    doubt_since: float = -math.inf
    doubtful: bool = False
    """The doubt that lasted."""
    said: RegionReading | None = None

    def see(self, lines: tuple[str, ...], at: float, *, doubt: bool, unsettled: bool) -> None:
        if unsettled or lines != self.lines:
            self.calm_since = at
        if self.lines is None or (self.said and self.said.text == " ".join(lines)):
            self.differs_since = at
        if doubt:
            self.clear_since = at
        if doubt != self.doubt:
            self.doubt, self.doubt_since = doubt, at
        self.at, self.lines = at, lines


def _unsure(settings: RegionSettings, reading: Reading, doubtful: bool) -> bool:
    """Tell whether what was read may not be what is written."""
    weak = any(digit.confidence < WEAKEST for digit in reading.digits)
    whole = settings.digits is not None and len(reading.text) == settings.digits
    return weak or (doubtful and not whole)


def _wrong(settings: RegionSettings, reading: Reading) -> RegionStatus | None:
    text = reading.text
    if not text:
        return "empty"
    if len(reading.lines) > 1:
        return "rows"
    if len(text) > MOST_DIGITS or (settings.digits is not None and len(text) != settings.digits):
        return "count"
    if settings.pattern is not None and not re.fullmatch(settings.pattern, text):
        return "pattern"
    return None


def _value(text: str, decimals: int) -> float:
    return int(text) / 10**decimals if decimals else int(text)


def _unlikely(settings: RegionSettings, value: float, good: Good | None, at: float) -> RegionStatus:
    least = -math.inf if settings.min is None else settings.min
    most = math.inf if settings.max is None else settings.max
    if not least <= value <= most:
        return "range"
    if good is None:
        return "ok"
    if settings.never_decreasing and value < good.value:
        return "decreased"
    if settings.max_step is not None:
        steps = max(1.0, (at - good.at) / settings.step_s) if settings.step_s else 1.0
        # A tenth has no exact float, and ten of them no exact sum.
        if abs(value - good.value) > settings.max_step * steps * (1 + 1e-9):
            return "step"
    return "ok"
