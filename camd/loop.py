"""What runs between startup and shutdown: frame in, result out, to everyone who wants it."""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from camd import __version__, overlay
from camd.capture import Capture
from camd.health import Health
from camd.mqtt import payloads
from camd.mqtt.publisher import Publisher
from camd.overlay import Hud
from camd.pipeline import Pipeline
from camd.settings import Settings
from camd.sources.base import Source
from camd.terminal import Printer, Status
from camd.values import Frame, Image, Reading, Result
from camd.window import Action, Window

WINDOW_POLL_S = 0.02
QUIET_POLL_S = 0.25
STATUS_S = 0.1
MESSAGE_S = 2.5
FIRST_SIZE = (960, 540)


@dataclass(frozen=True)
class Options:
    """What the command line says about one run and no configuration file should."""

    realtime: bool = False
    loop: bool = False
    frames: int | None = None
    json: bool = False
    observe: Callable[[int, Result], None] | None = None
    """Called with each processed frame's number and result: the demo keeps its score."""


class Loop:
    """Owns the main thread; see `run`."""

    def __init__(
        self,
        settings: Settings,
        options: Options,
        source: Source,
        capture: Capture,
        pipeline: Pipeline,
        publisher: Publisher | None,
        window: Window | None,
        printer: Printer,
        boot: str,
    ) -> None:
        self._settings = settings
        self._options = options
        self._source = source
        self._capture = capture
        self._pipeline = pipeline
        self._publisher = publisher
        self._window = window
        self._printer = printer
        self._boot = boot
        self._health = Health(time.monotonic())
        self._in_order = not source.live and not options.realtime
        self._show_rejected = settings.overlay.rejected
        self._paused = False
        self._quit = False
        self._shown: tuple[Frame, Result] | None = None
        self._message, self._message_until = "", 0.0
        self._size: tuple[int, ...] = ()
        self._reading = Reading()
        self._snapshot_due = False
        self._next_snapshot = self._next_status = self._next_health = 0.0

    def run(self, stop: threading.Event) -> None:
        """Return when `stop` is set, the source has ended, or the user has quit.

        Raises SourceError when a file cannot be read on."""
        poll = WINDOW_POLL_S if self._window else QUIET_POLL_S
        while not (stop.is_set() or self._quit or self._capture.ended):
            frame = self._capture.next(poll)
            if frame is not None and not self._paused:
                self._process(frame)
                if self._health.processed == self._options.frames:
                    break
            now = time.monotonic()
            self._clear_if_blind(now)
            self._send_snapshot(now)
            self._send_health(now)
            self._show(now, fresh=frame is not None)
        self._send_health(float("inf"))

    def _process(self, frame: Frame) -> None:
        if self._publisher and self._size != frame.image.shape[1::-1]:
            self._size = frame.image.shape[1::-1]
            self._publisher.info(self._info())
        result = self._pipeline.process(frame.image, self._scene_clock(frame))
        self._shown = (frame, result)
        now = time.monotonic()
        if self._publisher:
            self._publisher.frame(frame, result, now, every_frame=self._in_order)
        self._health.frame(result, now - frame.clock, now)
        if self._options.json:
            self._write_json(frame, result, now)
        self._read(result, frame.at)
        if self._options.observe:
            self._options.observe(frame.number, result)

    def _read(self, result: Result, at: float) -> None:
        if result.changed:
            self._reading = result.reading
            self._snapshot_due = True
            self._printer.reading(result.reading, at)

    def _scene_clock(self, frame: Frame) -> float:
        """A file processed faster or slower than it was filmed keeps its own time."""
        opened = self._capture.stats().opened
        if self._in_order and opened and opened.fps > 0:
            return frame.number / opened.fps
        return float(frame.number) if self._in_order else frame.clock

    def _clear_if_blind(self, now: float) -> None:
        """End a reading that nobody can see any more: a dead camera must not look alive."""
        last = self._shown[0].clock if self._shown else now
        if self._paused or self._in_order or not self._reading.lines:
            return
        if now - last > self._settings.camera.timeout_s:
            result = self._pipeline.absent(now)
            if self._publisher:
                self._publisher.absent(result, time.time())
            self._read(result, time.time())

    def _write_json(self, frame: Frame, result: Result, now: float) -> None:
        payload = payloads.digits(
            camera=self._settings.name,
            boot=self._boot,
            seq=self._health.processed,
            frame=frame,
            result=result,
            model_id=self._pipeline.model_id,
            age_ms=(now - frame.clock) * 1e3,
        )
        sys.stdout.write(json.dumps(payload) + "\n")
        sys.stdout.flush()

    def _send_snapshot(self, now: float) -> None:
        if self._publisher and self._snapshot_due and self._shown and now >= self._next_snapshot:
            self._snapshot_due = False
            self._next_snapshot = now + self._settings.mqtt.snapshot_s
            self._publisher.snapshot(self._picture(now))

    def _picture(self, now: float) -> bytes:
        drawn = self._draw(replace(self._hud(now), message=""))
        return overlay.encode_jpeg(drawn, self._settings.overlay.snapshot_quality)

    def _send_health(self, now: float) -> None:
        if self._publisher and now >= self._next_health:
            moment = time.monotonic()
            self._next_health = moment + self._settings.mqtt.health_s
            camera = asdict(self._capture.stats())
            self._publisher.health(
                self._health.payload(moment, camera, asdict(self._publisher.stats()))
            )

    def _info(self) -> dict[str, Any]:
        return {
            "version": __version__,
            "model": {"id": self._pipeline.model_id, **self._pipeline.model_scores},
            "source": self._source.name,
            "size": list(self._size),
            "options": self._settings.model_dump(mode="json", include={"segment", "track", "lines"})
            | {"min_confidence": self._settings.model.min_confidence},
        }

    def _hud(self, now: float) -> Hud:
        return Hud(
            name=self._settings.name,
            fps=self._health.fps(now),
            latency_ms=self._health.latency_ms()[0] if self._shown else None,
            source=self._source.name,
            camera=self._capture.stats().state,
            broker=self._publisher.stats().state if self._publisher else "",
            paused=self._paused,
            message=self._message if now < self._message_until else "",
        )

    def _show(self, now: float, *, fresh: bool) -> None:
        tick = now >= self._next_status
        hud = self._hud(now) if fresh or tick else None
        if hud and self._window:
            self._window.show(self._draw(hud))
        if hud and tick:
            self._next_status = now + STATUS_S
            self._printer.status(self._status(hud))
        if self._window:
            for action in self._window.poll():
                self._act(action, now)

    def _draw(self, hud: Hud) -> Image:
        if self._shown is None:
            return overlay.waiting(FIRST_SIZE, hud)
        frame, result = self._shown
        return overlay.draw(frame.image, result, hud, show_rejected=self._show_rejected)

    def _status(self, hud: Hud) -> Status:
        return Status(
            camera=hud.camera,
            fps=hud.fps,
            latency_ms=hud.latency_ms,
            digits=len(self._shown[1].digits) if self._shown else 0,
            broker=hud.broker,
            reading="paused" if self._paused else self._reading.text,
        )

    def _act(self, action: Action, now: float) -> None:
        self._next_status = now  # show at once what the key has changed
        if action is Action.QUIT:
            self._quit = True
        elif action is Action.PAUSE:
            self._paused = not self._paused
        elif action is Action.REJECTED:
            self._show_rejected = not self._show_rejected
        elif action is Action.SAVE and self._shown:
            self._say(self._save(self._shown[0]), now)

    def _say(self, message: str, now: float) -> None:
        self._printer.message(message)
        self._message, self._message_until = message, now + MESSAGE_S

    def _save(self, frame: Frame) -> str:
        moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(frame.at))
        name = f"{self._settings.name}-{moment}-{frame.number}.jpg"
        path = self._settings.overlay.snapshot_dir / name
        try:
            path.write_bytes(self._picture(time.monotonic()))
        except OSError as error:
            return f"not saved: {path}: {error.strerror}"
        return f"saved {path}"
