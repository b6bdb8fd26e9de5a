"""PURE. Limits how often something happens."""


class Throttle:
    def __init__(self, period: float) -> None:
        """`period`: seconds from one time to the next, at least on average."""
        self._period = period
        self._due = float("-inf")

    def due(self, now: float) -> bool:
        """Tell whether it is time again. The times lie `period` apart, even if the calls come a
        little early or late. Counted from the last call instead, 10 of 30 frames a second would
        become 7.5."""
        if now < self._due:
            return False
        late = now - self._due
        self._due = now + self._period if late >= self._period else self._due + self._period
        return True


class Bucket:
    """A limit on the average that allows short bursts (a token bucket)."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = float(burst)
        self._at = 0.0

    def take(self, now: float) -> bool:
        """True where one more is allowed. `now`: seconds, monotonic."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
