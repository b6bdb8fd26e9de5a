"""PURE. The votes of one tracked digit over frames, and the value they settle on."""

import math
from dataclasses import dataclass

from camd.config.settings import TrackSettings

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
        self._tallies: dict[int, _Tally] = {}
        """Of each digit that was ever voted for."""

    def cast(self, digit: int, confidence: float, elapsed: float) -> None:
        """Count one vote; `elapsed` is seconds since this digit was looked for last."""
        self._fade(elapsed)
        own = self._tallies.setdefault(digit, _Tally())
        weight = _weight(confidence) * self._trust(digit)
        for tally in self._tallies.values():
            if tally is own:
                self._score(tally, weight * elapsed, 1.0)
            else:
                self._score(tally, -weight * elapsed, -weight)
        own.past += weight
        own.votes += 1
        own.confidence += confidence
        mean = own.confidence / own.votes
        if digit == self.value:
            self.confidence += 0.2 * (confidence - self.confidence)
        elif self._enough(own):
            # Enough votes overturn a value even where they are not sure enough to be the next.
            sure = mean >= self._sure
            self.value, self.confidence = (digit, confidence) if sure else (None, 0.0)

    def miss(self, elapsed: float) -> None:
        """Count a frame without the digit: what comes and goes does not settle."""
        self._fade(elapsed)
        if self.value is None:
            for tally in self._tallies.values():
                self._score(tally, -elapsed, -1.0)
                tally.votes += 1

    @property
    def pending(self) -> bool:
        """Whether votes are gathering for another digit than `value`, which has not enough yet."""
        others = [tally for digit, tally in self._tallies.items() if digit != self.value]
        other = max(others, key=lambda tally: tally.count, default=None)
        return other is not None and other.count > 0 and not self._enough(other)

    @property
    def leader(self) -> int:
        """The digit voted for most in the memory; for matching, before anything has settled."""
        return max(self._tallies, key=lambda digit: self._tallies[digit].past, default=0)

    def _enough(self, tally: "_Tally") -> bool:
        return tally.seconds >= self._settle - SLACK and tally.count >= self._frames

    def _fade(self, elapsed: float) -> None:
        kept = math.exp(-elapsed / self._memory)
        for tally in self._tallies.values():
            tally.past *= kept
            tally.votes *= kept
            tally.confidence *= kept

    def _score(self, tally: "_Tally", seconds: float, count: float) -> None:
        tally.count = min(max(tally.count + count, 0.0), self._frames)
        tally.seconds = min(max(tally.seconds + seconds, 0.0), self._settle)
        if tally.count == 0:
            tally.seconds = 0.0

    def _trust(self, digit: int) -> float:
        """How much a vote against the settled value says, 0..1.

        A value misread now and then will be misread again: the more votes for `digit` were mixed
        into the memory already, the less another one tells of a change. Once they are the
        majority it was the settled value that was misread.
        """
        if self.value is None or digit == self.value:
            return 1.0
        rival, held = self._tallies[digit].past, self._tallies[self.value].past
        return 1.0 if rival >= held else 1 - 2 * rival / (rival + held)


@dataclass(slots=True)
class _Tally:
    """The votes for one digit."""

    seconds: float = 0.0
    count: float = 0.0
    """The two scores of the test."""
    past: float = 0.0
    """Sum of the weights in the memory."""
    votes: float = 0.0
    confidence: float = 0.0
    """Sum of them."""


def _weight(confidence: float) -> float:
    """A confidence of 0.99 counts in full, one of 0.9 seven tenths, one of 0.5 half."""
    nines = -math.log10(max(1 - confidence, 1e-9))
    return min(1.0, 0.4 + 0.3 * nines)
