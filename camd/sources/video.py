"""A video file: every frame, in order."""

import logging
from pathlib import Path

import cv2

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import opencv
from camd.sources.base import EndOfStreamError, Opened
from camd.values import Image

log = logging.getLogger(__name__)


class Video(opencv.CaptureSource):
    live = False

    def __init__(self, path: Path, settings: CameraSettings, name: str | None = None) -> None:
        super().__init__(name or str(path))
        self._path = path
        self._settings = settings
        self._given = 0

    def open(self) -> Opened:
        """Raises SourceError: missing, permission, unreadable."""
        self.close()
        self._given = 0
        try:
            with self._path.open("rb"):
                pass
        except FileNotFoundError as exc:
            raise SourceError(f"{self.name}: no such file", "missing") from exc
        except PermissionError as exc:
            raise SourceError(f"{self.name}: no permission to read it", "permission") from exc
        except OSError as exc:
            raise SourceError(f"{self.name}: {exc.strerror}", "unreadable") from exc
        opencv.prepare(self._settings)
        # Absolute, because FFmpeg takes what precedes a colon in "a:b.mp4" for a protocol.
        capture = cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceError(
                f"{self.name}: no video that can be read; expected mp4, avi, mkv, mov or webm,"
                " complete to its end",
                "unreadable",
            )
        self._capture = capture
        width, height = opencv.size(capture)
        return Opened(width, height, opencv.fps(capture), "video file")

    def read(self) -> Image:
        """Raises EndOfStreamError, CorruptFrameError, SourceError."""
        if not self._grab():
            if not self._given:
                raise SourceError(f"{self.name}: not one frame can be decoded", "unreadable")
            self._warn_if_short(self._opened().get(cv2.CAP_PROP_FRAME_COUNT))
            raise EndOfStreamError(self.name)
        image = opencv.retrieve(self._opened())
        self._given += 1
        return image

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
