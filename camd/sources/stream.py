"""A camera on the network: RTSP, or MJPEG and the like over HTTP, decoded by FFmpeg (PyAV)."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import cv2
import numpy as np

from camd import address
from camd.address import AddressError
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.base import MOST_PIXELS, CorruptFrameError, Opened
from camd.sources.packets import Packets
from camd.sources.reach import Lookup, Place, connect
from camd.values import Image

REMEMBERED = 64
"""Packets that a decoder may hold back before it gives their pictures."""


class Stream:
    live = True

    def __init__(self, uri: str, settings: CameraSettings) -> None:
        """Raises SourceError (missing) where `uri` is no address."""
        try:
            self._address = address.parse(uri, address.CAMERA)
        except AddressError as exc:
            raise SourceError(f"{address.redact(uri)}: {exc}", "missing") from None
        self.name = self._address.shown()
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour: Callable[[], Image] | None = None
        self._settings = settings
        self._lookup = Lookup(self._address.host, self._address.usual_port)
        self._packets: Packets | None = None
        self._left: dict[int, float] = {}
        """When the packets left the camera that a picture may still come of, by their times."""

    def open(self) -> Opened:
        """Raises SourceError: missing (nothing answers), failed (it answers but sends no video),
        unreadable (its frames are larger than MOST_PIXELS, or of a codec that is not known)."""
        self.close()
        places = self._places()
        patience_s = self._settings.timeout_s
        packets = Packets(self._address.url(), patience_s, self._settings.max_age_ms / 1000)
        self._packets = packets
        if not packets.open():
            self.close()
            if packets.codec:
                raise self._foreign(packets.codec)
            raise self._refused(places)
        context = packets.stream.codec_context
        width, height = context.width, context.height
        if width * height > MOST_PIXELS:
            self.close()
            raise SourceError(
                f"{self.name}: frames of {width}x{height}; {MOST_PIXELS // 1_000_000} megapixels "
                "are the most that are read: choose a smaller stream of this camera",
                "unreadable",
            )
        rate = packets.stream.average_rate or packets.stream.guessed_rate or 0
        fps = float(rate) if 0 < rate <= 1000 else 0.0
        return Opened(width, height, fps, f"network stream, {context.name}")

    def _places(self) -> list[Place]:
        """Look the host up first: FFmpeg would wait for a dead name server longer than `timeout_s`,
        until the watchdog ends the process."""
        try:
            return self._lookup.places(self._settings.timeout_s)
        except OSError as exc:
            hint = ""
            if "@" in self._address.rest:
                hint = "; if its @ ends a password, write / ? # in that as %2F %3F %23"
            raise SourceError(f"{self.name}: {exc.strerror or exc}{hint}", "missing") from None

    def _refused(self, places: list[Place]) -> SourceError:
        """Find out why it did not open. Only now: many cameras serve one connection at a time."""
        try:
            connect(places, self._settings.timeout_s)
        except OSError as exc:
            why = exc.strerror or str(exc)
            text = f"{self.name}: no answer at port {self._address.usual_port}: {why}"
            return SourceError(text, "missing")
        return SourceError(
            f"{self.name}: answers but gives no video; check its path, user name and password"
        )

    def _foreign(self, codec: str) -> SourceError:
        return SourceError(
            f"{self.name}: its codec is {codec}, which this FFmpeg cannot decode; "
            "set the camera to H.264, H.265 or MJPEG",
            "unreadable",
        )

    def read(self) -> Image:
        """Return the next picture, grey. Raises CorruptFrameError, SourceError. May block for
        `timeout_s`."""
        packets = self._packets
        if packets is None:
            raise SourceError(f"{self.name}: read before it was opened")
        context = packets.stream.codec_context
        deadline = time.monotonic() + self._settings.timeout_s
        while True:
            arrived = packets.take()
            if arrived is None or time.monotonic() > deadline:
                raise self._silent(packets)
            if arrived.fresh:
                context.flush_buffers()
                self._left.clear()
            self._remember(arrived.packet.pts, arrived.left)
            if frames := self._decoded(arrived.packet):
                break
        frame = frames[-1]
        self.grabbed = self._left.get(frame.pts, arrived.left)
        if frame.width * frame.height > MOST_PIXELS:
            raise CorruptFrameError(f"{self.name}: a frame of {frame.width}x{frame.height}")
        if frame.is_corrupt:
            raise CorruptFrameError(f"{self.name}: a part of the picture is missing")
        self.colour = partial(_colour, frame)
        return _grey(frame)

    def _decoded(self, packet: Any) -> Sequence[Any]:
        """Return the pictures that come of a packet. Raises CorruptFrameError."""
        import av.error  # noqa: PLC0415  # only where it is used, as in packets.py

        try:
            return cast("Sequence[Any]", packet.decode())
        except av.error.FFmpegError as exc:
            raise CorruptFrameError(f"{self.name}: {type(exc).__name__}") from None

    def _remember(self, stamp: int | None, left: float) -> None:
        if stamp is not None:
            self._left[stamp] = left
            while len(self._left) > REMEMBERED:
                del self._left[next(iter(self._left))]

    def _silent(self, packets: Packets) -> SourceError:
        if not packets.ended:
            return SourceError(
                f"{self.name}: no frame in camera.timeout_s = {self._settings.timeout_s:g} "
                "seconds; a slow camera wants more"
            )
        return SourceError(f"{self.name}: the stream broke off")

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        if self._packets is not None:
            self._packets.close()
            self._packets = None
        self._left.clear()


def _grey(frame: Any) -> Image:
    """Return a frame's brightness, (H, W) uint8. Most codecs keep it as a plane of its own."""
    if not frame.format.name.startswith(("yuv", "nv")) or frame.format.components[0].bits != 8:
        return _own(frame.to_ndarray(format="gray"))
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    picture = rows[:, : plane.width]
    if _full(frame):
        return picture.copy()
    return np.asarray(cv2.LUT(picture, _STUDIO), np.uint8)


def _full(frame: Any) -> bool:
    """Whether black is 0 and white 255; video usually has 16 and 235."""
    return frame.format.name.startswith("yuvj") or int(frame.color_range) == 2


_STUDIO = np.clip((np.arange(256) - 16) * (255 / 219) + 0.5, 0, 255).astype(np.uint8)
"""What the brightness of video, 16 to 235, is as grey levels."""


def _colour(frame: Any) -> Image:
    return _own(frame.to_ndarray(format="bgr24"))


def _own(picture: Any) -> Image:
    return np.ascontiguousarray(picture, np.uint8)
