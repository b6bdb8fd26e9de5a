"""What the sources behind cv2.VideoCapture share."""

import math
import os
import time
from collections.abc import Callable

import cv2
import numpy as np
from cv2.typing import MatLike

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources.base import CorruptFrameError
from camd.values import Image

_NAMES = {"av01": "AV1", "av1": "AV1", "vvc1": "H.266", "vvi1": "H.266", "vvc": "H.266"}
"""Codecs that people call by other names than FFmpeg does."""
FOREIGN = frozenset({"AV1", "H.266"})
"""Codecs that FFmpeg names but can decode only with libraries that OpenCV's wheels leave out."""


def prepare(settings: CameraSettings) -> None:
    """Set what OpenCV reads from the environment at its first capture and never again.

    FFmpeg and OpenCV would print addresses with their passwords to stderr by themselves: both are
    silenced, since every failure is reported as a SourceError. What the user has set stays."""
    for name, value in {
        "OPENCV_FFMPEG_LOGLEVEL": "-8",
        "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": str(math.ceil(settings.timeout_s)),
    }.items():
        os.environ.setdefault(name, value)
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class CaptureSource:
    """The base of the sources that hold a cv2.VideoCapture; each opens it in its own way."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour: Callable[[], Image] | None = None
        self._capture: cv2.VideoCapture | None = None

    def _opened(self) -> cv2.VideoCapture:
        if self._capture is None:
            raise SourceError(f"{self.name}: read before it was opened")
        return self._capture

    def _grab(self) -> bool:
        # isOpened() stays True when the camera is gone: only a failed grab shows it.
        grabbed = self._opened().grab()
        if grabbed:
            self.grabbed = time.monotonic()
        return grabbed

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        """Release at once: while a dead handle is held, a camera returns as another number."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def retrieve(capture: cv2.VideoCapture) -> Image:
    """Decode the frame grabbed last, to BGR. Raises CorruptFrameError."""
    return bgr(raw(capture))


def raw(capture: cv2.VideoCapture) -> MatLike:
    """Give the frame grabbed last as OpenCV does. Raises CorruptFrameError."""
    try:
        ok, image = capture.retrieve()
    except cv2.error as exc:
        raise CorruptFrameError(exc.err) from exc
    if not ok or image is None or image.size == 0:
        raise CorruptFrameError("the frame could not be decoded")
    return image


def bgr(image: MatLike) -> Image:
    """Return any picture OpenCV gives, (H, W), (H, W, 1), (H, W, 3) or BGRA, uint8 or uint16, as
    (H, W, 3) uint8. What is transparent becomes white, as on paper."""
    if image.dtype == np.uint16:
        image = np.right_shift(image, 8)
    pixels = np.asarray(image, np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
    if pixels.shape[2] == 4:
        alpha = pixels[:, :, 3:].astype(np.uint16)
        return ((pixels[:, :, :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8)
    return pixels


def fps(capture: cv2.VideoCapture) -> float:
    """Return the frame rate that the source claims, or 0 if it claims none: FFmpeg then gives
    90000, the rate of its clock."""
    claimed = capture.get(cv2.CAP_PROP_FPS)
    return claimed if math.isfinite(claimed) and 0 < claimed <= 1000 else 0.0


def codec(capture: cv2.VideoCapture) -> str:
    """Name how the pictures are coded, e.g. "MJPG" or "AV1"; empty where it is not known."""
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    text = (code & 0xFFFFFFFF).to_bytes(4, "little").decode("ascii", "replace").strip("\0 ")
    return _NAMES.get(text.lower(), text) if text.isprintable() else ""


def size(capture: cv2.VideoCapture) -> tuple[int, int]:
    """Return (width, height) in pixels."""
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
