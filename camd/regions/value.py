"""PURE. What the digits of one region say: a number, or why there is none."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from camd.config.settings import READ, LineSettings, RegionSettings, TrackSettings
from camd.hypotheses.points import Point
from camd.regions.memory import Kept, Memory
from camd.values import Digit, Line, Reading, RegionReading, RegionStatus

ONE_NUMBER = LineSettings(gap=100)
"""The digits of a region are one number, however far apart they are written."""
MOST_DIGITS = 15
"""More do not fit into the number of a JSON reader."""
MINUS = "-"
MOST_VALUE = 10.0**MOST_DIGITS
"""No region has so great a value."""
WEAKEST = 0.6
"""Least confidence of every digit of a value. Of 7 numbers on photographs with a less sure digit,
which nothing else made doubtful, 6 were wrong; of 8 whose weakest had 0.6 to 0.8, 3."""
ASIDE = 0.35
"""Heights of a digit by which the middle of one may lie off the line through the others. Between
two numbers of a drum half of the one is seen, or of the other, and looks like a third: half an 8
like a 0. Those that were seen stood 0.47 and 0.53 aside."""
SLACK = 1e-6
"""Seconds; a difference of times must not miss a threshold by a rounding error."""


@dataclass(frozen=True, slots=True)
class Written:
    """One number, as one look shows it."""

    line: Line
    point: Point


@dataclass(frozen=True, slots=True)
class Decimals:
    """What one frame says of how many digits are behind the decimal point."""

    number: int | None
    """None where it does not say."""
    doubtful: bool = False
    """Whether it shows something that may be a point, and may be none."""


def judge(
    settings: RegionSettings,
    reading: Reading,
    *,
    doubtful: bool,
    written: Written | None = None,
) -> RegionReading:
    """Make a number of what one picture says, whatever was good before.

    `doubtful`: something in the region may be a digit, and was not read. `written`: the number as
    the picture shows it, where its point is read."""
    decimals = _decimals(settings, reading, written)
    doubtful = _unsure(settings, reading, doubtful) or decimals.doubtful
    return _judged(settings, reading, decimals.number, unsure=doubtful)


def _judged(
    settings: RegionSettings, reading: Reading, decimals: int | None, *, unsure: bool
) -> RegionReading:
    text = reading.text
    confidence = math.prod(digit.confidence for digit in reading.digits) if text else None
    unsure = unsure or (decimals is None and len(reading.lines) == 1)
    status = "unsure" if unsure else _wrong(settings, reading)
    value = _value(text, decimals or 0) if status == "ok" else None
    if value is not None and not in_range(settings, value):
        status, value = "range", None
    return RegionReading(settings.name, status, value, text, confidence, decimals=decimals)


class Region:
    """Remembers what one region said. It asks no clock: each update brings its time."""

    def __init__(
        self, settings: RegionSettings, track: TrackSettings, kept: Kept | None = None
    ) -> None:
        """`kept`: what an earlier run has left."""
        self._settings = settings
        self.retune(track)
        self.memory = Memory(settings, kept)
        self._scene = _Scene()

    def retune(self, track: TrackSettings) -> None:
        self._settle = track.settle_ms / 1000
        self._patience = (track.settle_ms + track.forget_ms) / 1000

    def update(
        self,
        reading: Reading,
        at: float,
        *,
        doubt: bool,
        unsettled: bool,
        clock: float | None = None,
        written: Written | None = None,
    ) -> RegionReading | None:
        """Return what the region says at `at` seconds, or None while it is too early to tell.

        `clock`: the true time, by which values are compared, where `at` counts looks; None: the
        same.
        `doubt`: this frame shows something that may be a digit of the number and is none yet.
        `unsettled`: it shows digits that the reading does not hold, or holds otherwise.
        `written`: the number as this frame shows it, where its point is read."""
        clock = at if clock is None else clock
        scene = self._scene
        if at < scene.at:
            scene = self._scene = _Scene()
        decimals = _decimals(self._settings, reading, written)
        doubt = _unsure(self._settings, reading, doubt) or decimals.doubtful
        number = scene.decimals_of(reading.lines, decimals)
        scene.see(reading.lines, number, at, doubt=doubt, unsettled=unsettled)
        # A mark flickers between sure and unsure; only what lasts is said.
        if at - scene.doubt_since >= self._patience - SLACK:
            scene.doubtful = doubt
        told = scene.said
        if told is None or (told.text, told.decimals) != (reading.text, number):
            # Two digits of a number change in one moment and settle in two: between them lies a
            # number that nobody wrote. Paper looks like a sheet whose digits have yet to settle.
            enough = self._settle if told or reading.lines else self._patience
            if told and told.text == reading.text and told.decimals is not None:
                # A point is small: it is missed sooner than it moves without any digit changing.
                enough = self._patience
            calm = at - scene.calm_since >= enough - SLACK
            # Of a number that comes into the region piece by piece the rest is a doubt for a while.
            if at - scene.clear_since >= self._settle - SLACK:
                scene.doubtful = False
            elif not scene.doubtful:
                calm = False
            if not calm:
                if at - scene.differs_since < 2 * self._patience:
                    return self.remembered(told, clock) if told else None
                said = RegionReading(
                    self._settings.name, "unsure", text=reading.text, decimals=number
                )
                return self.remembered(said, clock)
        said = self._held_against_memory(
            _judged(self._settings, reading, number, unsure=scene.doubtful), clock
        )
        scene.said = replace(said, event=None)
        return said

    def _held_against_memory(self, said: RegionReading, at: float) -> RegionReading:
        """Withhold a value that the last good ones make unlikely."""
        event = None
        if said.value is not None:
            status, event = self.memory.take(said.value, said.confidence or 0.0, at)
            said = replace(said, status=status, value=said.value if status == "ok" else None)
        return replace(self.remembered(said, at), event=event)

    def remembered(self, said: RegionReading, at: float) -> RegionReading:
        """Say also what is known of the values before."""
        good = self.memory.last
        if good is None:
            return replace(said, good=None, good_age=0.0, rate=None)
        age = max(0.0, at - good.at)
        return replace(said, good=good.value, good_age=age, rate=self.memory.rate)

    def absent(self, at: float, why: RegionStatus = "unseen") -> RegionReading:
        """Say that the region is not seen any more. What was good is remembered."""
        self._scene = _Scene()
        return self.remembered(RegionReading(self._settings.name, why), at)


@dataclass(slots=True)
class _Scene:
    """What a region has seen since it sees; all times are seconds."""

    at: float = -math.inf
    lines: tuple[str, ...] | None = None
    decimals: int | None = None
    """How many they have; None while no frame has said so."""
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

    def decimals_of(self, lines: tuple[str, ...], seen: Decimals) -> int | None:
        """Return how many decimals the `lines` have: as this frame says or, where it does not, as
        the last one did that showed the same."""
        same = seen.number is None and lines == self.lines
        return self.decimals if same else seen.number

    def see(
        self,
        lines: tuple[str, ...],
        decimals: int | None,
        at: float,
        *,
        doubt: bool,
        unsettled: bool,
    ) -> None:
        shown = (" ".join(lines), decimals)
        if unsettled or (lines, decimals) != (self.lines, self.decimals):
            self.calm_since = at
        if self.lines is None or (self.said and (self.said.text, self.said.decimals) == shown):
            self.differs_since = at
        if doubt:
            self.clear_since = at
        if doubt != self.doubt:
            self.doubt, self.doubt_since = doubt, at
        self.at, self.lines, self.decimals = at, lines, decimals


def _unsure(settings: RegionSettings, reading: Reading, doubtful: bool) -> bool:
    """Tell whether what was read may not be what is written."""
    weak = any(digit.confidence < WEAKEST for digit in reading.digits)
    weak = weak or (len(reading.lines) == 1 and _turning(reading.digits))
    weak = weak or (reading.text.startswith(MINUS) and not settings.signed)
    whole = settings.digits is not None and _count(reading.text) == settings.digits
    return weak or (doubtful and not whole)


def _turning(digits: Sequence[Digit]) -> bool:
    """Tell whether one of a row of digits stands above or below the line through the others, as on
    a drum that is turning. The line is Sen's (1968): the median of the slopes of all pairs."""
    if len(digits) < 3:
        return False
    boxes = np.array([digit.box for digit in digits], np.float64)
    x, y = (boxes[:, :2] + boxes[:, 2:] / 2).T
    left, right = np.triu_indices(len(boxes), 1)
    apart = np.where(x[right] == x[left], 1e-9, x[right] - x[left])
    slope = np.median((y[right] - y[left]) / apart)
    off = y - slope * x
    return bool(np.abs(off - np.median(off)).max() > ASIDE * np.median(boxes[:, 3]))


def _wrong(settings: RegionSettings, reading: Reading) -> RegionStatus:
    text = reading.text
    if not text:
        return "empty"
    if len(reading.lines) > 1:
        return "rows"
    if _count(text) > MOST_DIGITS or settings.digits not in (None, _count(text)):
        return "count"
    if settings.pattern is not None and not re.fullmatch(settings.pattern, text):
        return "pattern"
    return "ok"


def with_minus(reading: Reading) -> Reading:
    """Give a reading with a minus before its number; one of nothing as it is."""
    if not reading.lines:
        return reading
    first, *others = reading.lines
    return replace(reading, lines=(MINUS + first, *others))


def _decimals(settings: RegionSettings, reading: Reading, written: Written | None) -> Decimals:
    """Say how many decimals a number has: as somebody has set, or as a look shows it. Where that
    shows other digits than are read, it says nothing."""
    if settings.decimals != READ:
        return Decimals(settings.decimals)
    if written is None or reading.text.removeprefix(MINUS) != written.line.text:
        return Decimals(None)
    point = written.point
    if not point.sure:
        return Decimals(None, doubtful=True)
    return Decimals(0 if point.after is None else len(written.line.text) - point.after)


def _count(text: str) -> int:
    """Count the digits."""
    return len(text.removeprefix(MINUS))


def _value(text: str, decimals: int) -> float:
    return int(text) / 10**decimals if decimals else int(text)


def problem(settings: RegionSettings, value: float) -> str:
    """Say why a region cannot have a value that somebody sets; empty where it can."""
    if abs(value) >= MOST_VALUE or not in_range(settings, value):
        return "beyond what the region can have: min, max, rollover"
    return ""


def in_range(settings: RegionSettings, value: float) -> bool:
    """Tell whether a region can have the value at all."""
    least = -math.inf if settings.min is None else settings.min
    most = math.inf if settings.max is None else settings.max
    over = settings.rollover
    return least <= value <= most and (over is None or value < over)
