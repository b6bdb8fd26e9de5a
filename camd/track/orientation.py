"""PURE. Which way up the writing of an area stands, steady over frames."""

AGAIN, LONGEST = 0.5, 4.0
"""Seconds after which a picture that reads badly is looked at another way again, the first time and
at most: each look that finds nothing better doubles them."""
FORGOTTEN = 10.0
"""Seconds without a digit after which writing is taken to stand upright again."""
FOLLOWED = 15.0
"""Degrees that rows may slope before the picture is turned after them: rows are told up to 20."""
STEP = 15
"""Degrees: the picture is turned by a multiple of them."""


class Orientation:
    """It asks no clock: each call brings its time, seconds, or None for a picture on its own."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.turn = 0
        """Degrees clockwise, 0 to 359, by which the picture is turned."""
        self._candidate: int | None = None
        self._wait = AGAIN
        self._next = self._read_at = float("-inf")

    def asks(self, at: float | None, *, well: bool, empty: bool) -> bool:
        """Tell whether to look at the picture another way: `well`, it reads well as it is turned;
        `empty`, nothing on it may be a digit."""
        if at is None:
            return not well and not empty
        if at < self._read_at:  # Another time has begun.
            self._start()
        if well:
            self._candidate, self._wait, self._next = None, AGAIN, at
            self._read_at = at
            return False
        if empty:
            if at - self._read_at > FORGOTTEN:
                self.turn = 0
            return False
        return at >= self._next

    def found(self, turn: int, at: float | None) -> bool:
        """Say by which turn the picture reads best; tell whether it is turned so from now on. One
        picture may deceive: over frames two in a row have to say the same."""
        if turn == self.turn:
            self._candidate = None
            if at is not None:
                self._next, self._wait = at + self._wait, min(LONGEST, 2 * self._wait)
            return False
        if at is None or self._candidate == turn:
            self.turn, self._candidate, self._wait = turn, None, AGAIN
            return True
        self._candidate = turn
        return False

    def follow(self, slope: float) -> None:
        """Turn the picture, from the next one on, after rows that slope so much, degrees, positive
        where they fall to the right."""
        if abs(slope) >= FOLLOWED:
            self.turn = int(round((self.turn - slope) / STEP) * STEP) % 360
