"""A camera on the network: RTSP, or MJPEG and the like over HTTP, decoded by OpenCV's FFmpeg."""

import time

import cv2

from camd import address
from camd.address import AddressError
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import opencv
from camd.sources.base import MOST_PIXELS, Opened
from camd.sources.reach import Lookup, Place, connect
from camd.values import Image


class Stream(opencv.CaptureSource):
    live = True

    def __init__(self, uri: str, settings: CameraSettings) -> None:
        """Raises SourceError (missing) where `uri` is no address."""
        try:
            self._address = address.parse(uri, address.CAMERA)
        except AddressError as exc:
            raise SourceError(f"{address.redact(uri)}: {exc}", "missing") from None
        super().__init__(self._address.shown())
        self._settings = settings
        self._lookup = Lookup(self._address.host, self._address.usual_port)

    def open(self) -> Opened:
        """Raises SourceError: missing (nothing answers), failed (it answers but sends no video),
        unreadable (its frames are larger than MOST_PIXELS)."""
        self.close()
        opencv.prepare(self._settings)
        places = self._places()
        # Both must be given now: set after opening, they would be accepted and ignored.
        patience = int(1000 * self._settings.timeout_s)
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            patience,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            patience,
        ]
        capture = cv2.VideoCapture(self._address.url(), cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise self._refused(places)
        self._capture = capture
        width, height = opencv.size(capture)
        if width * height > MOST_PIXELS:  # FFmpeg's own limit comes only at a gigabyte
            self.close()
            raise SourceError(
                f"{self.name}: frames of {width}x{height}; {MOST_PIXELS // 1_000_000} megapixels "
                "are the most that are read: choose a smaller stream of this camera",
                "unreadable",
            )
        return Opened(width, height, opencv.fps(capture), "network stream")

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

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError. May block for `timeout_s`."""
        began = time.monotonic()
        if not self._grab():
            codec = opencv.codec(self._opened())
            if not self.grabbed and codec in opencv.FOREIGN:
                raise SourceError(
                    f"{self.name}: its codec is {codec}, which this OpenCV cannot decode; "
                    "set the camera to H.264, H.265 or MJPEG",
                    "unreadable",
                )
            if self.grabbed and time.monotonic() - began >= self._settings.timeout_s:
                raise SourceError(
                    f"{self.name}: no frame in camera.timeout_s = {self._settings.timeout_s:g} "
                    "seconds; a slow camera wants more"
                )
            raise SourceError(f"{self.name}: the stream broke off")
        return opencv.retrieve(self._opened())
