"""Pictures: one file, or all in a folder, img2 before img10. Each page of a file is a frame."""

import re
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from camd.errors import SourceError
from camd.sources.base import CorruptFrameError, EndOfStreamError, Opened
from camd.sources.picture import Page, is_animated, read_pages
from camd.values import Image

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".apng", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif"}
    | {".jp2", ".j2k", ".pgm", ".ppm", ".pbm", ".pnm", ".gif"}
    # camd cannot read these. They are listed to get an error: else they would be missed in silence.
    | {".heic", ".heif", ".hif", ".jxl"}
)


class Images:
    live = False
    colour = None

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.grabbed = 0.0
        self.time: float | None = None
        self._path = path
        self._files: list[Path] | None = None
        self._next = 0
        self._pages: Iterator[Page] = iter(())
        self._page: Page | None = None

    @cached_property
    def animated(self) -> bool:
        """Whether it is one animated file, whose frames all show the same scene."""
        return self._path.is_file() and is_animated(self._path)

    def open(self) -> Opened:
        """List the pictures; each open looks anew. Raises SourceError: missing, permission."""
        self.close()
        if not self._path.is_dir():
            if not self._path.exists():
                raise SourceError(f"{self.name}: no such file or folder", "missing")
            self._files = [self._path]
            return Opened(0, 0, 0.0, "a picture file")
        try:
            self._files = sorted(filter(_is_picture, self._path.iterdir()), key=_natural)
        except PermissionError as exc:
            raise SourceError(f"{self.name}: no permission to list it", "permission") from exc
        if not self._files:
            raise SourceError(
                f"{self.name}: no pictures in this folder; expected jpg, png, bmp, tif, webp...",
                "missing",
            )
        return Opened(0, 0, 0.0, f"{len(self._files)} picture files")

    def read(self) -> Image:
        """Raises EndOfStreamError, SourceError; CorruptFrameError for one file of a folder."""
        if self._files is None:
            raise SourceError(f"{self.name}: read before it was opened")
        alone = self._files == [self._path]
        self.grabbed = time.monotonic()
        while True:
            try:
                page = next(self._pages, None)
            except SourceError as exc:
                if alone:
                    raise
                raise CorruptFrameError(str(exc)) from exc
            if page is not None:
                break
            if self._next == len(self._files):
                raise self._end()
            self._pages = read_pages(self._files[self._next])
            self._next += 1
        self._page = page
        self.time = page.time if alone else None
        return page.image

    def _end(self) -> Exception:
        if self._page is None:
            return SourceError(f"{self.name}: none of its pictures can be read", "unreadable")
        return EndOfStreamError(self.name)

    def label(self) -> str:
        if not self._files or self._page is None:
            return self.name
        file, page = str(self._files[self._next - 1]), self._page
        return file if page.count == 1 else f"{file}, page {page.number} of {page.count}"

    def close(self) -> None:
        self._files = None
        self._next = 0
        self._pages = iter(())
        self._page = None
        self.time = None


def _is_picture(path: Path) -> bool:
    # Archives from a Mac hold a "._page.jpg", which is no picture, beside each page.jpg.
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts img2 before img10."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts], path.name
