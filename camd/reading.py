"""PURE. What the scene says, kept still while only the picture of it wavers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from camd.lines import group
from camd.settings import LineSettings, TrackSettings
from camd.values import Box, Digit, Reading

Members: TypeAlias = frozenset[tuple[int | None, int]]


PATIENCE = 0.12
"""Seconds that a new reading waits for digits that are about to settle. The digits of a sheet
settle within a few frames of each other, and each of them is not a new scene."""
QUIET = 0.07
"""Seconds without a digit coming or going after which it shows, within that patience."""
SWEEP = 3.0
"""Digit heights a second; a sheet that is faster is being put down or taken away, and what shows
of it meanwhile is a piece of a number."""
SWEEP_PATIENCE = 0.5
"""Seconds after which it shows all the same."""


class Reader:
    """Forms the reading from the settled digits of each frame.

    Other digits show when they are all there and at rest, or at once when none is left. The same
    digits in other rows, or parted otherwise, show only when that has lasted `settle_ms`: boxes
    tremble, and a digit on the edge between two rows must not make the reading flip.
    """

    def __init__(self, lines: LineSettings, track: TrackSettings) -> None:
        self._settings = lines
        self._settle = track.settle_ms / 1000
        self._reading = Reading()
        self._shown: Members = frozenset()
        self._latest: Members = frozenset()
        self._last = self._moved_at = -math.inf
        self._places: dict[int | None, Box] = {}
        self._differs_since: float | None = None

    def update(
        self, held: Sequence[Digit], at: float, *, pending: bool = False
    ) -> tuple[Reading, bool]:
        """Return the reading at `at` seconds, and whether its lines differ from the last one.

        `pending`: the frame shows digits that are about to settle; a reading without them is a
        piece of one."""
        rows = group(held, self._settings)
        lines = tuple(row.text for row in rows)
        members = frozenset((digit.track, digit.digit) for digit in held)
        if members != self._latest:
            self._latest, self._moved_at = members, at
        interval, self._last = at - self._last, at
        swept = _speed(self._places, held, interval) > SWEEP
        self._places = {digit.track: digit.box for digit in held}
        changed = lines != self._reading.lines
        if changed and self._must_wait(members, at, interval, pending=pending, swept=swept):
            self._follow(held)
            return self._reading, False
        self._differs_since = None
        self._shown = members
        self._reading = Reading(lines, tuple(digit for row in rows for digit in row.digits))
        return self._reading, changed

    def _must_wait(
        self, members: Members, at: float, interval: float, *, pending: bool, swept: bool
    ) -> bool:
        if self._differs_since is None or at < self._differs_since:
            self._differs_since = at
        waited = at - self._differs_since
        if not members:
            return False
        if swept and waited < SWEEP_PATIENCE:
            return True
        if members == self._shown:
            return waited < self._settle
        # Where frames are far apart, waiting for the next one costs more than it spares.
        if waited >= PATIENCE or interval >= QUIET:
            return False
        return pending or at - self._moved_at < QUIET

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


def _speed(before: dict[int | None, Box], held: Sequence[Digit], interval: float) -> float:
    """Median speed of the digits that were there before, in their heights a second."""
    speeds = sorted(
        math.dist(digit.box[:2], before[digit.track][:2]) / max(1, digit.box[3])
        for digit in held
        if digit.track in before
    )
    return speeds[len(speeds) // 2] / interval if speeds and interval > 0 else 0.0
