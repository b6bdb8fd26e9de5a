"""A camera on this machine: V4L2 on Linux, AVFoundation on macOS, Media Foundation on Windows."""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import cv2
import numpy as np

from camd.config.settings import CameraSettings, ControlSettings
from camd.errors import SourceError
from camd.sources import controls, opencv
from camd.sources.base import CorruptFrameError, Opened
from camd.sources.jpeg import FOURCCS, Jpeg
from camd.sources.muffle import muffled
from camd.values import Image

log = logging.getLogger(__name__)

LINUX = sys.platform == "linux"

MOST_WAITED_S = 10.0
"""No frame waits longer in a driver's buffers, seconds; a time that says so is of another clock."""

_DAMAGED = re.compile("premature end|bad Huffman code", re.IGNORECASE)
"""How libjpeg says that a part of the picture is missing. Its other complaints are harmless."""


class Camera(opencv.CaptureSource):
    live = True

    def __init__(
        self,
        device: str,
        settings: CameraSettings,
        *,
        connect: Callable[..., cv2.VideoCapture] = cv2.VideoCapture,
        device_of: Callable[[str], controls.Device] = controls.V4l2,
    ) -> None:
        """`device` is a number, or on Linux a path: /dev/video2, /dev/v4l/by-id/... `device_of`
        opens the controls of a node."""
        super().__init__(f"/dev/video{device}" if LINUX and device.isdecimal() else device)
        self._settings = settings
        self._connect = connect
        self._device_of = device_of
        self._held: dict[str, int] = {}
        """What is held as it was, by the names of options."""
        self._told: tuple[str, ...] = ()
        self._complained = False
        self._jpegs = False
        """Whether the driver gives the camera's JPEGs as they are, to be decoded here."""

    def open(self) -> Opened:
        """Raises SourceError: missing, permission, busy, unreadable, failed."""
        self.close()
        opencv.prepare(self._settings)
        if LINUX:
            capture, card = self._open_node()
        else:
            capture, card = self._connect(int(self.name), cv2.CAP_ANY), f"camera {self.name}"
            if not capture.isOpened():
                raise SourceError(
                    f"camera {self.name}: missing, in use, or not allowed to this program",
                    "missing",
                )
        self._capture = capture
        opened = self._negotiate(capture, card)
        said = self._settle()
        return replace(opened, detail="; ".join([opened.detail, *said]))

    def _open_node(self) -> tuple[cv2.VideoCapture, str]:
        from camd.sources import v4l2  # noqa: PLC0415  # needs fcntl, which Windows has not

        # A by-id link points to another number after replugging, so it is followed each time.
        node = os.path.realpath(self.name)
        card = v4l2.check(node, self.name)
        capture = self._connect(node, cv2.CAP_V4L2)
        if not capture.isOpened():
            raise v4l2.refused(node, self.name)
        return capture, card

    def _settle(self) -> tuple[str, ...]:
        """Set what camera.controls asks for, also after the camera was away; say what came of it.
        No camera is given up for it."""
        wanted = self._settings.controls
        if not self._held and wanted == ControlSettings(lock=wanted.lock):
            return ()
        settled = controls.Settled()
        try:
            with self._controls() as device:
                settled = controls.settle(device, wanted, self._held)
        except OSError as error:
            text = f"camera.controls: cannot be set: {error.strerror or error}"
            settled = controls.Settled(complaints=(text,))
        if settled.complaints != self._told:
            self._told = settled.complaints
            for complaint in settled.complaints:
                log.warning("%s: %s", self.name, complaint)
        return settled.said

    def hold(self, on: bool) -> None:
        """Hold exposure, focus and white balance as they are, or let the camera choose again."""
        try:
            with self._controls() as device:
                if on:
                    self._held = self._held or controls.hold(device)
                else:
                    controls.free(device, self._held)
                    self._held = {}
        except OSError as error:
            log.warning("%s: cannot be locked: %s", self.name, error.strerror or error)
            return
        if self._held:
            held = ", ".join(f"{name} {value}" for name, value in self._held.items())
            log.info("%s: locked: %s", self.name, held)
        elif not on:
            log.info("%s: no longer locked", self.name)

    @contextmanager
    def _controls(self) -> Iterator[controls.Device]:
        """Raises OSError."""
        if not LINUX:
            raise OSError("this is possible on Linux only")
        device = self._device_of(os.path.realpath(self.name))
        try:
            yield device
        finally:
            device.close()

    def _negotiate(self, capture: cv2.VideoCapture, card: str) -> Opened:
        """Ask for format, size and rate, in this order: a format change resets the size, and a size
        that the format does not offer is replaced without a word. So read back what came of it."""
        asked = self._settings
        if asked.fourcc:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*asked.fourcc))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, asked.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.height)
        capture.set(cv2.CAP_PROP_FPS, asked.fps)
        # One to fill while one is decoded: with a single buffer a camera loses every other frame.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 2)
        width, height = opencv.size(capture)
        rate = opencv.fps(capture)
        # OpenCV would decode each JPEG in colour. Reading needs grey only, in half the time.
        self._jpegs = (
            LINUX
            and opencv.codec(capture) in FOURCCS
            and bool(capture.set(cv2.CAP_PROP_CONVERT_RGB, 0))
        )
        got = _mode(opencv.codec(capture), width, height, rate)
        wish = _mode(asked.fourcc or opencv.codec(capture), asked.width, asked.height, asked.fps)
        verdict = "as asked" if got == wish else f"asked for {wish}"
        return Opened(width, height, rate, f"{card}: {got}; {verdict}")

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError. May block for `timeout_s`, in whole seconds."""
        if not self._grab():
            raise SourceError(f"{self.name}: gives no more frames")
        with muffled() as heard:
            image = self._decoded()
        if heard:
            self._judge(heard[0])
        return image

    def _grab(self) -> bool:
        """Take the time that the driver gives a frame, where it is of our clock: a frame may have
        waited in a buffer."""
        if not super()._grab():
            return False
        left = self._opened().get(cv2.CAP_PROP_POS_MSEC) / 1000 if LINUX else 0.0
        if 0 <= self.grabbed - left < MOST_WAITED_S:
            self.grabbed = left
        return True

    def _decoded(self) -> Image:
        self.colour = None
        if not self._jpegs:
            return opencv.retrieve(self._opened())
        jpeg = Jpeg(np.asarray(opencv.raw(self._opened()), np.uint8).reshape(-1))
        image = jpeg.grey()
        self.colour = jpeg.colour
        return image

    def _judge(self, complaint: str) -> None:
        """Raise CorruptFrameError where libjpeg had to make up a part of the picture. Many cameras
        only put a few bytes too many into each picture: log that once."""
        if _DAMAGED.search(complaint):
            raise CorruptFrameError(complaint)
        if not self._complained:
            self._complained = True
            log.info("%s: %s (said once)", self.name, complaint)


def _mode(fourcc: str, width: int, height: int, rate: float) -> str:
    return f"{fourcc} {width}x{height} at {rate:g} fps".strip()
