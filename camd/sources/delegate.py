"""The base of a source that wraps another one and changes a part of what it does."""

from collections.abc import Callable

from camd.sources.base import Holds, Opened, Source
from camd.values import Image


class Delegate:
    """Passes every call on to the wrapped source; a subclass overrides what it changes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.live = source.live
        self.name = source.name

    @property
    def grabbed(self) -> float:
        return self._source.grabbed

    @property
    def time(self) -> float | None:
        return self._source.time

    @property
    def colour(self) -> Callable[[], Image] | None:
        return self._source.colour

    def open(self) -> Opened:
        return self._source.open()

    def read(self) -> Image:
        return self._source.read()

    def label(self) -> str:
        return self._source.label()

    def close(self) -> None:
        self._source.close()

    def hold(self, on: bool) -> None:
        if isinstance(self._source, Holds):
            self._source.hold(on)
