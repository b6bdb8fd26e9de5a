"""PURE: how long to wait between one try and the next."""

import random


class Backoff:
    """The wait doubles from `first_s` to `longest_s`, and is never quite the same: those who lost
    one hub or one broker together must not all come back at once, now or later."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = min(first_s, longest_s)
        self._longest_s = longest_s
        self._wait_s = self._first_s

    def next(self, *, longest: bool = False) -> float:
        """Return the seconds to wait now; from the start near the most there is if `longest`."""
        wait_s = self._longest_s if longest else self._wait_s
        self._wait_s = min(2 * self._wait_s, self._longest_s)
        return random.uniform(0.5, 1.0) * wait_s

    def reset(self) -> None:
        self._wait_s = self._first_s
