"""PURE. Finds out which digit of this frame is which one of the frame before, and what value each
of them has."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from camd.config.settings import TrackSettings
from camd.geometry import median
from camd.track.matching import center_of, pair
from camd.track.vote import SLACK, Vote
from camd.values import Digit, Event

STEER = 0.6
"""How much of the error of a track's velocity is corrected by each frame, as a share: boxes
tremble, so one measurement is not believed in full."""


@dataclass(frozen=True, slots=True)
class Tracked:
    digits: tuple[Digit, ...] = ()
    """The digits of this frame in the order in which they came, each with the number of its track.
    A digit is `stable` where its votes have settled on the value that this frame shows."""
    held: tuple[Digit, ...] = ()
    """All settled digits of the scene with their settled values. Those that this frame missed are
    included, at the place where they should be by now."""
    events: tuple[Event, ...] = ()
    pending: bool = False
    """True when this frame shows a digit that is about to settle."""
    kept: tuple[int, ...] = ()
    """Indices of the weak ones that a settled digit was kept for."""


class Tracker:
    """Follows digits from frame to frame. It looks at no clock: each update brings its own time.

    Tracks and digits are paired so that predicted place, size and value fit best over all pairs.
    Where that leaves many without a partner, the whole sheet may have moved: then one shift common
    to all of them is tried.
    """

    def __init__(self, settings: TrackSettings, numbers: Iterator[int] | None = None) -> None:
        """`numbers` gives each new track its number. Trackers that work on the same frames share
        it, so that no number is given twice."""
        self._settings = settings
        self._tracks: list[_Track] = []
        self._last: float | None = None
        self._numbers = numbers or count(1)

    def update(self, digits: Sequence[Digit], at: float, weak: Sequence[Digit] = ()) -> Tracked:
        """Take one frame's digits at `at` seconds; an empty frame is an empty sequence.

        `weak` are not sure enough to begin a track or to overturn one. A settled digit that none of
        `digits` continues is kept while one of them says the same (Zhang et al. 2022, "ByteTrack",
        section 3): what trembles about the least confidence must not come and go.

        A time earlier than the last one, or more than `memory_ms` after it, starts over: all
        settled digits end, and no old track is continued.
        """
        elapsed = at - self._last if self._last is not None else 0.0
        self._last = at
        events: list[Event] = []
        if elapsed < 0 or elapsed > self._settings.memory_ms / 1000 + SLACK:
            events += self.clear().events
            elapsed = 0.0
        for track in self._tracks:
            track.advance(elapsed)
        owners = self._match(digits, elapsed)
        self._carry(digits, owners)
        kept = self._kept(weak, owners, elapsed)
        for j, track in kept:
            track.see(weak[j], at, elapsed)
        for digit, owner in zip(digits, owners, strict=True):
            was = owner.vote.value
            owner.see(digit, at, elapsed)
            if owner.vote.value is None and was is not None:
                events.append(Event("end", owner.digit(was)))
            elif owner.vote.value != was:
                kind = "new" if was is None else "change"
                events.append(Event(kind, owner.digit(), was))
        events += self._expire(at, elapsed)
        return Tracked(
            digits=tuple(
                replace(digit, track=owner.id, stable=owner.vote.value == digit.digit)
                for digit, owner in zip(digits, owners, strict=True)
            ),
            held=tuple(track.digit() for track in self._tracks if track.settled),
            events=tuple(events),
            pending=any(owner.vote.pending for owner in owners),
            kept=tuple(j for j, _ in kept),
        )

    def clear(self) -> Tracked:
        """Forget all tracks. Each settled one gives an "end" event."""
        ended = tuple(Event("end", track.digit()) for track in self._tracks if track.settled)
        self._tracks = []
        return Tracked(events=ended)

    def _match(self, digits: Sequence[Digit], elapsed: float) -> list["_Track"]:
        """Return the track of each digit; a digit that continues no track gets a new one."""
        owners: list[_Track | None] = [None] * len(digits)
        for track, j in _paired(self._tracks, digits, elapsed):
            owners[j] = track
        found = []
        for digit, owner in zip(digits, owners, strict=True):
            if owner is None:
                owner = _Track(next(self._numbers), digit, Vote(self._settings))  # noqa: PLW2901
                self._tracks.append(owner)
            found.append(owner)
        return found

    def _kept(
        self, weak: Sequence[Digit], owners: Sequence["_Track"], elapsed: float
    ) -> list[tuple[int, "_Track"]]:
        """Pair what is `weak` with the settled tracks that no digit continues."""
        seen = {id(owner) for owner in owners}
        free = [track for track in self._tracks if track.settled and id(track) not in seen]
        pairs = _paired(free, weak, elapsed)
        return [(j, track) for track, j in pairs if weak[j].digit == track.vote.value]

    def _carry(self, digits: Sequence[Digit], owners: list["_Track"]) -> None:
        """Find out how the whole sheet moves. Tracks that this frame does not show move along, and
        new tracks start with its velocity."""
        known = [(d, t) for d, t in zip(digits, owners, strict=True) if t.sightings > 1]
        if len(known) < 3:
            return
        places = [center_of(digit.box) for digit, _ in known]
        away = np.subtract(places, [(track.x, track.y) for _, track in known])
        velocities = [(track.across, track.down) for _, track in known]
        drift, velocity = median(away).tolist(), median(velocities).tolist()
        seen = {id(track) for track in owners}
        for track in self._tracks:
            if id(track) not in seen:
                track.x += drift[0]
                track.y += drift[1]
                track.across, track.down = velocity
            elif not track.sightings:
                track.across, track.down = velocity

    def _expire(self, at: float, elapsed: float) -> list[Event]:
        seen = [t for t in self._tracks if t.seen == at and t.settled]
        kept, events = [], []
        for track in self._tracks:
            if track.seen != at:
                track.vote.miss(elapsed)
                overdue = at - track.seen > self._settings.forget_ms / 1000 + SLACK
                if overdue or track.replaced(seen) or any(map(track.covers, seen)):
                    if track.settled:
                        events.append(Event("end", track.digit()))
                    continue
            kept.append(track)
        self._tracks = kept
        return events


class _Track:
    """One digit followed over frames. Its numbers are plain Python floats: for so few of them NumPy
    takes ten times as long."""

    def __init__(self, number: int, digit: Digit, vote: Vote) -> None:
        self.id = number
        self.vote = vote
        self.seen = self.born = -math.inf
        """`seen` is when a digit was last matched to it, `born` when the first was; seconds."""
        self.x, self.y = center_of(digit.box)
        """The middle of the digit where it was last seen, or where it should be by now; pixels."""
        self.width, self.height = float(max(digit.box[2], 1)), float(max(digit.box[3], 1))
        """The size of its box, smoothed over frames; pixels."""
        self.across = self.down = 0.0
        """Its velocity, pixels a second."""
        self._margin = 0.0
        self.sightings = 0
        """In how many frames it was seen."""

    @property
    def settled(self) -> bool:
        return self.vote.value is not None

    def advance(self, elapsed: float) -> None:
        self.x += self.across * elapsed
        self.y += self.down * elapsed

    def see(self, digit: Digit, at: float, elapsed: float) -> None:
        x, y = center_of(digit.box)
        unseen = at - self.seen
        if self.sightings and unseen > 0:
            # x and y were predicted with the velocity. So what they missed by tells how wrong the
            # velocity is.
            gain = 1.0 if self.sightings == 1 else STEER
            self.across += gain * (x - self.x) / unseen
            self.down += gain * (y - self.y) / unseen
        if not self.sightings:
            self.born = at
        self.x, self.y = x, y
        self.width += 0.4 * (max(digit.box[2], 1) - self.width)
        self.height += 0.4 * (max(digit.box[3], 1) - self.height)
        self._margin = digit.margin
        self.seen = at
        self.vote.cast(digit.digit, digit.confidence, elapsed if self.sightings else 0.0)
        self.sightings += 1

    def digit(self, value: int | None = None) -> Digit:
        """Return a digit of this `value` at the track's place; without `value`, the settled one.
        Only for a track that is or was settled."""
        value = self.vote.value if value is None else value
        assert value is not None
        x, y = round(self.x - self.width / 2), round(self.y - self.height / 2)
        width, height = round(self.width), round(self.height)
        return Digit(
            digit=value,
            confidence=self.vote.confidence,
            box=(x, y, width, height),
            margin=self._margin,
            track=self.id,
            stable=True,
        )

    def replaced(self, settled: Sequence["_Track"]) -> bool:
        """Whether most of the digits that are read now came after this one was last seen. Then
        another sheet has taken its place."""
        return 2 * sum(other.born > self.seen for other in settled) > len(settled)

    def covers(self, other: "_Track") -> bool:
        """Whether both overlap by more than half of the smaller one. They are the same digit then:
        in one place of the paper there is only one."""
        across = _shared(self.x, self.width, other.x, other.width)
        down = _shared(self.y, self.height, other.y, other.height)
        least = min(self.width * self.height, other.width * other.height)
        return across > 0 and down > 0 and across * down > 0.5 * least


def _shared(middle: float, size: float, other: float, other_size: float) -> float:
    """Return how far two stretches overlap, pixels; less than 0 where there is a gap between
    them."""
    low = max(middle - size / 2, other - other_size / 2)
    return min(middle + size / 2, other + other_size / 2) - low


def _paired(
    tracks: Sequence[_Track], digits: Sequence[Digit], elapsed: float
) -> list[tuple[_Track, int]]:
    """Pair tracks with the indices of digits."""
    if not digits or not tracks:
        return []
    centers = np.array([(track.x, track.y) for track in tracks])
    sizes = np.array([max(track.width, track.height) for track in tracks])
    values = np.array([_value(track) for track in tracks])
    return [(tracks[i], j) for i, j in pair(centers, sizes, values, digits, elapsed)]


def _value(track: _Track) -> int:
    return track.vote.leader if track.vote.value is None else track.vote.value
