"""PURE. Which digit of this frame is which of the frame before, and what each one says."""

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
"""Share of a newly measured velocity that is believed at once."""


@dataclass(frozen=True, slots=True)
class Tracked:
    digits: tuple[Digit, ...] = ()
    """This frame's digits in the order they came, each with its track; `stable` where the votes
    have settled on the very digit that this frame shows."""
    held: tuple[Digit, ...] = ()
    """Every settled digit of the scene with its settled value, those that this frame missed
    included, where they should be by now."""
    events: tuple[Event, ...] = ()
    pending: bool = False
    """True while this frame shows a digit that is about to settle."""


class Tracker:
    """Follows digits from frame to frame. It asks no clock: each update brings its time.

    Tracks and digits are paired by an optimal assignment on predicted place, size and value.
    Where that leaves many apart, one shift common to the whole sheet is tried.
    """

    def __init__(self, settings: TrackSettings, numbers: Iterator[int] | None = None) -> None:
        """`numbers` gives each new track its own; trackers of one frame share them."""
        self._settings = settings
        self._tracks: list[_Track] = []
        self._last: float | None = None
        self._numbers = numbers or count(1)

    def update(self, digits: Sequence[Digit], at: float) -> Tracked:
        """Take one frame's digits at `at` seconds; an empty frame is an empty sequence.

        A time before the last one, or one more than `memory_ms` after it, starts over: all
        settled digits end and no old track is continued.
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
        )

    def clear(self) -> Tracked:
        """Forget all tracks; the settled ones end."""
        ended = tuple(Event("end", track.digit()) for track in self._tracks if track.settled)
        self._tracks = []
        return Tracked(events=ended)

    def _match(self, digits: Sequence[Digit], elapsed: float) -> list["_Track"]:
        """Return the track of each digit, new ones made for those that continue none."""
        owners: list[_Track | None] = [None] * len(digits)
        if digits and self._tracks:
            centers = np.array([(track.x, track.y) for track in self._tracks])
            sizes = np.array([max(track.width, track.height) for track in self._tracks])
            values = np.array([_value(track) for track in self._tracks])
            for i, j in pair(centers, sizes, values, digits, elapsed):
                owners[j] = self._tracks[i]
        found = []
        for digit, owner in zip(digits, owners, strict=True):
            if owner is None:
                owner = _Track(next(self._numbers), digit, Vote(self._settings))  # noqa: PLW2901
                self._tracks.append(owner)
            found.append(owner)
        return found

    def _carry(self, digits: Sequence[Digit], owners: list["_Track"]) -> None:
        """Move what this frame does not show, and start what it shows first, as the sheet moves."""
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
    """Numbers of Python's own: NumPy takes ten times as long for one or two."""

    def __init__(self, number: int, digit: Digit, vote: Vote) -> None:
        self.id = number
        self.vote = vote
        self.seen = self.born = -math.inf
        """Seconds, when a digit was last matched to it, and when first."""
        self.x, self.y = center_of(digit.box)
        """Pixels: where it was last, or should be by now."""
        self.width, self.height = float(max(digit.box[2], 1)), float(max(digit.box[3], 1))
        """Pixels, smoothed."""
        self.across = self.down = 0.0
        """Pixels a second."""
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
            # The place is the prediction: what it missed by is the error of the velocity.
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
        """Return `value`, the settled one if none is given, at its place; only for a track that is
        or was settled."""
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
        """Whether most of what is read now came after this was last seen: another sheet."""
        return 2 * sum(other.born > self.seen for other in settled) > len(settled)

    def covers(self, other: "_Track") -> bool:
        """Whether both claim one place; one place of the paper holds one digit."""
        across = _shared(self.x, self.width, other.x, other.width)
        down = _shared(self.y, self.height, other.y, other.height)
        least = min(self.width * self.height, other.width * other.height)
        return across > 0 and down > 0 and across * down > 0.5 * least


def _shared(middle: float, size: float, other: float, other_size: float) -> float:
    """Return how much of two stretches is the same; less than 0 where they lie apart."""
    low = max(middle - size / 2, other - other_size / 2)
    return min(middle + size / 2, other + other_size / 2) - low


def _value(track: _Track) -> int:
    return track.vote.leader if track.vote.value is None else track.vote.value
