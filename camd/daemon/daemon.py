"""Startup, reload, shutdown: the only file that knows every room. loop.py is what runs between."""

import logging
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from camd import learnt, paths, sources, stdio
from camd.capture.capture import Capture
from camd.classify import svm
from camd.config.live import LiveOptions
from camd.config.settings import Settings, TrackSettings
from camd.corrections import Collector, Store
from camd.daemon import watchdog
from camd.daemon.control import Control
from camd.daemon.last_good import LastGood
from camd.daemon.loop import QUIET_POLL_S, WINDOW_POLL_S, Loop, Options, Run
from camd.daemon.surroundings import SurroundingsFile
from camd.daemon.watchdog import Pulse
from camd.display.screen import Screen, window_title
from camd.display.window import Window
from camd.errors import CamdError, ConfigError, MissingExtraError, SourceError
from camd.history import History
from camd.mqtt.endpoint import Endpoint
from camd.mqtt.publisher import Publisher
from camd.pipeline import Model, Pipeline, check
from camd.regions.follow import Surroundings
from camd.regions.memory import Kept
from camd.runtime import bounded, keep_freed, share
from camd.service.notify import Service
from camd.sources.base import Source
from camd.terminal import Printer
from camd.web.feed import Feed
from camd.workers.remote import Answers, RemoteModel

if TYPE_CHECKING:
    from camd.mqtt.embedded import EmbeddedBroker
    from camd.web.server import Page

log = logging.getLogger(__name__)

CONNECT_WAIT_S = 5.0
"""Longest wait for the broker before a file is read: without it its first frames would be lost."""
GOODBYE_S = 3.0
"""Longest wait at the end, for messages still to be sent."""

STILLS = TrackSettings(settle_ms=0, settle_frames=1, settle_confidence=0, forget_ms=0, memory_ms=1)
"""For pictures that have nothing to do with each other: each reading counts at once, and is
forgotten at the next picture."""


@dataclass(frozen=True)
class Plan:
    """What a run needs, checked before anything is opened or connected."""

    settings: Settings
    model: svm.Model | None
    """None: workers classify."""
    source: Source
    boot: str
    live: LiveOptions | None
    """None: no requests are obeyed."""


@dataclass(frozen=True)
class Signals:
    """Set by signal handlers, which do nothing else."""

    stop: Event
    reload: Event

    def leave(self) -> bool:
        """Tell whether the present run is to end, for good or to start anew."""
        return self.stop.is_set() or self.reload.is_set()


def run(
    load: Callable[[], Settings],
    options: Options,
    printer: Printer,
    signals: Signals,
    service: Service,
) -> None:
    """Read until the source ends, `options.frames` are done, or `signals.stop` is set.

    On `signals.reload` the settings are loaded again, and everything is started anew with them,
    in this process; settings that are wrong change nothing but the log.
    Raises CamdError where it cannot start or a file cannot be read on."""
    keep_freed()
    first = prepare(load, options)
    plan: Plan | None = first
    served = _Served(options.config, load, _reloader(load, options, signals))
    last_good, around = LastGood(), SurroundingsFile()
    try:
        served.follow(first.settings)
        while plan is not None:
            plan = _run(plan, load, options, printer, signals, service, served, last_good, around)
    finally:
        service.stopping()
        served.close()


def _reloader(
    load: Callable[[], Settings], options: Options, signals: Signals
) -> Callable[[], None]:
    """Return what checks the configuration and makes camd use it, or raises CamdError."""

    def reload() -> None:
        prepare(load, options)
        signals.reload.set()

    return reload


class _Served:
    """The page, which outlasts a reload: browsers stay logged in, and see that camd starts anew."""

    def __init__(
        self, file: Path | None, load: Callable[[], Settings], reload: Callable[[], None]
    ) -> None:
        """`file`: the configuration that the command line names. `load` loads it, with what else
        the command line says; `reload` has camd use it as it is now. Both raise CamdError."""
        self._file, self._load, self._reload = file, load, reload
        self._feed = Feed()
        self._page: Page | None = None

    def follow(self, settings: Settings) -> None:
        """Serve it as `settings` say, or not at all. Raises ConfigError."""
        if self._page and self._page.settings == settings.web:
            return
        self.close()
        if settings.web.enabled:
            page = _web(settings, self._feed, self._file, self._load, self._reload)
            page.start()
            share()
            self._page = page
            log.info("page: %s", page.address)

    def feed(self, settings: Settings, model: Model) -> Feed | None:
        """Return what a run with `settings` hands to the page; None without one."""
        self._feed.settings, self._feed.model_id = settings, model.id
        self._feed.model = model if isinstance(model, svm.Model) else None
        return self._feed if self._page else None

    def close(self) -> None:
        if self._page:
            self._page.stop()
            self._page = None


def _web(
    settings: Settings,
    feed: Feed,
    file: Path | None,
    load: Callable[[], Settings],
    reload: Callable[[], None],
) -> "Page":
    # Imported only where it is asked for: it belongs to an extra, and takes a while.
    try:
        from camd.web.changes import Changes  # noqa: PLC0415
        from camd.web.learning import Learning  # noqa: PLC0415
        from camd.web.server import Page  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError(
            f"the page needs packages that are not installed ({error.name}):"
            f" {paths.pip_install('web')}"
        ) from error
    return Page(settings.web, feed, Changes(file, reload, load), Learning(file, reload))


def prepare(load: Callable[[], Settings], options: Options) -> Plan:
    """Load the configuration and the model, and see what can be made of them.

    Raises CamdError, and nothing else: whatever they hold, a camd that runs goes on with what it
    had, and one that starts says so by its status."""
    try:
        return _prepare(load(), options)
    except CamdError:
        raise
    except OSError as error:  # a full disk, say: it may pass
        raise CamdError(f"cannot start with this configuration: {error}") from error
    except Exception as error:
        log.debug("a bug in camd", exc_info=True)
        raise ConfigError(
            "the configuration cannot be used, in a way that camd did not expect "
            f"({type(error).__name__}): take back what was changed last, and please report it"
        ) from error


def _prepare(settings: Settings, options: Options) -> Plan:
    live = None
    if settings.mqtt.requests:
        live = LiveOptions(settings, paths.directory() / f"{settings.name}.live.json")
        settings = live.settings

    boot = secrets.token_hex(2)
    model = None
    if not options.segment_only:
        model = learnt.load(settings)
    elif settings.mqtt.broker != "external":
        raise ConfigError("mqtt.broker: --segment-only needs the external broker of its workers")
    check(settings, model)
    source = sources.from_uri(settings.camera.device, settings.camera, loop=options.loop)
    if sources.are_stills(settings.camera.device, settings.camera) and not options.realtime:
        settings = settings.model_copy(update={"track": STILLS})
    if settings.mqtt.broker != "none" and settings.mqtt.outbox == "disk":
        paths.directory()  # which a user without a home lacks
    if settings.mqtt.broker == "none" and settings.camera.light_topic:
        raise ConfigError('camera.light_topic needs a broker, but mqtt.broker = "none"')
    if settings.mqtt.broker == "external":
        Endpoint.of(settings, boot)
    if settings.mqtt.broker == "embedded":
        _embedded_broker(settings).free_port()
    if settings.web.enabled:
        _web(settings, Feed(), None, lambda: settings, lambda: None)
    return Plan(settings, model, source, boot, live)


def _run(
    plan: Plan,
    load: Callable[[], Settings],
    options: Options,
    printer: Printer,
    signals: Signals,
    service: Service,
    served: _Served,
    last_good: LastGood,
    around: SurroundingsFile,
) -> Plan | None:
    """Return the plan to go on with, or None at the end."""
    settings, source = plan.settings, plan.source
    with ExitStack() as stack:
        stack.enter_context(bounded(settings.model.threads))
        model: Model | None = plan.model
        in_order = not source.live and not options.realtime
        stdio.wait_while(
            lambda waited: not signals.stop.is_set() and (in_order or waited < stdio.PATIENCE_S)
        )
        log.info("reading %s with model %s", source.name, model.id if model else RemoteModel.id)
        stack.callback(printer.close)
        broker = _start_broker(settings, stack, printer)
        answers = Answers(plan.boot)
        publisher = _publisher(plan, broker, answers, stack)
        if model is None:
            assert publisher  # as the plan has made sure
            model = RemoteModel(
                settings.name,
                plan.boot,
                answers,
                publisher.crops,
                signals.leave,
                surroundings=svm.surroundings(paths.model_file(settings.model.file)),
            )
        service.ready()
        if publisher and in_order:
            publisher.wait_connected(CONNECT_WAIT_S)
        window = Window.open(window_title(settings.name)) if settings.overlay.window else None
        if window:
            stack.callback(window.close)
        light = publisher.light if publisher and settings.camera.light_topic else None
        capture = stack.enter_context(
            Capture(source, settings.camera, realtime=options.realtime, light=light)
        )
        kept: dict[str, Kept] = {}
        keeps = bool(settings.region) and source.live  # a film begins anew each time
        if keeps:
            kept = last_good.open(
                _state_file(settings, "regions.json"),
                settings.region,
                time.monotonic(),
                time.time(),
            )
            stack.callback(last_good.close, GOODBYE_S)
        history = _history(settings, source, stack)
        known: dict[str, Surroundings] = {}
        if keeps:
            known = around.open(_state_file(settings, "surroundings.npz"), settings)
            stack.callback(around.close, GOODBYE_S)
        pipeline = Pipeline(settings, model, time.perf_counter, kept, known)
        screen = Screen(settings, window, printer)
        pulse = Pulse(capture, publisher, broker, service, settings.camera.timeout_s)
        control = None
        if publisher and plan.live:
            control = Control(publisher, plan.live, _reloader(load, options, signals))
        loop = Loop(
            Run(
                settings=settings,
                options=options,
                boot=plan.boot,
                source=source,
                capture=capture,
                pipeline=pipeline,
                publisher=publisher,
                screen=screen,
                printer=printer,
                pulse=pulse,
                control=control,
                last_good=last_good if keeps else None,
                surroundings=around if keeps else None,
                feed=served.feed(settings, model),
                history=history,
                collector=_collector(settings, model, stack),
            )
        )
        poll = WINDOW_POLL_S if window else QUIET_POLL_S
        while True:
            loop.run(signals.leave, poll)
            if signals.stop.is_set() or not signals.reload.is_set():
                service.stopping()
                return None
            signals.reload.clear()
            service.reloading()
            try:
                following = prepare(load, options)
            except CamdError as error:
                log.error("not reloaded, the old configuration stays in force: %s", error)
                service.ready()
            else:
                log.info("starting anew with the configuration as it is now")

                def leave() -> bool:
                    # The driver may take its time, and a manager would think us dead.
                    service.tick(time.monotonic(), "waiting for the camera's driver", "")
                    return signals.stop.is_set()

                # Held by a thread of ours, the camera would be busy for ever.
                if not capture.stop(watchdog.HANGING * settings.camera.timeout_s, leave):
                    if signals.stop.is_set():
                        service.stopping()
                        return None
                    raise SourceError(f"{source.name}: its driver does not return; start camd anew")
                try:
                    served.follow(following.settings)
                except ConfigError as error:  # its port is taken, say: reading is worth more
                    log.error("there is no page: %s", error)
                return following


def _state_file(settings: Settings, name: str) -> Path | None:
    """Return where something of the regions is kept; None where this user has no place."""
    try:
        return paths.directory() / f"{settings.name}.{name}"
    except ConfigError as error:
        log.warning("what is known of the regions is kept in memory only: %s", error)
        return None


def _history(settings: Settings, source: Source, stack: ExitStack) -> History | None:
    """Keep what regions say where the page shows it; a film is no history."""
    web = settings.web
    if not (web.enabled and web.history and settings.region and source.live):
        return None
    try:
        path = paths.history(settings.name)
    except ConfigError as error:
        log.warning("there is no history: %s", error)
        return None
    history = History(path, web.history_mb * 10**6)
    stack.callback(history.close, GOODBYE_S)
    return history


def _collector(settings: Settings, model: Model, stack: ExitStack) -> Collector | None:
    """Keep crops to be labelled where that is asked for; workers keep none."""
    if not (settings.learn.keep and isinstance(model, svm.Model)):
        return None
    try:
        store = Store(paths.crops(settings.name), settings.learn.most)
    except ConfigError as error:
        log.warning("no crops are kept: %s", error)
        return None
    stack.callback(store.close, GOODBYE_S)
    return Collector(store, model.id)


def _publisher(
    plan: Plan, broker: "EmbeddedBroker | None", answers: Answers, stack: ExitStack
) -> Publisher | None:
    settings = plan.settings
    if settings.mqtt.broker == "none":
        return None
    if broker:
        host, port = broker.address
        here = {"host": host, "port": port, "tls": False, "username": None, "password": None}
        settings = settings.model_copy(update={"mqtt": settings.mqtt.model_copy(update=here)})
    publisher = Publisher(
        settings,
        boot=plan.boot,
        model_id=plan.model.id if plan.model else RemoteModel.id,
        on_classes=None if plan.model else answers.receive,
    )
    publisher.start()
    stack.callback(publisher.stop, GOODBYE_S)
    return publisher


def _embedded_broker(settings: Settings) -> "EmbeddedBroker":
    # Imported only where it is used: importing it takes a seventh of the time of a start.
    from camd.mqtt.embedded import EmbeddedBroker  # noqa: PLC0415

    return EmbeddedBroker(settings.mqtt.embedded_bind, settings.mqtt.port)


def _start_broker(
    settings: Settings, stack: ExitStack, printer: Printer
) -> "EmbeddedBroker | None":
    if settings.mqtt.broker != "embedded":
        return None
    broker = _embedded_broker(settings)
    host, port = broker.start()
    stack.callback(broker.stop)
    topics = f"{settings.mqtt.prefix}/{settings.name}/#"
    printer.message(f"subscribe with: mosquitto_sub -h {host} -p {port} -t '{topics}' -v")
    return broker
