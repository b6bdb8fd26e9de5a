"""A camera on the network: RTSP, or MJPEG and the like over HTTP, decoded by OpenCV's FFmpeg."""

import re
from urllib.parse import urlsplit

import cv2

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import opencv
from camd.sources.base import MOST_PIXELS, Opened
from camd.sources.reach import Address, Lookup, connect
from camd.values import Image

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


def redact(uri: str) -> str:
    """Return the address without user, password or query, in which cameras take passwords too.

    What is not well formed loses more, never less: rtsp://u:p@ss/w@host/x -> rtsp://***@host/x."""
    before = r"^[A-Za-z][\w+.-]*://" if "://" in uri else r"^(?=[^/\\]*:[^/\\])"
    uri = re.sub(f"({before}).*@", r"\1***@", uri, flags=re.DOTALL)
    uri = re.sub(r"\?.+", "?***", uri, flags=re.DOTALL)
    # Some recorders want them in the path: rtsp://host/user=admin&password=secret&channel=1
    return re.sub(r"(?i)\b(user|pass|pwd|token|key|auth)(\w*?)=[^/]*", r"\1\2=***", uri)


class Stream(opencv.CaptureSource):
    live = True

    def __init__(self, uri: str, settings: CameraSettings) -> None:
        super().__init__(redact(uri))
        self._uri = uri
        self._settings = settings
        self._lookup = _lookup(uri)

    def open(self) -> Opened:
        """Raises SourceError: missing (nothing answers), failed (it answers but sends no video),
        unreadable (its frames are larger than MOST_PIXELS)."""
        self.close()
        opencv.prepare(self._settings)
        addresses = self._addresses()
        # After opening these two would be accepted and ignored.
        patience = int(1000 * self._settings.timeout_s)
        limits = [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            patience,
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            patience,
        ]
        capture = cv2.VideoCapture(self._uri, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise self._refused(addresses)
        self._capture = capture
        width, height = opencv.size(capture)
        if width * height > MOST_PIXELS:  # FFmpeg's own limit comes only at a gigabyte
            self.close()
            raise SourceError(
                f"{self.name}: frames of {width}x{height}; {MOST_PIXELS // 1_000_000} megapixels "
                "are the most: choose a smaller stream of this camera",
                "unreadable",
            )
        return Opened(width, height, opencv.fps(capture), "network stream")

    def _addresses(self) -> list[Address]:
        """Ask for the name first: FFmpeg would wait for a dead name server longer than for the
        camera, and the watchdog end the process."""
        if self._lookup is None:
            return []
        try:
            return self._lookup.addresses(self._settings.timeout_s)
        except OSError as exc:
            raise SourceError(f"{self.name}: {exc.strerror or exc}", "missing") from None

    def _refused(self, addresses: list[Address]) -> SourceError:
        """Find out why. Only now: many cameras serve one connection at a time."""
        if not addresses:
            return SourceError(f"{self.name}: not an address; expected rtsp://host/path", "missing")
        try:
            connect(addresses, self._settings.timeout_s)
        except OSError as exc:
            port, why = addresses[0][1][1], exc.strerror or str(exc)
            return SourceError(f"{self.name}: no answer at port {port}: {why}", "missing")
        return SourceError(
            f"{self.name}: answers but gives no video; check its path, user name and password"
        )

    def read(self) -> Image:
        """Raises CorruptFrameError, SourceError. May block for `timeout_s`."""
        if not self._grab():
            codec = opencv.codec(self._opened())
            if not self.grabbed and codec in opencv.FOREIGN:
                raise SourceError(
                    f"{self.name}: its codec is {codec}, which this OpenCV cannot decode; "
                    "set the camera to H.264, H.265 or MJPEG",
                    "unreadable",
                )
            raise SourceError(f"{self.name}: the stream broke off")
        return opencv.retrieve(self._opened())


def _lookup(uri: str) -> Lookup | None:
    """Return None where no host can be told; FFmpeg may still find one, for passwords hold
    anything."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or PORTS[parts.scheme]
    except ValueError:
        return None
    return Lookup(host, port) if host else None
