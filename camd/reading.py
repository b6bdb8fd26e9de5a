"""PURE. What the scene says, kept still while only the picture of it wavers."""

from collections.abc import Sequence

from camd.lines import group
from camd.settings import LineSettings, TrackSettings
from camd.values import Digit, Reading


class Reader:
    """Forms the reading from the settled digits of each frame.

    A digit more, less or other shows at once. The same digits in other rows, or parted otherwise,
    show only when that has lasted `settle_ms`: boxes tremble, and a digit on the edge between two
    rows must not make the reading flip.
    """

    def __init__(self, lines: LineSettings, track: TrackSettings) -> None:
        self._settings = lines
        self._settle = track.settle_ms / 1000
        self._reading = Reading()
        self._members: frozenset[tuple[int | None, int]] = frozenset()
        self._differs_since: float | None = None

    def update(self, held: Sequence[Digit], at: float) -> tuple[Reading, bool]:
        """Return the reading at `at` seconds, and whether its lines differ from the last one."""
        rows = group(held, self._settings)
        lines = tuple(row.text for row in rows)
        members = frozenset((digit.track, digit.digit) for digit in held)
        changed = lines != self._reading.lines
        if changed and members == self._members:
            if self._differs_since is None:
                self._differs_since = at
            if 0 <= at - self._differs_since < self._settle:
                return self._moved(held), False
        self._differs_since = None
        self._members = members
        self._reading = Reading(lines, tuple(digit for row in rows for digit in row.digits))
        return self._reading, changed

    def _moved(self, held: Sequence[Digit]) -> Reading:
        """Return the same reading with its digits where they are now."""
        now = {digit.track: digit for digit in held}
        self._reading = Reading(
            self._reading.lines, tuple(now[digit.track] for digit in self._reading.digits)
        )
        return self._reading
