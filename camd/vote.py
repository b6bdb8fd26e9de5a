"""PURE. The votes of one tracked digit over frames, and the value they settle on."""

import math

import numpy as np
from numpy.typing import NDArray

from camd.settings import TrackSettings

SLACK = 1e-6
"""Seconds; sums of frame intervals must not miss a threshold by a rounding error."""


class Vote:
    """A sequential test, one score for each digit: a vote raises its own digit and lowers all
    others (Page's CUSUM, Biometrika 41, 1954). Scores stop at the threshold, so a value that was
    stable for an hour is overturned by as much evidence as made it stable.

    A digit settles when its score reaches `settle_ms` of votes, in at least `settle_frames` of
    them. Less confident votes fill the time more slowly, and those whose mean confidence is under
    `settle_confidence` never do: one picture seen a hundred times is one opinion. A frame without
    the digit is a vote without confidence: parts of a scribble are a digit in every other frame.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self.value: int | None = None
        """The digit settled on, or None."""
        self.confidence = 0.0
        """0..1, of the votes for `value`, smoothed."""
        self._settle = settings.settle_ms / 1000
        self._frames = settings.settle_frames
        self._sure = settings.settle_confidence
        self._memory = settings.memory_ms / 1000
        self._seconds: NDArray[np.float64] = np.zeros(10)
        self._count: NDArray[np.float64] = np.zeros(10)
        self._past: NDArray[np.float64] = np.zeros(10)
        self._votes: NDArray[np.float64] = np.zeros(10)
        self._confidence: NDArray[np.float64] = np.zeros(10)

    def cast(self, digit: int, confidence: float, elapsed: float) -> None:
        """Count one vote; `elapsed` is seconds since this digit was looked for last."""
        self._fade(elapsed)
        weight = _weight(confidence) * self._trust(digit)
        for_it = np.arange(10) == digit
        self._score(np.where(for_it, weight, -weight), np.where(for_it, 1.0, -weight), elapsed)
        self._past[digit] += weight
        self._votes[digit] += 1
        self._confidence[digit] += confidence
        mean = float(self._confidence[digit] / self._votes[digit])
        if digit == self.value:
            self.confidence += 0.2 * (confidence - self.confidence)
        elif self._enough(digit):
            # Enough votes overturn a value even where they are not sure enough to be the next.
            sure = mean >= self._sure
            self.value, self.confidence = (digit, confidence) if sure else (None, 0.0)

    def miss(self, elapsed: float) -> None:
        """Count a frame without the digit: what comes and goes does not settle."""
        self._fade(elapsed)
        if self.value is None:
            self._score(np.full(10, -1.0), np.full(10, -1.0), elapsed)
            self._votes += self._votes > 0

    @property
    def pending(self) -> bool:
        """Whether votes are gathering for another digit than `value`, which has not enough yet."""
        count = self._count.copy()
        if self.value is not None:
            count[self.value] = 0
        other = int(np.argmax(count))
        return bool(count[other] > 0) and not self._enough(other)

    @property
    def leader(self) -> int:
        """The digit voted for most in the memory; for matching, before anything has settled."""
        return int(np.argmax(self._past))

    def _enough(self, digit: int) -> bool:
        return bool(
            self._seconds[digit] >= self._settle - SLACK and self._count[digit] >= self._frames
        )

    def _fade(self, elapsed: float) -> None:
        kept = math.exp(-elapsed / self._memory)
        self._past *= kept
        self._votes *= kept
        self._confidence *= kept

    def _score(
        self, seconds: NDArray[np.float64], count: NDArray[np.float64], elapsed: float
    ) -> None:
        # For ten numbers np.clip takes thrice as long as these two.
        self._count = np.minimum(np.maximum(self._count + count, 0), self._frames)
        self._seconds = np.minimum(np.maximum(self._seconds + seconds * elapsed, 0), self._settle)
        self._seconds[self._count == 0] = 0

    def _trust(self, digit: int) -> float:
        """How much a vote against the settled value says, 0..1.

        A value misread now and then will be misread again: the more votes for `digit` were mixed
        into the memory already, the less another one tells of a change. Once they are the
        majority it was the settled value that was misread.
        """
        if self.value is None or digit == self.value:
            return 1.0
        rival, held = self._past[digit], self._past[self.value]
        return 1.0 if rival >= held else float(1 - 2 * rival / (rival + held))


def _weight(confidence: float) -> float:
    """A confidence of 0.99 counts in full, one of 0.9 seven tenths, one of 0.5 half."""
    nines = -math.log10(max(1 - confidence, 1e-9))
    return min(1.0, 0.4 + 0.3 * nines)
