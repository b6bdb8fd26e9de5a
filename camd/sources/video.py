"""A video file: every frame, in order."""

import logging
import math
import shlex
from pathlib import Path
from typing import BinaryIO

import cv2

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import formats, opencv
from camd.sources.base import EndOfStreamError, Opened
from camd.values import Image

log = logging.getLogger(__name__)

USUAL_FPS = 30.0
"""Frames a second assumed of a film that does not say how many it has."""


class Video(opencv.CaptureSource):
    live = False

    def __init__(self, path: Path, settings: CameraSettings, name: str | None = None) -> None:
        super().__init__(name or str(path))
        self._path = path
        self._settings = settings
        self._given = 0
        self._fps = 0.0

    def open(self) -> Opened:
        """Raises SourceError: missing, permission, unreadable."""
        self.close()
        self._given = 0
        self.time = None
        opencv.prepare(self._settings)
        try:
            with self._path.open("rb") as file:
                head = file.read(formats.HEAD)
                capture = cv2.VideoCapture(self._for_ffmpeg(file), cv2.CAP_FFMPEG)
        except FileNotFoundError as exc:
            raise SourceError(f"{self.name}: no such file", "missing") from exc
        except PermissionError as exc:
            raise SourceError(f"{self.name}: no permission to read it", "permission") from exc
        except OSError as exc:
            raise SourceError(f"{self.name}: {exc.strerror}", "unreadable") from exc
        if not capture.isOpened():
            raise SourceError(f"{self.name}: {_why(self._path, head)}", "unreadable")
        self._capture = capture
        self._fps = opencv.fps(capture)
        width, height = opencv.size(capture)
        return Opened(width, height, self._fps, "video file")

    def _for_ffmpeg(self, file: BinaryIO) -> str:
        # Absolute, because FFmpeg takes what precedes a colon in "a:b.mp4" for a protocol.
        name = str(self._path.absolute())
        try:
            name.encode()
        except UnicodeEncodeError:  # bytes that are no UTF-8: OpenCV crashes on such a name
            return f"/dev/fd/{file.fileno()}"
        return name

    def read(self) -> Image:
        """Raises EndOfStreamError, CorruptFrameError, SourceError."""
        if not self._grab():
            if not self._given:
                raise SourceError(f"{self.name}: {self._undecodable()}", "unreadable")
            self._warn_if_short(self._opened().get(cv2.CAP_PROP_FRAME_COUNT))
            raise EndOfStreamError(self.name)
        self._tell(self._opened().get(cv2.CAP_PROP_POS_MSEC) / 1000)
        image = opencv.retrieve(self._opened())
        self._given += 1
        return image

    def _tell(self, seconds: float) -> None:
        """Update `time`. Some containers hold no times, and those of damaged files go back."""
        if self.time is None:
            self.time = seconds if math.isfinite(seconds) else 0.0
        elif math.isfinite(seconds) and seconds > self.time:
            self.time = seconds
        else:
            self.time += 1 / (self._fps or USUAL_FPS)

    def _undecodable(self) -> str:
        codec = opencv.codec(self._opened())
        if codec not in opencv.FOREIGN:
            return f"not one frame can be decoded; is it damaged? Its codec: {codec or 'unknown'}"
        file, fresh = (shlex.quote(str(path)) for path in (self._path, f"{self._path}.h264.mp4"))
        return (
            f"its codec is {codec}, which this OpenCV cannot decode; convert it:"
            f" ffmpeg -i {file} -c:v libx264 {fresh}"
        )

    def _warn_if_short(self, promised: float) -> None:
        # FFmpeg reports damage and end alike; the count is an estimate in some containers, so
        # only a large difference says anything.
        if self._given < 0.9 * promised:
            log.warning(
                "%s ended after %d of about %d frames; is it damaged?",
                self.name,
                self._given,
                promised,
            )


def _why(path: Path, head: bytes) -> str:
    """Say why FFmpeg does not open the file `path`, which begins with `head`."""
    match formats.recognise(head):
        case None:
            return "no video that can be read; expected mp4, avi, mkv, mov or webm"
        case formats.Format(kind="video") as found:
            return f"{found.name}, but not complete to its end, or damaged"
        case found:
            return f"{found.name}, no video{found.advice(path)}"
