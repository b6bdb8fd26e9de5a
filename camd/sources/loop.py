"""Start a file or folder over at its end."""

from collections.abc import Callable

from camd.sources.base import EndOfStreamError, Opened, Source
from camd.values import Image


class Looped:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._began = self._gap = 0.0
        self.time: float | None = None
        self.live = source.live
        self.name = source.name

    @property
    def grabbed(self) -> float:
        return self._source.grabbed

    @property
    def colour(self) -> Callable[[], Image] | None:
        return self._source.colour

    def open(self) -> Opened:
        """Raises SourceError. The time goes on from where it stands."""
        self._began = (self.time or 0.0) + self._gap
        return self._source.open()

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError; never EndOfStreamError."""
        try:
            image = self._source.read()
        except EndOfStreamError:
            self._source.close()
            self.open()
            return self.read()
        self._tell(self._source.time)
        return image

    def _tell(self, seconds: float | None) -> None:
        """Bring the time up to date. From the last frame to the first it takes as long as from the
        one before it to the last."""
        if seconds is None:
            return
        now = self._began + seconds
        self._gap = now - (self.time or 0.0) or self._gap
        self.time = now

    def label(self) -> str:
        return self._source.label()

    def close(self) -> None:
        self._source.close()
