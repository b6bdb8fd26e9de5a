"""PURE. Frame -> Result: segment, classify, look around, track, lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from camd.config.settings import Settings
from camd.hypotheses import mend, split, stack, surroundings
from camd.laps import Lap, Laps, Timer, no_lap, no_timer
from camd.regions.area import Area, together
from camd.values import (
    SIDE,
    Box,
    Classified,
    Digit,
    FloatArray,
    Glyph,
    Image,
    Reason,
    Rejected,
    Result,
)


class Described(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def open_set(self) -> bool:
        """True where it knows what is no digit."""

    @property
    def scores(self) -> Mapping[str, float]: ...


class Near(Described, Protocol):
    def classify(self, crops: NDArray[np.uint8], lap: Lap = no_lap) -> Classified:
        """Classify crops (N, 28, 28) uint8."""


@runtime_checkable
class Distant(Described, Protocol):
    """Lives elsewhere, where it is told as well what lies where."""

    def classify_at(
        self, crops: NDArray[np.uint8], boxes: Sequence[Box], size: tuple[int, int]
    ) -> Classified:
        """Classify crops (N, 28, 28) uint8 that lie in `boxes` of a frame of `size` (width,
        height)."""


Model: TypeAlias = Near | Distant


class Pipeline:
    """One way through for a frame; see `process`. One pipeline follows one camera."""

    def __init__(self, settings: Settings, model: Model, timer: Timer = no_timer) -> None:
        """`timer` gives seconds for `Result.stages`; without one they are 0."""
        self._settings = settings
        self._model = model
        self._timer = timer
        numbers = count(1)
        self._areas = [Area(settings, place, numbers) for place in settings.region or (None,)]

    def retune(self, settings: Settings) -> None:
        """Go on with other `settings`, of the same regions and masks. Call `absent` before where
        those of tracks or lines differ: what was followed is forgotten then."""
        anew = (settings.track, settings.lines) != (self._settings.track, self._settings.lines)
        for area in self._areas:
            area.retune(settings, anew=anew)
        self._settings = settings

    @property
    def model_id(self) -> str:
        return self._model.id

    @property
    def model_scores(self) -> Mapping[str, float]:
        return self._model.scores

    def process(self, image: Image, clock: float) -> Result:
        """Read one frame, BGR or grey uint8, captured at `clock` seconds."""
        laps = Laps(self._timer)
        results = []
        for area in self._areas:
            digits, rejected = self._look(area, image, laps)
            tracked = area.track(digits, clock)
            laps.lap("track")
            results.append(area.follow(tracked, rejected, clock))
            laps.lap("lines")
        return replace(together(results), stages=laps.seconds)

    def absent(self, clock: float) -> Result:
        """Say that there is no picture any more: whatever was stable ends, the reading empties."""
        return together([area.absent(clock) for area in self._areas])

    def still(self, image: Image) -> Result:
        """Read one image on its own: no tracks, nothing stable, an empty reading."""
        laps = Laps(self._timer)
        results = []
        for area in self._areas:
            digits, rejected = self._look(area, image, laps)
            results.append(area.still(digits, rejected))
            laps.lap("lines")
        return replace(together(results), stages=laps.seconds)

    def _look(
        self, area: Area, image: Image, laps: Laps
    ) -> tuple[list[Digit], tuple[Rejected, ...]]:
        found = area.segment(image)
        laps.lap("segment")
        classify = self._classifier(area, image, laps.lap)
        stacked = stack.apart(found.glyphs)
        glyphs, classified = mend.whole(*split.apart(stacked.glyphs, classify), classify)
        laps.lap("split")
        fitting = surroundings.judge(
            glyphs,
            classified.labels,
            classified.margins,
            found.rejected,
            open_set=self._model.open_set,
        )
        digits, doubtful = self._sort(glyphs, classified, fitting)
        laps.lap("context")
        uncut = tuple(Rejected(box, Reason.UNSURE) for box in stacked.whole)
        return digits, found.rejected + doubtful + uncut

    def _classifier(
        self, area: Area, image: Image, lap: Lap
    ) -> Callable[[Sequence[Glyph]], Classified]:
        model = self._model
        size = image.shape[1], image.shape[0]

        def classify(glyphs: Sequence[Glyph]) -> Classified:
            crops = np.array([glyph.crop for glyph in glyphs], np.uint8).reshape(-1, SIDE, SIDE)
            lap("split")
            if not isinstance(model, Distant):
                return model.classify(crops, lap)
            boxes = [area.in_frame(glyph.box) for glyph in glyphs]
            classified = model.classify_at(crops, boxes, size)
            lap("workers")
            return classified

        return classify

    def _sort(
        self, glyphs: tuple[Glyph, ...], classified: Classified, fitting: FloatArray
    ) -> tuple[list[Digit], tuple[Rejected, ...]]:
        """Part the digits from the rest; `fitting` (N,) is the probability that the
        surroundings give each one to be any."""
        digits: list[Digit] = []
        rejected: list[Rejected] = []
        least = self._settings.model.min_confidence
        for glyph, label, margin, alone, confidence in zip(
            glyphs,
            classified.labels.tolist(),
            classified.margins.tolist(),
            classified.confidence.tolist(),
            surroundings.confidence(classified.confidence, fitting).tolist(),
            strict=True,
        ):
            if label < 0:
                rejected.append(Rejected(glyph.box, Reason.NOT_A_DIGIT))
            elif confidence >= least:
                digits.append(Digit(label, confidence, glyph.box, margin))
            elif alone >= least:
                rejected.append(Rejected(glyph.box, Reason.AMONG_LETTERS))
            else:
                rejected.append(Rejected(glyph.box, Reason.UNSURE))
        return digits, tuple(rejected)
