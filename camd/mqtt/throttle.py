"""PURE: a limit on how often something happens."""


class Throttle:
    def __init__(self, period: float) -> None:
        """`period`: seconds between two times."""
        self._period = period
        self._due = float("-inf")

    def due(self, now: float) -> bool:
        """True when it is time again. Slots lie `period` apart whatever the jitter of the calls:
        counting from the last time instead would turn 10 a second of 30 frames into 7.5."""
        if now < self._due:
            return False
        late = now - self._due
        self._due = now + self._period if late >= self._period else self._due + self._period
        return True
