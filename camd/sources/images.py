"""Pictures: one file, or those of a folder in natural order."""

import re
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.errors import SourceError
from camd.sources import jpeg, opencv
from camd.sources.base import CorruptFrameError, EndOfStreamError, Opened
from camd.values import Image

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif", ".jp2"}
    | {".pgm", ".ppm", ".pbm", ".pnm", ".gif"}
)
MAX_PIXELS = 100_000_000
"""More than ordinary phones take, 300 MB once decoded; a few bytes of PNG can claim far more."""

_PNG = b"\x89PNG\r\n\x1a\n"


def read_image(path: Path) -> Image:
    """Decode one picture, upright as its EXIF says. Any name, any script.

    Raises SourceError: missing, permission, unreadable."""
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path}: not a file", "unreadable")
        # imread takes only names of the system's code page on Windows; fromfile takes any.
        data = np.fromfile(path, np.uint8)
    except FileNotFoundError as exc:
        raise SourceError(f"{path}: no such file", "missing") from exc
    except PermissionError as exc:
        raise SourceError(f"{path}: no permission to read it", "permission") from exc
    except OSError as exc:
        raise SourceError(f"{path}: {exc.strerror or exc}", "unreadable") from exc
    if not data.size:
        raise SourceError(f"{path}: the file is empty", "unreadable")
    width, height = _claimed_size(data[:1_000_000].tobytes())
    if width * height > MAX_PIXELS:
        raise SourceError(
            f"{path}: {width}x{height} pixels; {MAX_PIXELS // 1_000_000} megapixels is the most",
            "unreadable",
        )
    try:
        return _decode(data)
    except (cv2.error, ValueError, MemoryError) as exc:
        raise SourceError(
            f"{path}: no picture that can be read; expected jpg, png, bmp, tif, webp or avif",
            "unreadable",
        ) from exc


def _decode(data: NDArray[np.uint8]) -> Image:
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("no decoder knows it")
    if data[:2].tobytes() != jpeg.START:
        # IMREAD_COLOR drops transparency, and ink drawn on nothing becomes black on black.
        layers = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if layers is not None and layers.shape[2:] == (4,) and layers.dtype != np.float32:
            return opencv.bgr(layers)
    return opencv.bgr(image)


def _claimed_size(head: bytes) -> tuple[int, int]:
    """Return (width, height) as a PNG or JPEG header claims; (0, 0) for others, which stay under
    OpenCV's own limit of 2**30 pixels."""
    if head.startswith(_PNG):
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    return jpeg.claimed_size(head)


class Images:
    live = False
    colour = None

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.grabbed = 0.0
        self._path = path
        self._files: list[Path] | None = None
        self._next = 0

    def open(self) -> Opened:
        """List the pictures; each open looks anew. Raises SourceError: missing, permission."""
        self._next = 0
        if not self._path.is_dir():
            if not self._path.exists():
                raise SourceError(f"{self.name}: no such file or folder", "missing")
            self._files = [self._path]
            return Opened(0, 0, 0.0, "one picture")
        try:
            self._files = sorted(filter(_is_picture, self._path.iterdir()), key=_natural)
        except PermissionError as exc:
            raise SourceError(f"{self.name}: no permission to list it", "permission") from exc
        if not self._files:
            raise SourceError(
                f"{self.name}: no pictures in this folder; expected jpg, png, bmp, tif, webp...",
                "missing",
            )
        return Opened(0, 0, 0.0, f"{len(self._files)} pictures")

    def read(self) -> Image:
        """Raises EndOfStreamError, SourceError; CorruptFrameError for one file of a folder."""
        if self._files is None:
            raise SourceError(f"{self.name}: read before it was opened")
        if self._next == len(self._files):
            raise EndOfStreamError(self.name)
        path = self._files[self._next]
        self._next += 1
        self.grabbed = time.monotonic()
        try:
            return read_image(path)
        except SourceError as exc:
            if path == self._path:
                raise
            raise CorruptFrameError(str(exc)) from exc

    def label(self) -> str:
        return str(self._files[self._next - 1]) if self._files and self._next else self.name

    def close(self) -> None:
        self._files = None
        self._next = 0


def _is_picture(path: Path) -> bool:
    # Archives from a Mac hold a "._page.jpg", which is no picture, beside each page.jpg.
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts img2 before img10."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts], path.name
