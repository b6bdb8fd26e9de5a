"""PURE. The good values of one region: what a new one is held against, and how fast they change.

A good value may be a misread one. So it does not count for ever: values that it refuses speak
against it, each with its confidence, as long as they fit each other and what was good before it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from camd.config.settings import RegionSettings
from camd.values import RegionEvent

Limit: TypeAlias = Literal["ok", "decreased", "step"]

KEPT = 4
"""So many of the last good values are kept. More of them than that are never all misread ones of a
drum that is about to turn, and so are not given up for what contradicts them all."""
RIVALS = 3
"""So many different values must contradict a good one. However often one value is read, it is one
opinion: the picture of a misread digit stays the same."""
WRAP = 0.1
"""Largest rise over the rollover, as a share of it, that is no decrease: a meter is looked at often
enough not to run through a tenth of all its numbers unseen."""
SURE = 1 - 1e-3
"""No confidence counts for more: the models do not tell finer."""
SPAN = 0.1
"""A rate is said once the good values span this share of `rate_s`: a meter that counts in whole
units shows none or one of them in a short time, and a rate of that means nothing."""
RUNS = 240
"""A rate follows about so many points in `rate_s`, and is reckoned anew RUNS / 4 times in it."""


@dataclass(frozen=True, slots=True)
class Good:
    """A value that was good."""

    value: float
    at: float
    """Seconds, of the last frame that said so."""
    confidence: float
    """0..1, that it was read right; 1 where somebody has set it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a region over restarts."""

    good: tuple[Good, ...] = ()
    """The last good values, the latest last, at most KEPT."""
    first: bool = True
    """Whether nothing was good before the first of them: it may be a misread one then. Not so where
    others were before it, or where somebody has set it."""


@dataclass(slots=True)
class _Run:
    """A time in which one good value was seen again and again; seconds."""

    shown: float
    total: float
    """The same, as if there were no rollover."""
    began: float
    ended: float


class Memory:
    """It asks no clock: each call brings its time, seconds."""

    def __init__(self, settings: RegionSettings, kept: Kept | None = None) -> None:
        self._settings = settings
        self._start(kept or Kept())

    def _start(self, kept: Kept) -> None:
        self._good = list(kept.good)
        self._first = kept.first
        self._rivals: list[Good] = []
        """What was refused since, each fitting the one before it."""
        self._since = 0.0
        """When the first of them was refused first."""
        self._runs: list[_Run] = []
        self._rate: float | None = None
        self._reckoned = -math.inf
        for good in self._good[-1:]:
            self._follow(good)

    @property
    def kept(self) -> Kept:
        return Kept(tuple(self._good), self._first)

    @property
    def last(self) -> Good | None:
        """The last good value."""
        return self._good[-1] if self._good else None

    @property
    def rate(self) -> float | None:
        """Change per hour, over the last `rate_s` seconds; None while that cannot be told."""
        return self._rate

    def set(self, value: float | None, at: float) -> RegionEvent:
        """Go on from a value that somebody knows to be right; None: from none."""
        was = self.last
        good = () if value is None else (Good(value, at, 1.0),)
        self._start(Kept(good, first=value is None))
        kind: Literal["set", "forget"] = "forget" if value is None else "set"
        return RegionEvent(kind, self._settings.name, value, was.value if was else None)

    def take(self, value: float, confidence: float, at: float) -> tuple[Limit, RegionEvent | None]:
        """Say whether a value that was read is a good one, and what came of it that somebody should
        hear of."""
        found = Good(value, at, confidence)
        last = self.last
        limit = self._limit(found, last) if last else "ok"
        event = None
        if limit != "ok":
            assert last
            if not (kind := self._outweighed(found)):
                return limit, None
            event = RegionEvent(kind, self._settings.name, value, last.value)
        self._rivals = []
        self._accept(found)
        return "ok", event

    def _accept(self, found: Good) -> None:
        if self._good and self._good[-1].value == found.value:
            surest = max(found.confidence, self._good[-1].confidence)
            self._good[-1] = replace(found, confidence=surest)
        else:
            self._first = self._first and len(self._good) < KEPT
            self._good = [*self._good, found][-KEPT:]
        self._follow(found)

    def _outweighed(self, found: Good) -> Literal["accepted", "corrected"] | None:
        """Count what speaks against the last good values, and give them up where it is enough.
        Return how."""
        if not self._rivals or self._limit(found, self._rivals[-1]) != "ok":
            self._rivals, self._since = [found], found.at
        elif self._rivals[-1].value == found.value:
            surest = max(found.confidence, self._rivals[-1].confidence)
            self._rivals[-1] = replace(found, confidence=surest)
        else:
            self._rivals.append(found)
        patience = self._settings.accept_after_s
        if patience and found.at - self._since >= patience:
            # Whoever wants this knows that it happens: a new meter, say. Nothing before it counts.
            self._start(Kept(first=False))
            return "accepted"
        against = [good for good in self._good if self._limit(found, good) != "ok"]
        before = self._good[: len(self._good) - len(against)]
        fits = self._first if not before else against == self._good[len(before) :]
        enough = len(self._rivals) >= RIVALS and _weight(self._rivals) > _weight(against)
        if not (fits and enough):
            return None
        self._start(Kept(tuple(before), self._first))
        return "corrected"

    def _limit(self, found: Good, good: Good) -> Limit:
        """Say which limit a value breaks, if another one is good."""
        options = self._settings
        change = self._change(good.value, found.value)
        if options.never_decreasing and change < 0:
            return "decreased"
        if options.max_step is not None:
            passed = found.at - good.at
            steps = max(1.0, passed / options.step_s) if options.step_s else 1.0
            # A tenth has no exact float, and ten of them no exact sum.
            if abs(change) > options.max_step * steps * (1 + 1e-9):
                return "step"
        return "ok"

    def _change(self, before: float, after: float) -> float:
        """Return by how much a meter has risen from one value to another."""
        change = after - before
        over = self._settings.rollover
        if not over:
            return change
        if change < 0 and change + over <= WRAP * over:
            return change + over
        # Back over the rollover, where that is allowed: 3, and then 99998 again.
        return change - over if change > 0 and over - change <= WRAP * over else change

    def _follow(self, good: Good) -> None:
        """Bring the rate up to date with a good value."""
        window = self._settings.rate_s
        runs = self._runs
        if runs and runs[-1].ended <= good.at:
            if good.value == runs[-1].shown:
                runs[-1].ended = good.at
            else:
                total = runs[-1].total + self._change(runs[-1].shown, good.value)
                if len(runs) > 1 and runs[-1].ended - runs[-2].ended < window / RUNS:
                    runs.pop()
                runs.append(_Run(good.value, total, good.at, good.at))
                self._reckoned = -math.inf
        else:  # the first, or another time has begun
            runs[:] = [_Run(good.value, good.value, good.at, good.at)]
        while len(runs) > 1 and runs[1].began <= good.at - window:
            runs.pop(0)
        if good.at - self._reckoned >= 4 * window / RUNS:
            self._reckoned = good.at
            self._rate = self._slope(good.at - window)

    def _slope(self, since: float) -> float | None:
        """Return the change per hour from the time `since` on."""
        first, last = self._runs[0], self._runs[-1]
        began = max(since, first.began)
        span = last.ended - began
        if span < SPAN * self._settings.rate_s:
            return None
        start = first.total
        if (
            first.ended < began
        ):  # the value was not seen then, and has risen evenly, for all we know
            after = self._runs[1]
            share = (began - first.ended) / (after.began - first.ended)
            start += share * (after.total - first.total)
        return 3600 * (last.total - start) / span


def _weight(values: Sequence[Good]) -> float:
    """Return how much speaks for some values, in logits."""
    limited = [min(max(good.confidence, 0.5), SURE) for good in values]
    return sum(math.log(confidence / (1 - confidence)) for confidence in limited)
