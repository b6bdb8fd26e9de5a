"""Start a file or folder over at its end."""

from collections.abc import Callable

from camd.errors import SourceError
from camd.sources.base import EndOfStreamError, Opened, Source
from camd.values import Image


class Looped:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._given = False
        self.live = source.live
        self.name = source.name

    @property
    def grabbed(self) -> float:
        return self._source.grabbed

    @property
    def colour(self) -> Callable[[], Image] | None:
        return self._source.colour

    def open(self) -> Opened:
        self._given = False
        return self._source.open()

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError; never EndOfStreamError."""
        try:
            image = self._source.read()
        except EndOfStreamError:
            if not self._given:  # else a folder of damaged pictures would spin for ever
                raise SourceError(f"{self.name}: nothing in it can be read", "unreadable") from None
            self._source.close()
            self.open()
            return self.read()
        self._given = True
        return image

    def label(self) -> str:
        return self._source.label()

    def close(self) -> None:
        self._source.close()
