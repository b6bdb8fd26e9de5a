"""PURE. Compares what was read in a clip over time with what the clip shows, and gives figures."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from camd.evaluate.clip_truth import Place, Span
from camd.evaluate.demo import matching_digits
from camd.track.vote import SLACK
from camd.values import Box, Digit

PROMPT = 0.3
"""Within so many seconds of lying still, a digit should be in the reading."""
CLEARED = 0.5
"""Within so many seconds of a sheet being gone, its reading should be gone, too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What camd said at one frame."""

    stable: tuple[Digit, ...]
    """The settled digits of the frame."""
    lines: tuple[str, ...]
    """The reading at that time."""
    complete: bool = True
    """Whether the reading said of itself that it is complete."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Literal["wrong digit", "late", "unread", "false change", "left standing"]
    first: int
    last: int
    """First and last frame of the fault; the clip starts with frame 1."""
    read: str
    true: str
    seconds: float
    """How long it lasted, which tells how bad it is."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    right: int = 0
    wrong: int = 0
    """`right` and `wrong` count stable digits, in every frame anew. A digit read where there is
    none is wrong, too."""
    delays: tuple[float, ...] = ()
    """Seconds from when a sheet lies still until the reading holds a digit of it: one figure for
    each digit each time the sheet comes to rest; infinite where the digit was never read."""
    still_s: float = 0.0
    """Seconds in which the scene was still or empty. The time that camd is given to react (PROMPT,
    CLEARED) is left out."""
    changes: int = 0
    """How often the reading changed in these seconds without coming closer to what is written."""
    left: tuple[float, ...] = ()
    """For each sheet that was taken away: how many seconds its reading stayed."""
    steady_s: float = 0.0
    """Seconds in which a sheet lay still. The time to react is left out."""
    exact_s: float = 0.0
    """Those of the seconds of `steady_s` in which the reading was exactly what is written."""
    doubted_s: tuple[float, float] = (0.0, 0.0)
    """Those of the seconds of `steady_s` in which the reading said that it may be incomplete: first
    those in which it was not what is written, then those in which it was."""
    faults: tuple[Fault, ...] = ()

    def __add__(self, other: "ClipScore") -> "ClipScore":
        return ClipScore(
            self.right + other.right,
            self.wrong + other.wrong,
            self.delays + other.delays,
            self.still_s + other.still_s,
            self.changes + other.changes,
            self.left + other.left,
            self.steady_s + other.steady_s,
            self.exact_s + other.exact_s,
            (self.doubted_s[0] + other.doubted_s[0], self.doubted_s[1] + other.doubted_s[1]),
            self.faults + other.faults,
        )

    @property
    def accuracy(self) -> float:
        """Share of the stable digits that are right; 1 where there were none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def unread(self) -> float:
        """Share of the digits that never came into the reading."""
        return self.delays.count(math.inf) / len(self.delays) if self.delays else 0.0

    @property
    def prompt(self) -> float:
        """Share of the digits that came into the reading within 300 ms, among those that came into
        it at all; 1 where there were none."""
        read = [delay for delay in self.delays if delay < math.inf]
        within = sum(delay <= PROMPT + SLACK for delay in read)
        return within / len(read) if read else 1.0

    @property
    def changes_a_minute(self) -> float:
        return 60 * self.changes / self.still_s if self.still_s else 0.0

    @property
    def exact(self) -> float:
        """Share of the time with a still sheet in which the reading was exactly what is written."""
        return self.exact_s / self.steady_s if self.steady_s else 1.0

    @property
    def doubted(self) -> tuple[float, float]:
        """How well the reading knew that it may be incomplete. First: of the time in which it was
        not what is written, the share in which it said so; 1 where there was no such time. Second:
        of the time in which it was what is written, the share in which it doubted that; 0 where
        there was no such time."""
        astray = self.steady_s - self.exact_s
        return (
            self.doubted_s[0] / astray if astray > SLACK else 1.0,
            self.doubted_s[1] / self.exact_s if self.exact_s else 0.0,
        )


def score_clip(spans: Sequence[Span], seen: Sequence[Seen], fps: float) -> ClipScore:
    """Compare what was said at each frame with what the frame shows; frames in no span do not
    count."""
    shown: list[Span | None] = [None] * len(seen)
    for span in spans:
        for index in range(span.first - 1, min(span.last, len(seen))):
            shown[index] = span
    return _digits(shown, seen, fps) + _rests(shown, seen, fps) + _departures(shown, seen, fps)


def _digits(shown: Sequence[Span | None], seen: Sequence[Seen], fps: float) -> ClipScore:
    right = wrong = 0
    lasting: dict[tuple[str, str], tuple[int, int]] = {}
    faults: list[Fault] = []
    for index, (span, said) in enumerate(zip(shown, seen, strict=True)):
        mistaken = _mistaken(said.stable, span) if span else []
        right += len(said.stable) - len(mistaken) if span else 0
        wrong += len(mistaken)
        for read_true in mistaken:
            first, last = lasting.get(read_true, (index, index))
            if index > last + 1:
                faults.append(_wrong(read_true, first, last, fps))
                first = index
            lasting[read_true] = first, index
    faults += [_wrong(pair, *frames, fps) for pair, frames in lasting.items()]
    return ClipScore(right, wrong, faults=tuple(faults))


def _wrong(read_true: tuple[str, str], first: int, last: int, fps: float) -> Fault:
    return Fault("wrong digit", first + 1, last + 1, *read_true, (last - first + 1) / fps)


def _mistaken(stable: Sequence[Digit], span: Span) -> list[tuple[str, str]]:
    """For each stable digit that is wrong, return what was read and what is true."""
    if span.places is None:
        read = Counter(str(digit.digit) for digit in stable)
        written = Counter(c for line in span.lines for c in line if c != " ")
        return [(digit, " / ".join(span.lines)) for digit in (read - written).elements()]
    mistaken = []
    for digit in stable:
        under = max(span.places, key=lambda place: _shared(place.box, digit.box), default=None)
        true = _true(under, digit.box)
        if true != str(digit.digit):
            mistaken.append((str(digit.digit), true))
    return mistaken


def _true(place: Place | None, box: Box) -> str:
    if place is None or _shared(place.box, box) < 0.3:
        return "no digit"
    return str(place.digit)


def _shared(one: Box, other: Box) -> float:
    """Return the area that two boxes have in common, as a share of the smaller one."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    smaller = max(1, min(one[2] * one[3], other[2] * other[3]))
    return max(0, width) * max(0, height) / smaller


def _rests(shown: Sequence[Span | None], seen: Sequence[Seen], fps: float) -> ClipScore:
    score = ClipScore()
    for first, last in _still(shown):
        span = shown[first]
        assert span is not None
        if span.lines:
            score += _delays(span.lines, first, last, seen, fps)
        react = first + math.ceil((PROMPT if span.lines else CLEARED) * fps) + 1
        frames = range(react, last + 1)
        changed = [
            index
            for index in frames
            if _astray(span.lines, seen[index - 1].lines, seen[index].lines)
        ]
        exact = [index for index in frames if seen[index].lines == span.lines]
        doubted = [index for index in frames if not seen[index].complete]
        falsely = len(set(doubted) & set(exact))
        score += ClipScore(
            still_s=len(frames) / fps,
            changes=len(changed),
            steady_s=len(frames) / fps if span.lines else 0.0,
            exact_s=len(exact) / fps if span.lines else 0.0,
            doubted_s=((len(doubted) - falsely) / fps, falsely / fps) if span.lines else (0.0, 0.0),
            faults=tuple(
                Fault("false change", i + 1, i + 1, _say(seen[i].lines), _say(span.lines), 1.0)
                for i in changed
            ),
        )
    return score


def _astray(true: tuple[str, ...], before: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Whether a reading changed without coming closer to what is written."""
    return now not in (before, true) and _errors(true, now) >= _errors(true, before)


def _errors(true: Sequence[str], read: Sequence[str]) -> int:
    """Return how many digits were missed, plus how many were read that are not written."""
    return _count(true) + _count(read) - 2 * matching_digits(true, read)


def _count(lines: Sequence[str]) -> int:
    return sum(len(line.replace(" ", "")) for line in lines)


def _still(shown: Sequence[Span | None]) -> Iterator[tuple[int, int]]:
    """Yield the first and last index of each stretch of frames in which a sheet lies still, or
    there is none."""
    first = 0
    for index in range(1, len(shown) + 1):
        if index == len(shown) or _resting(shown[index]) != _resting(shown[first]):
            if _resting(shown[first]) is not None:
                yield first, index - 1
            first = index


def _resting(span: Span | None) -> tuple[str, ...] | None:
    return None if span is None or (span.lines and span.state != "steady") else span.lines


def _delays(
    lines: tuple[str, ...], first: int, last: int, seen: Sequence[Seen], fps: float
) -> ClipScore:
    delays: list[float] = []
    for index in range(first, last + 1):
        if index == first or seen[index].lines != seen[index - 1].lines:
            more = matching_digits(lines, seen[index].lines) - len(delays)
            delays += [(index - first) / fps] * more
    stood = (last - first) / fps
    if stood > PROMPT:  # Otherwise there was no time to read it.
        delays += [math.inf] * (_count(lines) - len(delays))
    if not delays or max(delays) <= PROMPT + SLACK:
        return ClipScore(delays=tuple(delays))
    unread = max(delays) == math.inf
    until = min(max(delays), stood)
    by = last if unread else min(first + round(PROMPT * fps), last)
    read, true = _say(seen[by].lines), _say(lines)
    kind: Literal["unread", "late"] = "unread" if unread else "late"
    fault = Fault(kind, first + 1, first + 1 + round(until * fps), read, true, until)
    return ClipScore(delays=tuple(delays), faults=(fault,))


def _departures(shown: Sequence[Span | None], seen: Sequence[Seen], fps: float) -> ClipScore:
    left: list[float] = []
    faults: list[Fault] = []
    for index in range(1, len(seen)):
        before, now = shown[index - 1], shown[index]
        if before is None or now is None or not before.lines or now.lines == before.lines:
            continue
        stale = seen[index - 1].lines
        if not stale:
            continue
        end = index
        while end < len(seen) and _stands(stale, seen[end].lines, shown[end]):
            end += 1
        seconds = (end - index) / fps
        if end < len(seen) or seconds > CLEARED:
            left.append(seconds)
        if seconds > CLEARED + SLACK:
            faults.append(
                Fault("left standing", index + 1, end, _say(stale), _say(now.lines), seconds)
            )
    return ClipScore(left=tuple(left), faults=tuple(faults))


def _stands(stale: tuple[str, ...], lines: tuple[str, ...], span: Span | None) -> bool:
    """Whether the reading of the old sheet is still there. Without a new sheet, any reading is
    taken for a piece of the old one."""
    another = span is None or bool(span.lines)
    return bool(lines) and (lines == stale or not another)


def _say(lines: tuple[str, ...]) -> str:
    return " / ".join(lines) or "-"
