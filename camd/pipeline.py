"""PURE. Frame -> Result: segment, classify, look around, track, lines."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from camd import context
from camd.lines import group
from camd.reading import Reader
from camd.segment import segment
from camd.settings import Settings
from camd.track import Tracked, Tracker
from camd.values import Digit, Glyph, Image, Rejected, Result

NOT_A_DIGIT = "not a digit"
UNSURE = "unsure"


class Classified(Protocol):
    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) 0..9, or -1 for what is no digit."""

    @property
    def margins(self) -> NDArray[np.float32]:
        """(N,) least decision value of the winner's duels."""

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(N,) 0..1, calibrated."""


class Model(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def open_set(self) -> bool:
        """True where it knows what is no digit."""

    @property
    def scores(self) -> Mapping[str, float]: ...

    def classify(self, crops: NDArray[np.uint8]) -> Classified:
        """Classify crops (N, 28, 28) uint8."""


def _no_timer() -> float:
    return 0.0


class Pipeline:
    """One way through for a frame; see `process`. One pipeline follows one camera."""

    def __init__(
        self, settings: Settings, model: Model, timer: Callable[[], float] = _no_timer
    ) -> None:
        """`timer` gives seconds for `Result.stages`; without one they are 0."""
        self._settings = settings
        self._model = model
        self._timer = timer
        self._tracker = Tracker(settings.track)
        self._reader = Reader(settings.lines, settings.track)

    def retune(self, settings: Settings) -> None:
        """Go on with other `settings`. Call `absent` before where those of tracks or lines differ:
        what was followed is forgotten then."""
        if (settings.track, settings.lines) != (self._settings.track, self._settings.lines):
            self._tracker = Tracker(settings.track)
            self._reader = Reader(settings.lines, settings.track)
        self._settings = settings

    @property
    def model_id(self) -> str:
        return self._model.id

    @property
    def model_scores(self) -> Mapping[str, float]:
        return self._model.scores

    def process(self, image: Image, clock: float) -> Result:
        """Read one frame, (H, W, 3) uint8 BGR, captured at `clock` seconds."""
        laps = _Laps(self._timer)
        digits, rejected = self._look(image, laps)
        tracked = self._tracker.update(digits, clock)
        laps.lap("track")
        return self._result(tracked, clock, rejected, laps)

    def absent(self, clock: float) -> Result:
        """Say that there is no picture any more: whatever was stable ends, the reading empties."""
        return self._result(self._tracker.clear(), clock, (), _Laps(self._timer))

    def still(self, image: Image) -> Result:
        """Read one image on its own: no tracks, nothing stable, an empty reading."""
        laps = _Laps(self._timer)
        digits, rejected = self._look(image, laps)
        lines = group(digits, self._settings.lines)
        laps.lap("lines")
        return Result(
            digits=tuple(digit for line in lines for digit in line.digits),
            lines=lines,
            rejected=rejected,
            stages=laps.seconds,
        )

    def _result(
        self, tracked: Tracked, clock: float, rejected: tuple[Rejected, ...], laps: "_Laps"
    ) -> Result:
        lines = group(tracked.digits, self._settings.lines)
        unsettled = not all(digit.stable for digit in tracked.digits)
        reading, changed = self._reader.update(tracked.held, clock, unsettled=unsettled)
        laps.lap("lines")
        return Result(
            digits=tuple(digit for line in lines for digit in line.digits),
            lines=lines,
            rejected=rejected,
            events=tracked.events,
            reading=reading,
            changed=changed,
            stages=laps.seconds,
        )

    def _look(self, image: Image, laps: "_Laps") -> tuple[list[Digit], tuple[Rejected, ...]]:
        found = segment(image, self._settings.segment)
        laps.lap("segment")
        crops = [glyph.crop for glyph in found.glyphs]
        classified = self._model.classify(np.array(crops, np.uint8).reshape(-1, 28, 28))
        laps.lap("classify")
        fitting = context.judge(
            found.glyphs,
            classified.labels,
            classified.margins,
            found.rejected,
            open_set=self._model.open_set,
        )
        digits, doubtful = self._sort(found.glyphs, classified, fitting)
        laps.lap("context")
        return digits, found.rejected + doubtful

    def _sort(
        self, glyphs: tuple[Glyph, ...], classified: Classified, fitting: NDArray[np.float32]
    ) -> tuple[list[Digit], tuple[Rejected, ...]]:
        """Part the digits from the rest; `fitting` (N,) is the probability that the
        surroundings give each one to be any."""
        digits: list[Digit] = []
        rejected: list[Rejected] = []
        least = self._settings.model.min_confidence
        for glyph, label, margin, alone, fits in zip(
            glyphs,
            classified.labels.tolist(),
            classified.margins.tolist(),
            classified.confidence.tolist(),
            fitting.tolist(),
            strict=True,
        ):
            confidence = alone * fits
            if label < 0:
                rejected.append(Rejected(glyph.box, NOT_A_DIGIT))
            elif confidence >= least:
                digits.append(Digit(label, confidence, glyph.box, margin))
            elif alone >= least:
                rejected.append(Rejected(glyph.box, context.AMONG_LETTERS))
            else:
                rejected.append(Rejected(glyph.box, UNSURE))
        return digits, tuple(rejected)


class _Laps:
    def __init__(self, timer: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self._timer = timer
        self._last = timer()

    def lap(self, stage: str) -> None:
        now = self._timer()
        self.seconds[stage] = now - self._last
        self._last = now
