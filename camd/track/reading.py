"""PURE. Forms the reading: what the scene says. It stays the same while only the picture of the
scene trembles."""

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
"""The middle (x, y) of each digit in pixels, by the number of its track."""


PATIENCE = 0.12
"""How many seconds a new reading waits, once the sheet is at rest, for digits that are about to
settle. The digits of a sheet settle within a few frames of each other. Without the wait, each of
them would give a reading of its own."""
FRAMES = 3
"""A new reading waits for at least so many frames, which is longer than PATIENCE when frames are
far apart."""
QUIET = 0.07
"""A new reading also waits until no digit has come or gone for so many seconds; PATIENCE is the
longest that it waits for this."""
SWEEP = 1.5
"""Greatest speed of a sheet at which a new reading is shown, in digit heights a second. A faster
sheet is being put down or taken away, and only pieces of its numbers can be seen meanwhile."""
SWEEP_PATIENCE = 0.5
"""After so many seconds a new reading is shown even while the sheet moves fast or digits are about
to settle."""
DOUBTED, CLEARED = 0.4, 0.2
"""Shares of the latest frames that show a doubtful mark beside the digits. A reading becomes
incomplete above the first, and complete again at the second or below: two limits, so that it does
not flicker between the two."""
STRETCH = 0.1
"""Speed is measured over so many seconds. From one frame to the next it would be wrong, because
boxes tremble by a pixel."""


class Reader:
    """Forms the reading from the settled digits of each frame.

    When the digits change, the reading changes once they are all there and at rest; when none is
    left, it changes at once. When the same digits are only grouped differently into rows and
    numbers, that must last for `settle_ms` first: boxes tremble, and a digit on the edge between
    two rows must not make the reading flip back and forth.
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
        """The times of the frames of the last STRETCH seconds, and where the digits were then."""
        self._differs_since: float | None = None
        self._doubt = 0.0
        """Share of the latest frames, 0..1, that showed a doubtful mark beside the digits."""

    def update(
        self, tracked: Tracked, at: float, *, doubtful: bool = False
    ) -> tuple[Reading, bool]:
        """Return the reading at `at` seconds, and whether it differs from the last one.

        `doubtful` says that this frame shows, beside the digits, a mark that may be another
        digit."""
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
            # Doubtful marks from when the sheet was put down no longer count. But what is left of a
            # reading may be a piece of a sheet that is taken away, or that a hand covers.
            self._doubt = float(doubtful or members < self._shown)
        self._shown, self._parted = members, partings(rows)
        # A mark flickers between sure and doubtful. So a complete reading becomes incomplete only
        # when the doubt lasts.
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
        if pending:  # More digits are about to settle: what is there is only a piece of a number.
            rested = min(waited, at - self._swept_at)
            return rested < max(PATIENCE, FRAMES * interval) and waited < SWEEP_PATIENCE
        # When frames are far apart, it takes too long to wait for another one.
        return at - self._moved_at < QUIET and waited < PATIENCE and interval < QUIET

    def _speed(self, digits: Sequence[Digit], at: float) -> float:
        """Return the speed that the digits have in common, in digit heights a second."""
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
        """Keep the reading, but move its digits to where they are now."""
        now = {digit.track: digit for digit in held}
        digits = tuple(
            replace(digit, box=now[digit.track].box) if digit.track in now else digit
            for digit in self._reading.digits
        )
        self._reading = replace(self._reading, digits=digits)


def _going(tracked: Tracked) -> bool:
    """Whether most of the settled digits can no longer be seen."""
    seen = {digit.track for digit in tracked.digits}
    return 2 * sum(digit.track in seen for digit in tracked.held) < len(tracked.held)
