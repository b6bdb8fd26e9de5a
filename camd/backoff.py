"""PURE. How long to wait before the next try."""

import random


class Backoff:
    """The wait doubles from `first_s` to `longest_s` seconds, and a random share of it is left out:
    many devices that lose a broker or a USB hub together must not all come back at one moment."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = min(first_s, longest_s)
        self._longest_s = longest_s
        self._wait_s = self._first_s

    def next(self, *, longest: bool = False) -> float:
        """Return how many seconds to wait now. `longest`: wait long even at the first try."""
        wait_s = self._longest_s if longest else self._wait_s
        self._wait_s = min(2 * self._wait_s, self._longest_s)
        return random.uniform(0.5, 1.0) * wait_s

    def reset(self) -> None:
        self._wait_s = self._first_s
