"""PURE. The figures of how a clip was read over time."""

import math
from dataclasses import dataclass
from typing import Literal

from camd.track.vote import SLACK
from camd.values import Digit

PROMPT = 0.3
"""Seconds; a digit that lies still is to be in the reading by then."""
CLEARED = 0.5
"""Seconds; by then the reading of a sheet that is gone is to be gone too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was said to one frame."""

    stable: tuple[Digit, ...]
    """Its settled digits."""
    lines: tuple[str, ...]
    """The reading that stood."""
    complete: bool = True
    """What it said of itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Literal["wrong digit", "late", "unread", "false change", "left standing"]
    first: int
    last: int
    """Numbers of frames; the clip starts with 1."""
    read: str
    true: str
    seconds: float
    """How long it lasted; what says how bad it is."""


@dataclass(frozen=True, slots=True)
class ClipScore:
    right: int = 0
    wrong: int = 0
    """Stable digits, counted in every frame; wrong are those on no digit too."""
    delays: tuple[float, ...] = ()
    """Seconds from when a sheet lies still until the reading holds a digit of it, each digit each
    time it comes to rest; infinite where it never did."""
    still_s: float = 0.0
    """Seconds in which the scene was still, or empty; the times to react are left out."""
    changes: int = 0
    """How often the reading changed then, and not towards what is written."""
    left: tuple[float, ...] = ()
    """Seconds that a reading stood after its sheet was gone, each time one went."""
    steady_s: float = 0.0
    """Seconds that a sheet lay still, the time to react left out."""
    exact_s: float = 0.0
    """Of these, when the reading was what is written."""
    doubted_s: tuple[float, float] = (0.0, 0.0)
    """And when the reading said that it may be incomplete: while it was not what is written, and
    while it was."""
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
        """Share of the stable digits that are right; 1 where there was none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def unread(self) -> float:
        """Share of the digits that never were in the reading."""
        return self.delays.count(math.inf) / len(self.delays) if self.delays else 0.0

    @property
    def prompt(self) -> float:
        """Share of those that were which were so within 300 ms; 1 where there was none."""
        read = [delay for delay in self.delays if delay < math.inf]
        within = sum(delay <= PROMPT + SLACK for delay in read)
        return within / len(read) if read else 1.0

    @property
    def changes_a_minute(self) -> float:
        return 60 * self.changes / self.still_s if self.still_s else 0.0

    @property
    def exact(self) -> float:
        """Share of the still time in which the reading was what is written."""
        return self.exact_s / self.steady_s if self.steady_s else 1.0

    @property
    def doubted(self) -> tuple[float, float]:
        """Share of the time that the reading was not what is written in which it said so, and of
        the time that it was in which it said so all the same; 1 and 0 where there was none."""
        astray = self.steady_s - self.exact_s
        return (
            self.doubted_s[0] / astray if astray > SLACK else 1.0,
            self.doubted_s[1] / self.exact_s if self.exact_s else 0.0,
        )
