"""The contract every source keeps; tests/sources/test_contract.py holds each one to it.

    source.open()
    while True:
        try: image = source.read()
        except CorruptFrameError: continue       # counted and skipped
        except EndOfStreamError: break           # done, nothing is wrong
        except SourceError: ...                  # failed: close, wait, open again
    source.close()

Only the thread that opened a source may read or close it: OpenCV crashes otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from camd.values import Image

MOST_PIXELS = 40_000_000
"""Pixels of the largest frame taken from a live source; 8K has 33 million. A few bytes from the
network can claim a far larger one, and the decoder would take memory for it."""


class EndOfStreamError(Exception):
    """A file or folder has given all its frames. One that gave none raises SourceError instead."""


class CorruptFrameError(Exception):
    """This one frame could not be decoded; the next may be fine."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a source really gives, which may not be what it was asked for."""

    width: int
    height: int
    """Pixels; 0 where it is not known before the first frame."""
    fps: float
    """Frames a second as the source claims; 0 where it does not say."""
    detail: str = ""
    """For the log, e.g. "MJPG; asked for 1920x1080"."""
    polled: bool = False
    """Whether no frame comes by itself: each `read` asks for one."""


class Source(Protocol):
    live: bool
    """True: frames come at their own time, and those not taken are lost (a camera).
    False: frames wait to be read (files)."""
    name: str
    """For logs and payloads; never holds credentials."""

    @property
    def grabbed(self) -> float:
        """When the frame last read left the device, before it was decoded: seconds, monotonic."""

    @property
    def time(self) -> float | None:
        """Where the frame last read stands in the film, in seconds from its beginning, as the file
        says. It never goes back. None for cameras and for pictures that do not move."""

    @property
    def colour(self) -> Callable[[], Image] | None:
        """Where `read` gave the last frame in grey to save time: a function that returns the same
        frame in colour. Any thread may call it, also after more frames were read. Else None."""

    def open(self) -> Opened:
        """Open, or open again after `close`. Raises SourceError: missing, busy, permission..."""

    def read(self) -> Image:
        """Return the next frame, (H, W, 3) uint8 BGR or (H, W) uint8 grey, owned by the caller.

        Raises EndOfStreamError, CorruptFrameError, SourceError."""

    def label(self) -> str:
        """Name the picture last read, where it has a name of its own (a file of a folder)."""

    def close(self) -> None:
        """Release the device; harmless when closed already."""


@runtime_checkable
class Holds(Protocol):
    """A source whose camera chooses exposure and focus itself, and can be told to leave them."""

    def hold(self, on: bool) -> None:
        """Hold them as they are now, also when the camera was away; or let it choose again. Only
        the thread that opened the source may call it. Raises nothing."""
