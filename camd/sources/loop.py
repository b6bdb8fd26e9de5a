"""Start a file or folder over at its end."""

from camd.sources.base import EndOfStreamError, Opened, Source
from camd.sources.delegate import Delegate
from camd.values import Image


class Looped(Delegate):
    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._began = self._gap = 0.0
        self._time: float | None = None

    @property
    def time(self) -> float | None:
        return self._time

    def open(self) -> Opened:
        """Raises SourceError. `time` goes on from where it stands."""
        self._began = (self._time or 0.0) + self._gap
        return self._source.open()

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError; never the end."""
        try:
            image = self._source.read()
        except EndOfStreamError:
            self._source.close()
            self.open()
            return self.read()
        self._tell(self._source.time)
        return image

    def _tell(self, seconds: float | None) -> None:
        """Update `time`. The step from the last frame to the first is as long as the one before."""
        if seconds is None:
            return
        now = self._began + seconds
        self._gap = now - (self._time or 0.0) or self._gap
        self._time = now
