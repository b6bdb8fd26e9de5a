"""Startup and shutdown: the only file that knows every room. loop.py is what runs between."""

import logging
import secrets
import threading
import time
from contextlib import ExitStack

import cv2
from threadpoolctl import threadpool_limits

from camd import installed, sources, svm
from camd.capture import Capture
from camd.loop import Loop, Options
from camd.mqtt.embedded import EmbeddedBroker
from camd.mqtt.publisher import Publisher
from camd.pipeline import Pipeline
from camd.settings import Settings, TrackSettings
from camd.terminal import Printer
from camd.window import Window

log = logging.getLogger(__name__)

CONNECT_WAIT_S = 5.0
"""A file waits this long for the broker, so that its first frames are not lost."""
GOODBYE_S = 5.0
"""Longest wait at the end for what is still to be sent."""

STILLS = TrackSettings(settle_ms=0, settle_frames=1, forget_ms=0, memory_ms=1)
"""Unrelated pictures: each is believed as it is, and forgotten with the next."""


def run(settings: Settings, options: Options, printer: Printer, stop: threading.Event) -> None:
    """Read until the source ends, `options.frames` are done, or `stop` is set.

    Raises CamdError where it cannot start or a file cannot be read on."""
    boot = secrets.token_hex(2)
    # OpenCV and BLAS take every core there is unless told otherwise.
    cv2.setNumThreads(settings.model.threads)
    with ExitStack() as stack:
        stack.enter_context(threadpool_limits(settings.model.threads))
        model = svm.load(settings.model.file or installed.model_file())
        source = sources.from_uri(settings.camera.device, settings.camera, loop=options.loop)
        if sources.are_stills(settings.camera.device, settings.camera) and not options.realtime:
            settings = settings.model_copy(update={"track": STILLS})
        log.info("reading %s with model %s", source.name, model.id)
        stack.callback(printer.close)
        publisher = _publisher(settings, stack, printer, boot, model.id)
        if publisher and not source.live and not options.realtime:
            publisher.wait_connected(CONNECT_WAIT_S)
        window = Window.open(f"camd - {settings.name}") if settings.overlay.window else None
        if window:
            stack.callback(window.close)
        capture = stack.enter_context(Capture(source, settings.camera, realtime=options.realtime))
        pipeline = Pipeline(settings, model, time.perf_counter)
        Loop(settings, options, source, capture, pipeline, publisher, window, printer, boot).run(
            stop
        )


def _publisher(
    settings: Settings, stack: ExitStack, printer: Printer, boot: str, model_id: str
) -> Publisher | None:
    if settings.mqtt.broker == "none":
        return None
    if settings.mqtt.broker == "embedded":
        settings = _start_broker(settings, stack, printer)
    publisher = Publisher(settings, boot=boot, model_id=model_id)
    publisher.start()
    stack.callback(publisher.stop, GOODBYE_S)
    return publisher


def _start_broker(settings: Settings, stack: ExitStack, printer: Printer) -> Settings:
    broker = EmbeddedBroker(settings.mqtt.embedded_bind, settings.mqtt.port)
    host, port = broker.start()
    stack.callback(broker.stop)
    topics = f"{settings.mqtt.prefix}/{settings.name}/#"
    printer.message(f"subscribe with: mosquitto_sub -h {host} -p {port} -t '{topics}' -v")
    here = {"host": host, "port": port, "tls": False, "username": None, "password": None}
    mqtt = settings.mqtt.model_copy(update=here)
    return settings.model_copy(update={"mqtt": mqtt})
