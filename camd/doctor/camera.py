"""Tries the camera: does it open, how fast is it really, is its picture good enough to read?"""

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import cv2
import numpy as np

from camd import sources
from camd.capture.capture import Capture
from camd.config.settings import CameraSettings, ControlSettings
from camd.doctor.finding import Finding
from camd.errors import SourceError
from camd.segment import binarize
from camd.sources import controls
from camd.sources.base import Source
from camd.sources.camera import LINUX
from camd.sources.controls import Device, V4l2
from camd.values import Frame, Image

WATCHED_S = 3.0
"""Seconds, enough to measure the rate and for automatic exposure to settle."""
SLOW = 0.7
"""Share of the rate asked for, below which the camera is called slow: cameras halve their rate in
poor light."""
DARK, BRIGHT = 50.0, 235.0
"""Mean grey, 0 to 255. Between the two, dark and bright writing still differ from the paper."""
BLURRED = 20.0
"""Variance of the Laplacian, below which edges are soft. It depends on the scene too, so it is only
a hint."""

TODO = {
    "missing": "plug it in, or choose another with camera.device (camd run --device ...)",
    "busy": "end the program that uses it; if that is camd as a service, all is well",
    "permission": "allow this user to read it: see above",
    "frozen": "unplug it and plug it in again",
}


def look(settings: CameraSettings) -> Iterator[Finding]:
    source = yield from _offered(settings)
    if source is None:
        return
    with Capture(source, settings) as capture:
        for finding in _watch(capture, settings, live=source.live):
            yield _own(source.name, capture.stats().state) or finding


def look_beside(
    settings: CameraSettings, image: Image | None, fps: float, why: str
) -> Iterator[Finding]:
    """Look at a camera that a camd reads: at `image`, its newest picture, (H, W, 3) or (H, W)
    uint8; `fps` are read a second. None: there is none, and `why`."""
    if (yield from _offered(settings)) is None:
        return
    if image is None:
        yield Finding("camera", "error", f"no picture: {why}", TODO.get(why, "see the log"))
        return
    height, width = image.shape[:2]
    data = {"size": [width, height], "fps": round(fps, 1)}
    yield Finding("camera", "ok", f"{width}x{height}, {fps:.1f} read a second", "", data)
    yield from judge(image)


def _offered(settings: CameraSettings) -> Generator[Finding, None, Source | None]:
    """Say which cameras there are, and what the one of `settings` offers; return it."""
    if LINUX:
        from camd.sources import v4l2  # noqa: PLC0415  # needs fcntl, which Windows has not

        yield Finding("camera", "note", v4l2.cameras())
    try:
        source = sources.from_uri(settings.device, settings)
    except SourceError as error:
        yield Finding("camera", "error", str(error), TODO.get(error.reason, ""))
        return None
    if LINUX and source.live and source.name.startswith("/dev/"):
        formats = v4l2.formats(os.path.realpath(source.name))
        if formats:
            yield Finding("camera", "note", f"{source.name} offers {', '.join(formats)}")
        yield from adjustable(settings.controls, lambda: V4l2(os.path.realpath(source.name)))
    return source


def adjustable(wanted: ControlSettings, device_of: Callable[[], Device]) -> Iterator[Finding]:
    """Say what [camera.controls] can set, in which ranges, and what of it the camera does not
    do."""
    try:
        with closing(device_of()) as device:
            known = controls.shown(device.controls())
            settled = controls.settle(device, wanted, {})
    except OSError:  # it is gone, or busy: opening it will say so
        return
    yield Finding("camera", "note", f"[camera.controls]: {known or 'this camera has none of them'}")
    for complaint in settled.complaints:
        yield Finding("camera", "warning", complaint, "take another value, or leave it out")


def _watch(capture: Capture, settings: CameraSettings, *, live: bool) -> Iterator[Finding]:
    frame: Frame | None = None
    deadline = time.monotonic() + 3 * settings.timeout_s
    try:
        while time.monotonic() < deadline and not capture.ended:
            got = capture.next(0.2)
            if got is not None and frame is None:
                deadline = min(deadline, time.monotonic() + (WATCHED_S if live else 0.0))
            frame = got or frame
            if frame is None and capture.stats().error:
                break
    except SourceError as error:
        yield Finding("camera", "error", str(error), TODO.get(error.reason, ""))
        return
    stats = capture.stats()
    if frame is None:
        text = stats.error or f"no frame for {3 * settings.timeout_s:g} s"
        yield Finding("camera", "error", text, TODO.get(stats.state, "unplug it and try again"))
        return
    opened = f"; {stats.opened.detail}" if stats.opened and stats.opened.detail else ""
    height, width = frame.image.shape[:2]
    data = {"size": [width, height], "fps": round(stats.fps, 1)}
    text = f"{width}x{height}{opened}"
    if live:
        text = f"{width}x{height}, measured {stats.fps:.1f} fps{opened}"
    slow = live and stats.fps < SLOW * settings.fps
    yield Finding(
        "camera",
        "warning" if slow else "ok",
        text,
        "more light, camera.fourcc = MJPG, a USB port of its own; or ask for less" if slow else "",
        data,
    )
    yield from judge(frame.image)


def _own(name: str, state: str) -> Finding | None:
    """Return a finding if the camera is busy because another camd reads it."""
    if not LINUX or state != "busy":
        return None
    from camd.sources import v4l2  # noqa: PLC0415  # needs fcntl, which Windows has not

    held = v4l2.holder(name)
    if held is None or held[1] != "camd":
        return None
    text = f"{name}: camd itself reads it, as PID {held[0]}, so it was not tried"
    return Finding("camera", "note", text, "to try it, stop that process first")


def judge(image: Image) -> Iterator[Finding]:
    """Judge exposure and focus of one picture, (H, W, 3) or (H, W) uint8."""
    grey = binarize.to_grey(image)
    mean = float(grey.mean())
    clipped = float(np.mean(grey >= 254))
    sharp = float(cv2.Laplacian(grey, cv2.CV_64F).var())
    data = {"mean": round(mean, 1), "clipped": round(clipped, 3), "sharpness": round(sharp, 1)}
    figures = f"mean grey {mean:.0f}, {clipped:.0%} clipped"
    if mean < DARK:
        yield Finding("camera", "warning", f"dark: {figures}", "more light on the paper", data)
    elif mean > BRIGHT or clipped > 0.5:
        yield Finding(
            "camera", "warning", f"overexposed: {figures}", "less light or exposure", data
        )
    else:
        yield Finding("camera", "ok", f"exposure: {figures}", "", data)
    if sharp < BLURRED:
        todo = "focus the lens, or hold the sheet still and further away; or the sheet is blank"
        yield Finding("camera", "warning", f"blurred or empty: sharpness {sharp:.0f}", todo, data)
    else:
        yield Finding("camera", "ok", f"focus: sharpness {sharp:.0f}", "", data)
