"""The thread that owns the source: it reads frames, counts them, and opens the source again when
it has failed.

The newest frame of a live source, or of a file played in real time, lies in one slot: a slow reader
sees the present, not a queue of the past. A file is read only as fast as its frames are taken.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from camd.backoff import Backoff
from camd.capture import THREAD
from camd.capture.liveliness import Liveliness
from camd.capture.mailbox import Mailbox
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.base import (
    MOST_PIXELS,
    CorruptFrameError,
    EndOfStreamError,
    Holds,
    Opened,
    Source,
)
from camd.values import Frame, Image


@dataclass(frozen=True, slots=True)
class CaptureStats:
    state: str = "waiting"
    """"waiting" for the first frame, "open", "ended", or the reason of a failure: "missing",
    "busy", "permission", "unreadable", "failed", "frozen", "slow"."""
    error: str = ""
    """What failed, in words; empty in the other states."""
    captured: int = 0
    """Frames that the source gave."""
    dropped: int = 0
    """Those of them that nobody took: a newer one came, or they grew too old."""
    corrupt: int = 0
    """Frames that could not be decoded, or have a size no camera has; not counted in `captured`."""
    reconnects: int = 0
    """How often frames came again after a failure."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """How often `state` changed to each of the failures."""
    fps: float = 0.0
    """Frames a second, measured over the last 60 frames."""
    opened: Opened | None = None
    """What the source said when it was last opened."""
    last_frame: float | None = None
    """When the last frame was grabbed, seconds, monotonic."""
    calling_since: float | None = None
    """When the call to the source began that has not returned yet, seconds, monotonic; None when
    there is none."""


class Ledger:
    """Holds the CaptureStats. The capture thread writes it, and so does the reader when it drops a
    frame."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stats = CaptureStats()
        self._grabbed: deque[float] = deque(maxlen=60)

    def read(self) -> CaptureStats:
        with self._lock:
            return replace(self._stats, fps=self._fps(time.monotonic()))

    def count(self, **steps: int) -> None:
        with self._lock:
            totals = {name: getattr(self._stats, name) + step for name, step in steps.items()}
            self._stats = replace(self._stats, **totals)

    def update(self, **values: object) -> None:
        with self._lock:
            self._stats = replace(self._stats, **values)  # type: ignore[arg-type]

    def frame(self, clock: float) -> None:
        """Count a frame that was grabbed at `clock`."""
        with self._lock:
            self._grabbed.append(clock)
            captured = self._stats.captured + 1
            self._stats = replace(self._stats, captured=captured, last_frame=clock)

    def failed(self, reason: str, error: str) -> None:
        with self._lock:
            self._grabbed.clear()
            failures = dict(self._stats.failures)
            if reason != self._stats.state:
                failures[reason] = failures.get(reason, 0) + 1
            self._stats = replace(self._stats, state=reason, error=error, failures=failures)

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Note since when a call to the source has not returned: with a broken driver it may never
        return."""
        self.update(calling_since=time.monotonic())
        try:
            yield
        finally:
            self.update(calling_since=None)

    def _fps(self, now: float) -> float:
        if len(self._grabbed) < 2:
            return 0.0
        first, last = self._grabbed[0], self._grabbed[-1]
        gaps = len(self._grabbed) - 1
        stalled = self._stats.state == "open" and (now - last) * gaps > 2 * (last - first)
        span = now - first if stalled else last - first
        return gaps / span if span > 0 else 0.0


log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
"""Wait before a failed source is opened again; the next waits are longer, up to camera.retry_s."""
CORRUPT_PAUSE_S = 0.01
"""Pause after a damaged frame: without one, a source that gives only such frames takes a whole
processor core."""
STOPPING_S = 0.1
"""How often one is asked who waits for the thread to end."""
POLL_S = 1.0
"""How often a camera that gives one picture a request is asked, unless camera.every_s says so."""
STEADY_S = 10.0
"""A source that fails sooner than this after its first frame gets no fast retry: it would open and
fail over and over."""
MOST_LATE_S = 1.0
"""A file played in real time that is late by more than this does not try to catch up any more."""
LEAST_SIDE = 16
"""Pixels; no camera's picture is smaller, so a live frame that is counts as damaged."""


class Capture:
    """Runs `source` in a thread of its own, from entering the context to leaving it."""

    def __init__(
        self,
        source: Source,
        settings: CameraSettings,
        *,
        realtime: bool = False,
        backoff: Backoff | None = None,
        steady_s: float = STEADY_S,
        light: Callable[[bool], object] | None = None,
    ) -> None:
        """`realtime`: play a file at its own rate, as if it were a camera. `backoff` says how long
        to wait before a failed source is opened again, and a source is steady after `steady_s`
        seconds. `light` switches a lamp, camera.light_ms before a frame is handed on and after it;
        it is called in the thread."""
        self._source = source
        self._settings = settings
        self._newest_only = source.live or realtime
        self._paced = realtime and not source.live
        self._mailbox = Mailbox()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._ledger = Ledger()
        self._liveliness = Liveliness(settings.frozen_s, settings.timeout_s)
        self._fatal: SourceError | None = None
        self._logged: object = None
        self._shape: tuple[int, ...] | None = None
        self._resized = False
        self._open_since = 0.0
        self._premiere: float | None = None
        """The moment at which the film's time was 0, seconds since the epoch."""
        self._backoff = backoff or Backoff(FIRST_RETRY_S, settings.retry_s)
        self._steady_s = steady_s
        self._light = light
        self._lit = False
        self._hold = self._held = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def next(self, timeout: float) -> Frame | None:
        """Return the next frame; None if none came within `timeout` seconds, or none will come.

        Raises SourceError when a file cannot be read, or not to its end."""
        deadline = time.monotonic() + timeout
        while True:
            frame = self._mailbox.take(max(0.0, deadline - time.monotonic()))
            if frame is None:
                if self._fatal is not None and self._mailbox.drained:
                    raise self._fatal
                return None
            age_ms = 1000 * (time.monotonic() - frame.clock)
            if not self._newest_only or age_ms <= self._settings.max_age_ms:
                return frame
            self._ledger.count(dropped=1)

    @property
    def ended(self) -> bool:
        """True once the source has ended and its last frame was taken."""
        return self._mailbox.drained and self.stats().state == "ended"

    def stats(self) -> CaptureStats:
        return self._ledger.read()

    def hold(self, on: bool) -> None:
        """Have the camera hold exposure and focus as they are, where it can, or choose again."""
        self._hold = on

    def stop(self, timeout: float = 2.0, leave: Callable[[], bool] = lambda: False) -> bool:
        """End the thread; it closes the source. Return False where the driver does not let the
        thread go: it is left behind, for releasing the device under it would crash the process.

        `leave` is asked again and again whether to wait no longer."""
        self._stop.set()
        self._mailbox.close()
        until = time.monotonic() + timeout
        while self._thread.is_alive() and time.monotonic() < until and not leave():
            self._thread.join(min(STOPPING_S, max(0.0, until - time.monotonic())))
        if self._thread.is_alive():
            log.warning("%s does not let go; left to the end of the process", self._source.name)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """False when the thread has ended: it should do so at the end of a file only."""
        return self._thread.is_alive()

    # What follows runs in the thread only.

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self._play()
                except EndOfStreamError:
                    self._ledger.update(state="ended", error="")
                    return
                except Exception as exc:
                    if not self._stop.is_set():
                        self._failed(exc)
                finally:
                    self._close()
                if self._fatal is not None:
                    return
                self._stop.wait(self._backoff.next())
        finally:
            self._mailbox.close()

    def _play(self) -> None:
        """Open the source and read it until it fails, ends, or is stopped."""
        with self._ledger.calling():
            opened = self._source.open()
        self._ledger.update(opened=opened)
        self._liveliness.opened()
        good = time.monotonic()
        pace = Pace(self._period())
        every_s = self._settings.every_s or (POLL_S if opened.polled else 0.0)
        lead_s = self._settings.light_ms / 1000 if self._light else 0.0
        next_look = good + lead_s if self._light else -math.inf
        while not self._stop.is_set():
            if not self._await_look(next_look, lead_s, asks=opened.polled):
                return
            if self._hold != self._held and isinstance(self._source, Holds):
                self._held = self._hold
                self._source.hold(self._hold)
            try:
                with self._ledger.calling():
                    image = self._source.read()
                if self._source.live:
                    _check_size(image)
            except CorruptFrameError as exc:
                self._ledger.count(corrupt=1)
                log.log(logging.DEBUG if self._source.live else logging.WARNING, "%s", exc)
                if self._source.live:
                    if time.monotonic() - good > self._settings.timeout_s:
                        raise SourceError(f"{self._source.name}: only damaged frames") from exc
                    self._stop.wait(CORRUPT_PAUSE_S)
                continue
            good = time.monotonic()
            if self._paced:
                wait = pace.due(self._source.time, good) - good
                self._stop.wait(min(wait, threading.TIMEOUT_MAX))
            fresh = not self._source.live or self._is_fresh(image)
            # Frames that nobody wants are read all the same: the camera's buffers must not fill.
            if fresh and (not self._source.live or good >= next_look):
                next_look = max(next_look + every_s, good)
                self._switch(on=False)
                self._deliver(image)

    def _await_look(self, next_look: float, lead_s: float, *, asks: bool) -> bool:
        """Switch the light on where it is time; before a source that is asked wait for it, and for
        the look, too. False: it is to end."""
        light_at = next_look - lead_s
        if asks and self._stop.wait(max(0.0, light_at - time.monotonic())):
            return False
        if time.monotonic() >= light_at:
            self._switch(on=True)
        return not (asks and self._stop.wait(max(0.0, next_look - time.monotonic())))

    def _is_fresh(self, image: Image) -> bool:
        """Tell whether to hand the picture on: not while it is the one that froze. Raises
        SourceError (frozen, slow) where the camera is to be opened again."""
        name = self._source.name
        match self._liveliness.update(image, self._source.grabbed):
            case "fine":
                return True
            case "withheld":
                return False
            case "frozen":
                raise SourceError(
                    f"{name}: the picture is frozen, the same for {self._settings.frozen_s:g} s "
                    "(if that is right, set camera.frozen_s = 0)",
                    "frozen",
                )
            case "slow":
                raise SourceError(f"{name}: gives hardly any frames", "slow")

    def _deliver(self, image: Image) -> None:
        clock = time.monotonic() if self._paced else self._source.grabbed
        at = time.time() - (time.monotonic() - clock)
        film = self._source.time
        if film is not None and not self._newest_only:
            if self._premiere is None:
                self._premiere = at - film
            at = self._premiere + film
        if self.stats().state != "open":
            self._recovered()
        if self._shape not in (None, image.shape) and not self._resized:
            self._resized = True
            log.warning("%s: frames are now %dx%d", self._source.name, *image.shape[1::-1])
        self._shape = image.shape
        self._ledger.frame(clock)
        name = Path(label).name if (label := self._source.label()) != self._source.name else ""
        frame = Frame(image, self.stats().captured, at, clock, self._source.colour, film, name)
        if not self._newest_only:
            self._mailbox.put_next(frame)
        elif self._mailbox.put_latest(frame):
            self._ledger.count(dropped=1)

    def _recovered(self) -> None:
        again = self._shape is not None
        opened = self.stats().opened
        log.info(
            "%s: %s; %s",
            self._source.name,
            "frames again" if again else "open",
            opened.detail if opened else "",
        )
        self._open_since = time.monotonic()
        self._logged = None
        self._resized = False
        self._ledger.update(state="open", error="")
        self._ledger.count(reconnects=int(again))

    def _failed(self, exc: Exception) -> None:
        name = self._source.name
        expected = isinstance(exc, SourceError)
        error = exc if isinstance(exc, SourceError) else SourceError(f"{name}: {exc!r}")
        if not self._source.live:
            self._fatal = error
        if self.stats().state == "open" and time.monotonic() - self._open_since > self._steady_s:
            self._backoff.reset()
        self._ledger.failed(error.reason, str(error))
        if self._logged == (type(exc), error.reason):
            return
        self._logged = (type(exc), error.reason)
        if not expected:
            log.error("%s: a bug in camd", name, exc_info=exc)
        elif self._source.live:
            log.warning("%s; trying again every %g s or sooner", error, self._settings.retry_s)

    def _switch(self, *, on: bool) -> None:
        if self._light and on != self._lit:
            self._lit = on
            self._light(on)

    def _close(self) -> None:
        self._switch(on=False)
        try:
            with self._ledger.calling():
                self._source.close()
        except Exception:
            log.exception("%s: a bug in camd while closing", self._source.name)

    def _period(self) -> float:
        opened = self.stats().opened
        return 1 / ((opened.fps if opened else 0) or self._settings.fps)


class Pace:
    """Tells when each frame of a file is due, if it is played in real time."""

    def __init__(self, period: float) -> None:
        """`period`: seconds from frame to frame; used where the film has no times of its own."""
        self._period = period
        self._given = 0
        self._zero = -math.inf

    def due(self, film: float | None, now: float) -> float:
        """Return when the next frame is due, on the clock of `now`; it may have passed.

        `film`: the frame's time in the film, seconds; None where the film has no times."""
        if film is None:
            film = self._given * self._period
        self._given += 1
        least = now if self._zero == -math.inf else now - MOST_LATE_S
        self._zero = max(self._zero, least - film)
        return self._zero + film


def _check_size(image: Image) -> None:
    height, width = image.shape[:2]
    if min(height, width) < LEAST_SIDE or height * width > MOST_PIXELS:
        raise CorruptFrameError(f"a frame of {width}x{height} pixels")
