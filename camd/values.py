"""The types that travel between the packages: frozen, with the unit under each field."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from camd.geometry import Corners

Image: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) uint8, BGR; or (height, width), grey."""

SIDE = 28
"""Pixels of a crop, a side, as MNIST's."""

FloatArray: TypeAlias = NDArray[np.float32]

DoubleArray: TypeAlias = NDArray[np.float64]

IntArray: TypeAlias = NDArray[np.intp]

Plane: TypeAlias = NDArray[np.uint8]
"""(height, width) uint8: a mask, or how much ink there is."""

Box: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height in pixels of the source frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    image: Image
    """What is read."""
    number: int
    """1 for the first frame the source gave; dropped frames count too."""
    at: float
    """Moment of capture, seconds since the epoch (UTC). For payloads only: clocks jump. The frames
    of a film read one by one are as far apart as in the film, however fast they are read."""
    clock: float
    """Moment of capture, seconds, monotonic. Every duration is taken from this one."""
    colour: Callable[[], Image] | None = None
    """Gives what is shown, BGR, where `image` is grey though the camera's picture is not."""
    time: float | None = None
    """Of a film: seconds from its beginning, as the file says; None where nothing says so."""
    name: str = ""
    """Of a picture that has one of its own, in a folder."""

    def shown(self) -> Image:
        return self.colour() if self.colour else self.image


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """One connected piece of ink that may be a digit."""

    box: Box
    crop: NDArray[np.uint8]
    """(28, 28) uint8, ink bright on 0, normalised as MNIST was: the longer side of the ink
    scaled to 20 pixels, the centre of mass in the middle."""
    stroke: float = 0.0
    """Mean stroke width, pixels of the source frame; 0 when not measured."""
    ink: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    """(h, w) uint8, what `crop` was made of, at any resolution; empty where it is not kept."""
    turn: float = 0.0
    """Degrees by which the ink was turned back for the crop; positive where rows fall to the
    right."""
    cut: bool = False
    """Whether its ink hung together with more, and was cut off it."""
    goes_on: float = 0.0
    """How far, and how strongly, it goes on in a straight line beyond one of its ends, 0..1: a 1
    ends, a piece of a rule does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """What a model says of crops (N, 28, 28), one entry each."""

    labels: NDArray[np.int64]
    """(N,) 0..9, or -1 for what is no digit."""
    margins: FloatArray
    """(N,) least decision value of the winner's duels, the gate's counted among them; the gate's
    alone where the label is -1."""
    confidence: FloatArray
    """(N,) 0..1, calibrated probability that the label is right."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sure(self) -> FloatArray:
        """(N,) 0..1, how sure each is to be a digit: 0 for what is none."""
        return np.where(self.labels >= 0, self.confidence, 0).astype(np.float32)

    def __getitem__(self, some: slice | IntArray) -> "Classified":
        return Classified(self.labels[some], self.margins[some], self.confidence[some])

    def replaced(self, where: IntArray, others: "Classified") -> "Classified":
        """Return these with `others` in place of those at `where`."""
        labels, margins, confidence = (
            self.labels.copy(),
            self.margins.copy(),
            self.confidence.copy(),
        )
        labels[where] = others.labels
        margins[where] = others.margins
        confidence[where] = others.confidence
        return Classified(labels, margins, confidence)

    @classmethod
    def joined(cls, parts: Iterable["Classified"]) -> "Classified":
        """Join several, which may be none."""
        nothing = cls(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
        found = [nothing, *parts]
        return cls(
            np.concatenate([part.labels for part in found]),
            np.concatenate([part.margins for part in found]),
            np.concatenate([part.confidence for part in found]),
        )


class Reason(StrEnum):
    """Why a mark is not published as a digit; counted in `health`, shown with key d."""

    TOO_SMALL = "too small"
    TOO_LARGE = "too large"
    AT_BORDER = "touches the border"
    """Part of it lies outside of the frame."""
    AT_EDGE = "touches the region's edge"
    """Its middle lies outside of the region."""
    WRONG_SHAPE = "wrong shape"
    """Too wide or too narrow for a digit."""
    TOO_FAINT = "too faint"
    NOT_A_STROKE = "not a stroke"
    """A blot: too thick for its height."""
    NO_EDGE = "no clear edge"
    """It fades out, as shadows and smudges do."""
    ONE_SIDED = "edge of something"
    TOO_MANY = "too many"
    """Beyond `segment.max_glyphs`."""
    RULED = "ruled line"
    MASKED = "masked"
    NOT_A_DIGIT = "not a digit"
    """The gate says so."""
    AMONG_LETTERS = "letter-like neighbourhood"
    UNSURE = "unsure"
    """Less than `model.min_confidence`."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A contour or glyph that is not published, and why."""

    box: Box
    reason: Reason
    crop: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    """(28, 28) uint8, as of a glyph; None where it was not classified."""


@dataclass(frozen=True, slots=True)
class Digit:
    digit: int
    """0..9."""
    confidence: float
    """0..1, the calibrated probability that `digit` is right."""
    box: Box
    margin: float = 0.0
    """Least pairwise decision value of the winning class: > 0 where all its duels are won."""
    track: int | None = None
    """Identity over frames, or None before tracking."""
    stable: bool = False
    """True when the votes over frames have settled on `digit`."""
    crop: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)
    """(28, 28) uint8, what was classified in this frame; None for a digit of a display."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of digits, left to right."""

    text: str
    """The digits; a space where a wide gap separates two numbers of one row."""
    digits: tuple[Digit, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class Reading:
    """What the scene says: stable digits in reading order. Changes only when the scene does."""

    lines: tuple[str, ...] = ()
    digits: tuple[Digit, ...] = ()
    complete: bool = True
    """False while something beside these digits may be one more, of which nobody is sure."""
    turn: int = 0
    """Degrees clockwise, 0 to 359, by which the writing was turned to be read."""

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass(frozen=True, slots=True)
class Event:
    type: str
    """"new", "change" or "end" of a stable digit."""
    digit: Digit
    was: int | None = None
    """The digit published before, for "change"."""


RegionStatus: TypeAlias = Literal[
    "ok",
    "empty",
    "unsure",
    "rows",
    "count",
    "pattern",
    "range",
    "decreased",
    "step",
    "lost",
    "unseen",
]


@dataclass(frozen=True, slots=True)
class RegionEvent:
    """A change of the last good value that no reading alone explains."""

    type: Literal["set", "forget", "accepted", "corrected"]
    """Somebody has set it, or had it forgotten; a value that broke a limit has stood for so long
    that it is taken; readings that fit each other have shown it to be wrong."""
    region: str
    value: float | None
    """None where it is forgotten."""
    was: float | None
    """None where there was none."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something has not been read for too long."""

    age: float
    """Seconds since it was read last, or since somebody began to look."""
    why: str
    """The status of the region, or what is wrong with the camera."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How a region has moved along with what is around it, since it was drawn."""

    x: float
    y: float
    """Of its middle, pixels of the frame, to the right and down."""
    turn: float
    """Degrees, clockwise."""
    scale: float
    """Greater than 1 where the camera has come nearer."""


@dataclass(frozen=True, slots=True)
class RegionReading:
    """What one region says."""

    name: str
    status: RegionStatus
    """"ok", or why there is no value."""
    value: float | None = None
    """An int where the number has no decimals; None unless the status is "ok"."""
    text: str = ""
    """The digits that were read, a space between two rows."""
    confidence: float | None = None
    """0..1, the probability that all of `text` is right; None where there is none."""
    outline: Corners = ()
    """Pixels of the frame."""
    good: float | None = None
    """The last good value; None where none is known."""
    good_age: float = 0.0
    """How many seconds ago a frame said so last."""
    rate: float | None = None
    """Change of the value an hour; None while that cannot be told."""
    problem: Problem | None = None
    """None while there is a good value often enough."""
    moved: Moved | None = None
    """None while it is where it was drawn."""
    decimals: int | None = None
    """How many digits of `text` are behind the decimal point; None while that is not known."""
    event: RegionEvent | None = None
    """What this frame changed otherwise than by a reading that follows from the one before."""

    @property
    def said(self) -> str:
        """The value for people, or why there is none."""
        return self.status if self.value is None else f"{self.value:.15g}"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """All that one frame gave."""

    digits: tuple[Digit, ...] = ()
    """Every accepted digit of this frame, tracked, in reading order."""
    lines: tuple[Line, ...] = ()
    """Of `digits`."""
    rejected: tuple[Rejected, ...] = ()
    events: tuple[Event, ...] = ()
    reading: Reading = field(default_factory=Reading)
    changed: bool = False
    """True when `reading` differs from the frame before."""
    regions: tuple[RegionReading, ...] = ()
    """What each region says, those left out of which it is too early to tell."""
    turn: int = 0
    """Degrees clockwise, 0 to 359, by which the writing was turned to be read; that of the first
    area where several were read."""
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds spent a stage."""
