"""PURE. Time as votes count it: in looks, where these are far apart.

A camera that gives a frame in five seconds shows as much in three of them as a fast one does. Were
the seconds between them counted, each look would come when the one before is long forgotten.
"""

import math

from camd.config.settings import TrackSettings

SHARE = 2 / 3
"""Of `forget_ms` that may pass, at most, from one look to the next: so one look that missed a digit
does not forget it, and two do."""


class Pace:
    def __init__(self, settings: TrackSettings) -> None:
        self._most = SHARE * settings.forget_ms / 1000 or math.inf
        """Seconds; without a limit where nothing is to be remembered from look to look."""
        self._last: float | None = None
        self._at = 0.0

    def at(self, clock: float) -> float:
        """Return the time of a look at `clock` seconds, in seconds of its own. Where the clock goes
        back, another scene has begun, and the time goes back as well."""
        if self._last is None:
            self._at = clock
        else:
            self._at += min(clock - self._last, self._most)
        self._last = clock
        return self._at
