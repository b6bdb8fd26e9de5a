"""Reads one picture file, page by page, each turned upright; refuses what is too large.

Pillow reads it: for every format it tells the size, the pages, their times and which way is up
before anything is decoded.
"""

import functools
import itertools
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

import cv2
import numpy as np
from cv2.typing import MatLike

from camd.errors import SourceError
from camd.sources import formats, opencv
from camd.values import Image

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_PIXELS = 100_000_000
"""The largest page that is read: more than ordinary phones take, and 300 MB once decoded. A PNG of
a few bytes can claim far more."""
MAX_BYTES = 500_000_000
"""The largest file that is read. Uncompressed, MAX_PIXELS take 300 MB; a sparse file can claim any
size."""

_READ = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "DIB", "GIF", "JPEG2000", "PPM")
"""The formats that are tried, by Pillow's names. It knows more; for some of them it starts other
programs."""
_ORIENTATION = 0x0112
_SUBFILE = 254
_NO_PAGE = 1 | 4
"""Bits of a TIFF's subfile type: a smaller copy of another page, or the mask of one."""
_LEAST_MS, _USUAL_MS = 10, 100
"""A frame of an animation that claims to last _LEAST_MS or less lasts _USUAL_MS instead: browsers
and FFmpeg do the same, and makers of animations rely on it."""
_STRIP = 1_000_000
"""Pixels converted at a time: the whole page at once would be in memory twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    image: Image
    """(H, W, 3) uint8 BGR."""
    number: int
    """1 for the first."""
    count: int
    """Pages of the file; frames where it is animated."""
    time: float | None = None
    """Seconds from the beginning of the animation; None in a file that does not move."""

    @property
    def left_out(self) -> str:
        """What to tell the user where only this page of the file is read."""
        return f"only the first of its {self.count} pages is read" if self.count > 1 else ""


def read_pages(path: Path) -> Iterator[Page]:
    """Decode each page of a picture file, upright as its EXIF says. Any name, any script.

    Raises SourceError: missing, permission, unreadable."""
    where = str(path)
    with _open(path) as file:
        head = file.read(formats.HEAD)
        try:
            with _pillow().open(file, formats=_READ) as picture:
                pages = _pages(picture)
                moves = len(pages) > 1 and picture.format != "TIFF"
                time_ms = 0.0
                for number, at in enumerate(pages, 1):
                    where = f"{path}, page {number}" if number > 1 else str(path)
                    picture.seek(at)
                    image = _bgr(picture)
                    yield Page(image, number, len(pages), time_ms / 1000 if moves else None)
                    stays_ms = picture.info.get("duration") or 0
                    time_ms += stays_ms if stays_ms > _LEAST_MS else _USUAL_MS
        except SourceError:
            raise
        # Pillow's decoders raise whatever a damaged file leads them to, SyntaxError among them.
        except Exception as exc:
            raise SourceError(f"{where}: {_why(exc, path, head)}", "unreadable") from exc


def first_page(path: Path) -> Page:
    """Decode the first page of a picture file. Raises as `read_pages`."""
    return next(read_pages(path))


def is_animated(path: Path) -> bool:
    """Tell whether a picture file moves; one that cannot be read does not."""
    try:
        with _open(path) as file, _pillow().open(file, formats=_READ) as picture:
            return picture.format != "TIFF" and len(_pages(picture)) > 1
    except Exception:  # reading it will say what is wrong
        return False


def _open(path: Path) -> BinaryIO:
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{path}: not a file", "unreadable")
        size = path.stat().st_size
        if not size:
            raise SourceError(f"{path}: the file is empty", "unreadable")
        if size > MAX_BYTES:
            raise SourceError(
                f"{path}: {size / 1e6:.0f} MB; {MAX_BYTES / 1e6:.0f} MB are the most for a picture",
                "unreadable",
            )
        return path.open("rb")
    except FileNotFoundError as exc:
        raise SourceError(f"{path}: no such file", "missing") from exc
    except PermissionError as exc:
        raise SourceError(f"{path}: no permission to read it", "permission") from exc
    except OSError as exc:
        raise SourceError(f"{path}: {exc.strerror or exc}", "unreadable") from exc
    except ValueError as exc:  # a NUL
        raise SourceError(f"{path!r}: no file can have this name", "missing") from exc


@functools.cache
def _pillow() -> ModuleType:
    # Imported only now: reading a camera does without it, and starts faster.
    from PIL import Image as pillow  # noqa: N813, PLC0415

    # Pillow refuses a page with more than twice these pixels, before it takes memory for it. Of
    # fewer it only warns, as of much else; here only errors matter.
    pillow.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
    warnings.filterwarnings("ignore", module=r"PIL\.")
    return pillow


def _pages(picture: "Picture") -> list[int]:
    """Return the pages by the numbers that Pillow gives them."""
    if picture.format == "MPO":  # a JPEG, and after it its own previews and light maps
        return [0]
    if picture.format != "TIFF":
        return list(range(getattr(picture, "n_frames", 1)))
    pages = list(_tiff_pages(picture))
    if not pages:
        raise _NoPictureError(
            "holds nothing but a small preview, as the raw files of cameras do; save it as JPEG"
        )
    return pages


def _tiff_pages(picture: Any) -> Iterator[int]:
    for at in itertools.count():
        try:
            picture.seek(at)
        except EOFError:
            return
        except Exception:  # the pages before it can be read; reading this one says what is wrong
            yield at
            return
        if not picture.tag_v2.get(_SUBFILE, 0) & _NO_PAGE:
            yield at


class _NoPictureError(Exception):
    """Its text follows the name of the file in a message."""


def _why(exc: Exception, path: Path, head: bytes) -> str:
    """Say what is wrong with the file, and what to do about it."""
    if isinstance(exc, _pillow().DecompressionBombError):
        return f"larger than {MAX_PIXELS // 1_000_000} megapixels, the most that are read"
    if isinstance(exc, _NoPictureError):
        return str(exc)
    if isinstance(exc, OSError) and exc.errno is not None:
        return exc.strerror or str(exc)
    match formats.recognise(head):
        case None:
            return "no picture that can be read; expected jpg, png, bmp, tif, webp, avif or gif"
        case formats.Format(kind="video") as found:
            return f"{found.name}, no picture; camd run --device {shlex.quote(str(path))} reads it"
        case formats.Format(remedy="", kind="picture") as found:
            return f"{found.name}, but damaged or cut short"
        case found:
            return f"{found.name}, which camd cannot read{found.advice(path)}"


def _bgr(picture: "Picture") -> Image:
    """Decode the page sought last to (H, W, 3) uint8 BGR, upright."""
    picture.load()
    orientation = picture.getexif().get(_ORIENTATION, 1)
    if orientation != 1:
        from PIL import ImageOps  # noqa: PLC0415

        picture = ImageOps.exif_transpose(picture)
    width, height = picture.size
    image = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(top + rows, height)))
        image[top : top + rows] = opencv.bgr(_pixels(strip))
    return image


def _pixels(picture: "Picture") -> MatLike:
    """Return the pixels in a form that opencv.bgr takes."""
    if picture.mode.startswith("I"):  # 16 bits a pixel, even where the array holds 32
        return np.asarray(np.clip(np.asarray(picture), 0, 65535), np.uint16)
    if picture.has_transparency_data:
        return cv2.cvtColor(np.asarray(picture.convert("RGBA")), cv2.COLOR_RGBA2BGRA)
    return cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2BGR)
