"""PURE. What the scene says, kept still while only the picture of it wavers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from camd.lines import group
from camd.settings import LineSettings, TrackSettings
from camd.values import Digit, Reading

Members: TypeAlias = frozenset[tuple[int | None, int]]


QUIET = 0.07
"""Seconds without a digit coming or going after which a new reading shows. The digits of a sheet
settle within a few frames of each other, and each of them is not a new scene."""
PATIENCE = 0.25
"""Seconds after which it shows although digits still come and go."""


class Reader:
    """Forms the reading from the settled digits of each frame.

    Other digits show when they are all there, or at once when none is left. The same digits in
    other rows, or parted otherwise, show only when that has lasted `settle_ms`: boxes tremble,
    and a digit on the edge between two rows must not make the reading flip.
    """

    def __init__(self, lines: LineSettings, track: TrackSettings) -> None:
        self._settings = lines
        self._settle = track.settle_ms / 1000
        self._reading = Reading()
        self._shown: Members = frozenset()
        self._latest: Members = frozenset()
        self._last = self._moved_at = -math.inf
        self._differs_since: float | None = None

    def update(self, held: Sequence[Digit], at: float) -> tuple[Reading, bool]:
        """Return the reading at `at` seconds, and whether its lines differ from the last one."""
        rows = group(held, self._settings)
        lines = tuple(row.text for row in rows)
        members = frozenset((digit.track, digit.digit) for digit in held)
        if members != self._latest:
            self._latest, self._moved_at = members, at
        interval, self._last = at - self._last, at
        changed = lines != self._reading.lines
        if changed and self._must_wait(members, at, interval):
            self._follow(held)
            return self._reading, False
        self._differs_since = None
        self._shown = members
        self._reading = Reading(lines, tuple(digit for row in rows for digit in row.digits))
        return self._reading, changed

    def _must_wait(self, members: Members, at: float, interval: float) -> bool:
        if self._differs_since is None or at < self._differs_since:
            self._differs_since = at
        waited = at - self._differs_since
        if members == self._shown:
            return waited < self._settle
        # Where frames are far apart, waiting for the next one costs more than it spares.
        late = waited >= PATIENCE or at - self._moved_at >= QUIET or interval >= QUIET
        return bool(members) and not late

    def _follow(self, held: Sequence[Digit]) -> None:
        """Keep the reading, its digits where they are now."""
        now = {digit.track: digit for digit in held}
        self._reading = Reading(
            self._reading.lines,
            tuple(
                replace(digit, box=now[digit.track].box) if digit.track in now else digit
                for digit in self._reading.digits
            ),
        )
