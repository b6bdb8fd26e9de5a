"""PURE. Tells when something has not been read for too long."""

from camd.values import Problem


class Overdue:
    """It asks no clock: each call brings its time, seconds."""

    def __init__(self, after_s: float) -> None:
        """`after_s`: how long it may take; 0: for ever."""
        self._after_s = after_s
        self._good_at: float | None = None
        self._why = ""

    def see(self, at: float, why: str) -> Problem | None:
        """Note why it cannot be read at `at`; "" where it can. Return the problem that this is by
        now, if it is one."""
        if self._good_at is None or not why or at < self._good_at:
            self._good_at = at
        self._why = why
        return self.found(at)

    def found(self, at: float) -> Problem | None:
        """Return the problem that there is at `at`."""
        if self._good_at is None or not self._why or not self._after_s:
            return None
        age = at - self._good_at
        return Problem(age, self._why) if age >= self._after_s else None

    def excuse(self, at: float) -> None:
        """Note that nobody looks at `at`: this time does not count."""
        if not self.found(at):
            self._good_at = at
