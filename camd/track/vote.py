"""PURE. The votes of one tracked digit over frames, and the value they settle on."""

import math
from dataclasses import dataclass

from camd.config.settings import TrackSettings

SLACK = 1e-6
"""Seconds by which a sum of frame intervals may fall short of a threshold: without it, a rounding
error could make it miss."""


class Vote:
    """A sequential test with one score for each digit: a vote for a digit raises its score and
    lowers those of all others (Page's CUSUM, Biometrika 41, 1954). A score never grows beyond the
    threshold. So even a value that was stable for an hour is overturned by as much evidence as had
    made it stable.

    A digit settles when its votes add up to `settle_ms`, in at least `settle_frames` frames. A less
    confident vote counts for less time. Votes whose mean confidence is below `settle_confidence`
    settle on nothing, however many they are: the same picture seen a hundred times is still only
    one opinion. A frame in which the digit is missing counts against it, because a piece of a
    scribble may look like a digit in every other frame.
    """

    def __init__(self, settings: TrackSettings) -> None:
        self.value: int | None = None
        """The digit that the votes have settled on, or None."""
        self.confidence = 0.0
        """The smoothed confidence of the votes for `value`, 0..1."""
        self._settle = settings.settle_ms / 1000
        self._frames = settings.settle_frames
        self._sure = settings.settle_confidence
        self._memory = settings.memory_ms / 1000
        self._tallies: dict[int, _Tally] = {}
        """The tally of each digit that was ever voted for."""

    def cast(self, digit: int, confidence: float, elapsed: float) -> None:
        """Count one vote; `elapsed` is how many seconds ago this digit was last looked for."""
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
            # Enough votes end the old value even where they are not sure enough to give a new one.
            sure = mean >= self._sure
            self.value, self.confidence = (digit, confidence) if sure else (None, 0.0)

    def miss(self, elapsed: float) -> None:
        """Count a frame in which the digit is missing: what comes and goes must not settle."""
        self._fade(elapsed)
        if self.value is None:
            for tally in self._tallies.values():
                self._score(tally, -elapsed, -1.0)
                tally.votes += 1

    @property
    def pending(self) -> bool:
        """Whether a digit other than `value` is gathering votes and does not have enough yet."""
        others = [tally for digit, tally in self._tallies.items() if digit != self.value]
        other = max(others, key=lambda tally: tally.count, default=None)
        return other is not None and other.count > 0 and not self._enough(other)

    @property
    def leader(self) -> int:
        """The digit with the most votes lately. It is used to match tracks with digits before
        anything has settled."""
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
        """Return how much a vote against the settled value counts, 0..1.

        A digit that was misread now and then will be misread again. So the more votes for `digit`
        there were lately, the less another one is a sign of change. Once they are the majority,
        it must have been the settled value that was misread, and votes count in full.
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
    """The two scores of the test: seconds of votes, and how many votes."""
    past: float = 0.0
    """Sum of the weights of the votes; older ones fade away over `memory_ms`."""
    votes: float = 0.0
    confidence: float = 0.0
    """`votes` is how many votes there were, `confidence` the sum of their confidences; both fade
    likewise."""


def _weight(confidence: float) -> float:
    """Return the weight of a vote: 1 for a confidence of 0.99, 0.7 for 0.9, 0.5 for 0.5."""
    nines = -math.log10(max(1 - confidence, 1e-9))
    return min(1.0, 0.4 + 0.3 * nines)
