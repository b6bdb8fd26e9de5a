"""What runs between startup and shutdown: frame in, result out, to everyone who wants it."""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from camd.capture.capture import Capture
from camd.capture.motion import Rest
from camd.config.settings import READ, Settings
from camd.corrections import Collector
from camd.daemon.control import Control
from camd.daemon.health import Health, info
from camd.daemon.last_good import LastGood
from camd.daemon.metrics import MetricsFile
from camd.daemon.surroundings import SurroundingsFile
from camd.daemon.watchdog import Pulse
from camd.display.overlay import Hud
from camd.display.screen import Screen, Shown
from camd.errors import PublishError
from camd.history import History
from camd.laps import Laps
from camd.mqtt import payloads
from camd.mqtt.publisher import Publisher
from camd.pipeline import Pipeline
from camd.regions.overdue import Overdue
from camd.sources.base import Source
from camd.stdio import write_json
from camd.terminal import APART, Printer
from camd.values import Frame, Moved, Problem, Reading, RegionEvent, RegionReading, Result
from camd.web.feed import Feed, State

log = logging.getLogger(__name__)

WINDOW_POLL_S = 0.02
QUIET_POLL_S = 0.25
STATE_S = 1.0
"""How often a page is told how camd is doing."""


@dataclass(frozen=True)
class Options:
    """Options of one run, given on the command line only: none belongs into a configuration."""

    realtime: bool = False
    loop: bool = False
    frames: int | None = None
    json: bool = False
    segment_only: bool = False
    """Leave the classification to workers."""
    config: Path | None = None
    """The file that --config names: a page writes regions there."""
    observe: Callable[[int, Result], None] | None = None
    """Called with each processed frame's number and result: the demo keeps its score."""


@dataclass(frozen=True)
class Run:
    """The parts of one run, which lasts from the start to the end, or to the next reload."""

    settings: Settings
    options: Options
    boot: str
    """Four hexadecimal digits that tell this run from others, in every message."""
    source: Source
    capture: Capture
    pipeline: Pipeline
    screen: Screen
    printer: Printer
    pulse: Pulse
    publisher: Publisher | None = None
    """None: nothing is published."""
    control: Control | None = None
    """None: no requests are obeyed."""
    last_good: LastGood | None = None
    """None: nothing of the regions outlasts the run."""
    surroundings: SurroundingsFile | None = None
    """None as well."""
    feed: Feed | None = None
    """None: there is no page."""
    history: History | None = None
    """None: what regions say is not kept."""
    collector: Collector | None = None
    """None: no crops are kept to be labelled."""


class Loop:
    """Owns the main thread; see `run`."""

    def __init__(self, run: Run) -> None:
        self._settings = settings = run.settings
        self._options = options = run.options
        self._source = source = run.source
        self._capture = run.capture
        self._pipeline = run.pipeline
        self._publisher = run.publisher
        self._screen = run.screen
        self._printer = run.printer
        self._boot = run.boot
        self._control = run.control
        self._last_good = run.last_good
        self._surroundings = run.surroundings
        self._scene_at = 0.0
        """Of the last frame, on the clock of the pipeline; seconds."""
        self._feed = run.feed
        self._history = run.history
        self._collector = run.collector
        self._pulse = run.pulse
        self._health = Health(time.monotonic())
        self._in_order = not source.live and not options.realtime
        self._shown: Shown | None = None
        self._holds = Result()
        """What is read now; nothing, once the reading has ended."""
        self._size: tuple[int, ...] = ()
        self._reading = Reading()
        # All frames of a file are read, whether anything moves or not.
        after_s = 0 if self._in_order else settings.rest.after_s
        self._rest = Rest(after_s, settings.rest.look_ms / 1000)
        self._seen = time.monotonic()
        self._blind = False
        self._overdue = {region.name: Overdue(region.problem_after_s) for region in settings.region}
        after_s = settings.camera.problem_after_s
        self._camera_overdue = Overdue(after_s + settings.camera.every_s if after_s else 0)
        self._camera_problem: Problem | None = None
        self._unread = ""
        """Why the last frame could not be read."""
        self._leave: Callable[[], bool] = lambda: False
        self._said: dict[str, RegionReading] = {}
        file = settings.metrics.file
        self._metrics = MetricsFile(file, settings.name) if file else None
        self._snapshot_due = False
        self._snapshot_bytes = 0
        self._snapshot_room = sys.maxsize
        """What there was room for when the last one was made, bytes."""
        self._next_snapshot = self._next_health = self._next_state = 0.0

    def run(self, leave: Callable[[], bool], poll: float) -> None:
        """Run until `leave` returns True, the source has ended, or the user has quit. It may be
        called again after that. `poll`: longest wait for a frame before all else is looked after,
        seconds.

        Raises SourceError when a file cannot be read on."""
        self._leave = leave
        while not (leave() or self._screen.quit or self._capture.ended):
            frame = self._capture.next(poll)
            if frame is not None:
                self._pulse.read()
                if not self._screen.paused and self._rest.update(frame.image, frame.clock):
                    self._process(frame)
                if not self._unread:
                    self._seen, self._blind = frame.clock, False
                if self._health.processed == self._options.frames:
                    break
            if self._control:
                self._control.tick(self)
            if self._feed:
                self._feed.obey(self.set_good)
            now = time.monotonic()
            self._clear_if_blind(now)
            self._look_for_problems(now, seen=frame is not None and not self._unread)
            self._beat(now)
            self._send_snapshot(now)
            self._send_health(now)
            self._show(now, fresh=frame is not None)
            self._feed_page(frame, now)
        self._send_health(float("inf"))
        self._keep()

    @property
    def paused(self) -> bool:
        return self._screen.paused

    @paused.setter
    def paused(self, value: bool) -> None:
        self._screen.paused = value

    def take_snapshot(self) -> bool:
        """Publish a picture with the next one; False where there is none yet."""
        self._snapshot_due, self._next_snapshot = True, 0.0
        return self._shown is not None

    def set_good(self, region: str, value: float | None) -> RegionEvent:
        """Have a region go on from a value that somebody knows to be right; None: from none."""
        at = self._scene_at if self._in_order else time.monotonic()
        self._collect_corrected(region, value)
        event = self._pipeline.memories[region].set(value, at)
        self._keep(urgent=True)
        said = self._said.get(region, RegionReading(region, "unseen"))
        said = replace(said, good=value, good_age=0.0, rate=None, event=event)
        if self._publisher:
            self._publisher.regions([said], time.time())
        self._rest.wake()  # what is seen has another value now
        return event

    def _collect_corrected(self, region: str, value: float | None) -> None:
        """Keep the crops of digits that somebody says are others."""
        if self._collector is None or self._shown is None or value is None or value < 0:
            return
        place = next(one for one in self._settings.region if one.name == region)
        decimals = place.decimals
        if decimals == READ:
            said = self._said.get(region)
            if said is None or said.decimals is None:  # nobody knows which of them are behind it
                return
            decimals = said.decimals
        text = str(round(value * 10**decimals))
        self._collector.changed(*self._shown, region, text.zfill)

    def status(self) -> dict[str, Any]:
        """Return the `health` payload."""
        stats = self._capture.stats()
        error = self._pulse.problem or stats.error or self._unread
        camera = asdict(stats) | {"error": error}
        counts = asdict(self._publisher.stats()) if self._publisher else {}
        problem = payloads.problem(self._camera_problem, time.time())
        return self._health.payload(time.monotonic(), camera, counts, problem)

    def retune(self, settings: Settings) -> None:
        """Go on with other settings. Those marked LIVE may differ."""
        if (settings.track, settings.lines) != (self._settings.track, self._settings.lines):
            self._clear()
        self._settings = settings
        self._pipeline.retune(settings)
        if self._publisher:
            self._publisher.retune(settings)
            if self._size:
                self._publisher.info(self._info())

    def _process(self, frame: Frame) -> None:
        began = time.monotonic()
        if self._publisher and self._size != frame.image.shape[1::-1]:
            self._size = frame.image.shape[1::-1]
            self._publisher.info(self._info())
        self._scene_at = self._scene_clock(frame)
        try:
            result = self._pipeline.process(frame.image, self._scene_at)
        except PublishError as error:  # no worker was there for this frame
            if self._leave():
                return
            if self._in_order:
                raise
            self._unread = str(error)
            return
        self._unread = ""
        result = replace(result, regions=self._judged(result.regions, self._scene_at))
        self._shown = (frame, result)
        self._holds = result
        self._keep()
        if self._history:
            self._history.note(result.regions, frame.at)
        if self._collector:
            self._collector.see(frame, result)
        self._lock(result.regions)
        now = time.monotonic()
        laps = Laps(time.perf_counter)
        if self._publisher:
            self._publisher.frame(frame, result, now, every_frame=self._in_order, lap=laps.lap)
        stages = {"capture": began - frame.clock, **result.stages, **laps.seconds}
        self._health.frame(replace(result, stages=stages), now - frame.clock, now)
        if self._options.json:
            self._write_json(frame, result, now)
        self._read(result, frame.at, frame.name)
        if self._options.observe:
            self._options.observe(frame.number, result)

    def _read(self, result: Result, at: float, picture: str = "") -> None:
        """Print the reading if it is new. A `picture` with a name of its own is always printed: no
        two pictures show the same scene."""
        if result.changed or picture:
            self._snapshot_due = self._snapshot_due or result.changed
            self._reading = result.reading
            if not self._settings.region:
                self._printer.reading(result.reading, at, picture)
        for said in result.regions:
            if said.event:
                log.info("region %s: %s", said.name, _told(said.event))
            last = self._said.get(said.name)
            self._said[said.name] = said
            if said.moved != (last.moved if last else None):
                log.info("region %s: %s", said.name, _went(said.moved))
            if last is None or (last.value, last.status) != (said.value, said.status):
                self._snapshot_due = True
            elif not picture:
                continue
            self._printer.region(said, at, picture)

    def _lock(self, regions: Sequence[RegionReading]) -> None:
        """Hold exposure and focus while regions read well, until nothing at all reads for long."""
        if not self._settings.camera.controls.lock or not regions:
            return
        if any(said.status == "ok" for said in regions):
            self._capture.hold(True)
        elif all(said.problem for said in regions):
            self._capture.hold(False)

    def _keep(self, *, urgent: bool = False) -> None:
        if self._last_good:
            kept = {name: memory.kept for name, memory in self._pipeline.memories.items()}
            self._last_good.note(kept, time.monotonic(), time.time(), urgent=urgent)
        if self._surroundings:
            self._surroundings.note(self._pipeline.surroundings)

    def _says(self) -> str:
        said = [f"{item.name} {item.said}" for item in self._said.values()]
        return APART.join(said or self._reading.lines)

    def _scene_clock(self, frame: Frame) -> float:
        """Return the frame's time for tracking. In a file it is the time of the film, however fast
        the file is read."""
        if not self._in_order:
            return frame.clock
        return float(frame.number) if frame.time is None else frame.time

    def _clear_if_blind(self, now: float) -> None:
        """End the reading when no frame could be read for too long: a camera that is dead, or has
        no workers, must not look alive."""
        if self._screen.paused or self._in_order or self._blind:
            return
        camera = self._settings.camera
        if now - self._seen > camera.timeout_s + camera.every_s:
            self._blind = True
            self._clear()

    def _clear(self) -> None:
        """End the reading and all digits that are followed."""
        self._rest.wake()
        now = time.monotonic()
        result = self._pipeline.absent(now)
        result = self._holds = replace(result, regions=self._judged(result.regions, now))
        if self._publisher:
            self._publisher.absent(result, time.time())
        if self._feed:
            self._feed.end(result, time.time())
        if self._history:
            self._history.note(result.regions, time.time())
        self._read(result, time.time())

    def _judged(self, regions: Sequence[RegionReading], at: float) -> tuple[RegionReading, ...]:
        """Say also which regions have gone without a good value for too long."""
        return tuple(
            replace(said, problem=self._overdue[said.name].see(at, _trouble(said)))
            for said in regions
        )

    def _look_for_problems(self, now: float, *, seen: bool) -> None:
        """Notice what no frame tells: that none comes, or that time passes."""
        if self._in_order:
            return
        if self._screen.paused:
            for overdue in (self._camera_overdue, *self._overdue.values()):
                overdue.excuse(now)
            return
        stats = self._capture.stats()
        why = "" if seen else self._pulse.problem or stats.error or self._unread or stats.state
        problem = self._camera_overdue.see(now, why)
        if (problem is None) != (self._camera_problem is None):
            self._next_health = 0.0  # nobody waits for the next one
        self._camera_problem = problem
        for name, overdue in self._overdue.items():
            said = self._said.get(name)
            if said is None:  # nothing to be told yet: this, too, may last
                said = RegionReading(name, "unseen")
                overdue.see(now, said.status)
            problem = overdue.found(now)
            if problem and not said.problem:
                self._said[name] = said = replace(said, problem=problem)
                if self._publisher:
                    self._publisher.regions([said], time.time())

    def _beat(self, now: float) -> None:
        stats = self._capture.stats()
        status = f"{stats.fps:.0f} fps; camera {stats.state}"
        if self._screen.paused:
            status += ", paused: nothing is read"
        elif self._rest.resting and stats.state == "open":
            status += ", nothing moves"
        if self._unread:
            status += ", no worker answers: nothing is read"
        if self._publisher:
            status += f"; broker {self._publisher.stats().state}"
        self._pulse.beat(now, status)

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
        write_json({"image": frame.name, **payload} if frame.name else payload)

    def _send_snapshot(self, now: float) -> None:
        if not self._publisher or not self._shown or now < self._next_snapshot:
            return
        room = self._publisher.snapshot_room
        if self._snapshot_due or self._too_large(room):
            self._snapshot_due = False
            self._next_snapshot = now + self._settings.mqtt.snapshot_s
            picture = self._screen.picture(self._hud(now), self._shown, room)
            self._snapshot_bytes, self._snapshot_room = len(picture.data), room
            self._publisher.snapshot(picture.data, reduced=picture.reduced)

    def _too_large(self, room: int) -> bool:
        """Whether the last snapshot was made before it was known how little the broker takes."""
        return room < min(self._snapshot_room, self._snapshot_bytes)

    def _send_health(self, now: float) -> None:
        if now < self._next_health:
            return
        self._next_health = time.monotonic() + self._settings.mqtt.health_s
        health = self.status()
        if self._publisher:
            self._publisher.health(health)
        if self._metrics:
            self._metrics.write(health)

    def _info(self) -> dict[str, Any]:
        return info(self._settings, self._pipeline, self._source.name, self._size)

    def _hud(self, now: float) -> Hud:
        return Hud(
            name=self._settings.name,
            fps=self._health.fps(now),
            latency_ms=self._health.latency_ms()[0] if self._shown else None,
            source=self._source.name,
            camera=self._capture.stats().state,
            broker=self._publisher.stats().state if self._publisher else "",
        )

    def _show(self, now: float, *, fresh: bool) -> None:
        def hud() -> Hud:
            return self._hud(now)

        if fresh or self._screen.due(now):
            self._screen.show(now, hud, self._shown, self._says())
        self._screen.act(now, hud, self._shown)

    def _feed_page(self, frame: Frame | None, now: float) -> None:
        if not self._feed:
            return
        if frame is not None:
            # Of a camera at rest each frame is shown, though few are read: they show the same.
            self._feed.show(frame, self._holds)
        if now >= self._next_state:
            self._next_state = now + STATE_S
            hud = replace(self._hud(now), paused=self.paused)
            self._feed.state = State(self.status(), hud, now, resting=self._rest.resting)


def _trouble(said: RegionReading) -> str:
    """Say why there is no value; "" where there is one."""
    return "" if said.status == "ok" else said.status


def _went(moved: Moved | None) -> str:
    """Say for people how a region has moved along."""
    if moved is None:
        return "it is where it was drawn again"
    return (
        f"the picture has moved, and the region with it: {moved.x:+.0f}, {moved.y:+.0f} pixels, "
        f"turned by {moved.turn:+.1f} degrees, {moved.scale:.2f} times as large"
    )


def _told(event: RegionEvent) -> str:
    """Say for people why a value is taken that contradicts the last good one."""
    if event.type == "corrected":
        return f"{event.was:.15g} was misread, by all that was read since; now {event.value:.15g}"
    return f"{event.value:.15g} is taken instead of {event.was:.15g}: it has stood for long enough"
