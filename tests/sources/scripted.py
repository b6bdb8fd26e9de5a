"""A camera that does what a script says: it stands in for the faults of real ones."""

import threading
import time
from collections.abc import Sequence

import numpy as np

from camd.errors import SourceError
from camd.sources.base import CorruptFrameError, EndOfStreamError, Opened
from camd.values import Image

Session = Sequence[str] | SourceError


class Scripted:
    """Each `open` starts the next session, the last one again and again; a session that is an
    error is raised by `open`. Steps of a session:

    frame     the next picture: its grey value is its number, 1 for the first
    frozen    the picture before, once more
    resize    the next picture, of another size than those before
    pixel     a picture of one pixel
    8k, 16k   a picture of 7680x4320 or 15360x8640 pixels
    slow      wait a second, then the next picture
    corrupt   CorruptFrameError
    fail      SourceError
    bug       ZeroDivisionError
    block     wait until `unblock` is set
    end       EndOfStreamError, which also follows the last step
    """

    def __init__(
        self,
        *sessions: Session,
        live: bool = True,
        fps: float = 0.0,
        period: float | None = None,
        rate: float = 0.0,
    ) -> None:
        """`fps` is what it claims, and what the times of a file's frames follow; with a `period`
        frames are that many seconds apart on their clock, however fast they are read; with a `rate`
        no more are given in a second."""
        self.live = live
        self.name = "scripted"
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour = None
        self.unblock = threading.Event()
        self.blocking = threading.Event()
        self.opens = 0
        self.is_open = False
        self.threads: set[int] = set()
        self._sessions = sessions
        self._fps = fps
        self._period = period
        self._rate = rate
        self._steps: list[str] = []
        self._size = (48, 64)
        self._number = 0

    def open(self) -> Opened:
        self.threads.add(threading.get_ident())
        session = self._sessions[min(self.opens, len(self._sessions) - 1)]
        self.opens += 1
        if isinstance(session, SourceError):
            raise session
        self._steps = list(session)
        if not self.live:
            self._number = 0
        self.is_open = True
        return Opened(0, 0, self._fps, "scripted")

    def read(self) -> Image:
        self.threads.add(threading.get_ident())
        if not self.is_open:
            raise SourceError("read before it was opened")
        step = self._steps.pop(0) if self._steps else "end"
        while step == "block":
            self.blocking.set()
            self.unblock.wait()
            step = self._steps.pop(0) if self._steps else "end"
        if self._rate:
            time.sleep(1 / self._rate)
        if step == "slow":
            time.sleep(1)
        paced = self._period is not None and self.grabbed
        self.grabbed = self.grabbed + self._period if paced else time.monotonic()
        match step:
            case "end":
                raise EndOfStreamError
            case "corrupt":
                raise CorruptFrameError("scripted")
            case "fail":
                raise SourceError("scripted: pulled out")
            case "bug":
                raise ZeroDivisionError("scripted")
            case "resize":
                self._size = (self._size[0] * 2, self._size[1] * 2)
            case "pixel":
                return np.zeros((1, 1, 3), np.uint8)
            case "8k" | "16k":
                return np.full((4320, 7680, 3) if step == "8k" else (8640, 15360, 3), 9, np.uint8)
        if step != "frozen":
            self._number += 1
        if self._fps and not self.live:
            self.time = self._number / self._fps
        return np.full((*self._size, 3), self._number % 256, np.uint8)

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.is_open = False
