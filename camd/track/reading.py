"""PURE. What the scene says, kept still while only the picture of it wavers."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from camd.config.settings import LineSettings, TrackSettings
from camd.geometry import median
from camd.track.lines import Parted, group, partings
from camd.track.matching import center_of
from camd.track.tracker import Tracked
from camd.track.vote import SLACK
from camd.values import Digit, Reading

Members: TypeAlias = frozenset[tuple[int | None, int]]
Places: TypeAlias = dict[int | None, tuple[float, float]]
"""The middle of each digit by its track, (2,) pixels."""


PATIENCE = 0.12
"""Seconds that a new reading waits, once the sheet is at rest, for digits that are about to settle.
The digits of a sheet settle within a few frames of each other, and each of them is not a new
scene."""
FRAMES = 3
"""It waits for so many frames, where those are far apart."""
QUIET = 0.07
"""Seconds without a digit coming or going after which it shows, within that patience."""
SWEEP = 1.5
"""Digit heights a second; a sheet that is faster is being put down or taken away, and what shows
of it meanwhile is a piece of a number."""
SWEEP_PATIENCE = 0.5
"""Seconds after which it shows all the same."""
DOUBTED, CLEARED = 0.4, 0.2
"""Share of the latest frames with a doubtful mark from which a reading counts as incomplete, and
down to which it still does."""
STRETCH = 0.1
"""Seconds over which speed is measured: from frame to frame boxes tremble by a pixel."""


class Reader:
    """Forms the reading from the settled digits of each frame.

    Other digits show when they are all there and at rest, or at once when none is left. The same
    digits in other rows, or parted otherwise, show only when that has lasted `settle_ms`: boxes
    tremble, and a digit on the edge between two rows must not make the reading flip.
    """

    def __init__(self, lines: LineSettings, track: TrackSettings) -> None:
        self._settings = lines
        self._settle = track.settle_ms / 1000
        self._lasting = (track.settle_ms + track.forget_ms) / 1000
        self._reading = Reading()
        self._shown: Members = frozenset()
        self._parted: Parted = {}
        self._latest: Members = frozenset()
        self._last = self._moved_at = self._swept_at = -math.inf
        self._trail: deque[tuple[float, Places]] = deque()
        """Where the digits were, over the last STRETCH."""
        self._differs_since: float | None = None
        self._doubt = 0.0
        """Share of the latest frames that showed something doubtful beside the digits."""

    def update(
        self, tracked: Tracked, at: float, *, doubtful: bool = False
    ) -> tuple[Reading, bool]:
        """Return the reading at `at` seconds, and whether it says anything else than the last one.

        `doubtful`: this frame shows something beside the digits that may be another."""
        held = tracked.held
        rows = group(held, self._settings, self._parted)
        lines = tuple(row.text for row in rows)
        members = frozenset((digit.track, digit.digit) for digit in held)
        if members != self._latest:
            self._latest, self._moved_at = members, at
        interval, self._last = at - self._last, at
        step = min(max(0.0, interval), self._lasting) / self._lasting if self._lasting else 1.0
        self._doubt += (doubtful - self._doubt) * step
        if _going(tracked) or self._speed(tracked.digits, at) > SWEEP:
            self._swept_at = at
        changed = lines != self._reading.lines
        if changed and self._must_wait(members, at, interval, pending=tracked.pending):
            self._follow(held)
            return self._reading, False
        self._differs_since = None
        if changed:
            # What was doubtful while the sheet came counts no more. What is left of a reading may
            # be a piece of a sheet that goes, or that a hand covers.
            self._doubt = float(doubtful or members < self._shown)
        self._shown, self._parted = members, partings(rows)
        # A mark flickers between sure and unsure; of a reading that stands only what lasts is said.
        stands = self._reading.complete and not changed
        complete = not lines or self._doubt <= (DOUBTED if stands else CLEARED)
        changed |= complete != self._reading.complete
        digits = tuple(digit for row in rows for digit in row.digits)
        self._reading = Reading(lines, digits, complete)
        return self._reading, changed

    def _must_wait(self, members: Members, at: float, interval: float, *, pending: bool) -> bool:
        if self._differs_since is None or at < self._differs_since:
            self._differs_since = at
        waited = at - self._differs_since
        if not members:
            return False
        if self._swept_at == at and waited < SWEEP_PATIENCE:
            return True
        if members == self._shown:
            return waited < self._settle
        if pending:  # A piece of a number.
            rested = min(waited, at - self._swept_at)
            return rested < max(PATIENCE, FRAMES * interval) and waited < SWEEP_PATIENCE
        # Where frames are far apart, waiting for the next one costs more than it spares.
        return at - self._moved_at < QUIET and waited < PATIENCE and interval < QUIET

    def _speed(self, digits: Sequence[Digit], at: float) -> float:
        """Return the speed common to the digits, in their heights a second."""
        while self._trail and not 0 < at - self._trail[0][0] <= STRETCH + SLACK:
            self._trail.popleft()
        self._trail.append((at, {digit.track: center_of(digit.box) for digit in digits}))
        then, before = self._trail[0]
        known = [digit for digit in digits if digit.track in before]
        if not known or then == at:
            return 0.0
        now = [center_of(digit.box) for digit in known]
        way = median(np.subtract(now, [before[digit.track] for digit in known]))
        height = float(median([digit.box[3] for digit in known]))
        return float(np.hypot(*way)) / max(1.0, height) / (at - then)

    def _follow(self, held: Sequence[Digit]) -> None:
        """Keep the reading, its digits where they are now."""
        now = {digit.track: digit for digit in held}
        digits = tuple(
            replace(digit, box=now[digit.track].box) if digit.track in now else digit
            for digit in self._reading.digits
        )
        self._reading = replace(self._reading, digits=digits)


def _going(tracked: Tracked) -> bool:
    """Whether most of what is held cannot be seen any more."""
    seen = {digit.track for digit in tracked.digits}
    return 2 * sum(digit.track in seen for digit in tracked.held) < len(tracked.held)
