"""PURE. Recognises a file's format by its first bytes: its name can be wrong, or have no suffix."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HEAD = 64
"""How many first bytes of a file `recognise` needs."""


@dataclass(frozen=True, slots=True)
class Format:
    name: str
    """With its article, for use in a sentence: "a TIFF picture"."""
    kind: Literal["picture", "video", "other"]
    remedy: str = ""
    """For a format that camd cannot decode: what to do about it; {0} is the file, {1} a JPEG."""

    def advice(self, path: Path) -> str:
        """Say what to do about the file `path`, to follow its name; empty where nothing helps."""
        if not self.remedy:
            return ""
        return (
            f"; {self.remedy.format(*(shlex.quote(str(name)) for name in (path, f'{path}.jpg')))}"
        )


_CONVERT = "save it as JPEG or PNG, for example: magick {0} {1}"

_BRANDS = (
    (rb"avif|avis", Format("an AVIF picture", "picture")),
    (
        rb"hei[cxms]|hev[cxms]|mif1|msf1",
        Format(
            "a HEIC picture, as iPhones take them",
            "picture",
            "save it as JPEG or PNG, for example: heif-convert {0} {1}",
        ),
    ),
    (rb"crx ", Format("a camera's raw file (CR3)", "picture", _CONVERT)),
    (rb"M4A |M4B ", Format("a sound file (M4A)", "other")),
    (rb"qt  ", Format("a QuickTime video", "video")),
    (rb"....", Format("an MP4 video", "video")),
)
"""Formats of ISO base media files (MP4 and its relatives): the first of which a brand is named in
the file's `ftyp` box."""

_STARTS = (
    (rb"\xff\xd8\xff", Format("a JPEG picture", "picture")),
    (rb"\x89PNG\r\n\x1a\n", Format("a PNG picture", "picture")),
    (rb"GIF8[79]a", Format("a GIF picture", "picture")),
    (rb"RIFF....WEBP", Format("a WebP picture", "picture")),
    (rb"RIFF....AVI ", Format("an AVI video", "video")),
    (rb"RIFF....WAVE", Format("a sound file (WAV)", "other")),
    (rb"BM....\0\0\0\0", Format("a BMP picture", "picture")),
    (rb"II\*\0....CR", Format("a camera's raw file (CR2)", "picture", _CONVERT)),
    (rb"II[*+]\0|MM\0[*+]", Format("a TIFF picture", "picture")),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", Format("a JPEG 2000 picture", "picture")),
    (rb"P[1-7]\s", Format("a PNM picture", "picture")),
    (
        rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
        Format("a JPEG XL picture", "picture", "save it as JPEG or PNG, for example: djxl {0} {1}"),
    ),
    (rb"II\xbc\x01", Format("a JPEG XR picture", "picture", _CONVERT)),
    (rb"8BPS", Format("a Photoshop file", "picture", _CONVERT)),
    (rb"gimp xcf", Format("a GIMP file", "picture", _CONVERT)),
    (
        rb"%PDF-",
        Format(
            "a PDF document",
            "picture",
            "make pictures of its pages, for example: pdftoppm -r 200 -png {0} page",
        ),
    ),
    (rb"%!PS|\xc5\xd0\xd3\xc6", Format("a PostScript document", "picture", _CONVERT)),
    (rb"....(moov|mdat|wide|free|skip)", Format("a QuickTime video", "video")),
    (rb"\x1aE\xdf\xa3", Format("a Matroska or WebM video", "video")),
    (rb"FLV\x01", Format("an FLV video", "video")),
    (rb"OggS", Format("an Ogg file", "video")),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Format("a Windows Media file", "video")),
    (rb"\0\0\x01[\xba\xb3]", Format("an MPEG video", "video")),
    (rb"ID3|\xff[\xfb\xf3\xf2]", Format("a sound file (MP3)", "other")),
    (rb"fLaC", Format("a sound file (FLAC)", "other")),
    (rb"PK\x03\x04", Format("a ZIP archive", "other", "unpack it first")),
    (
        rb"\x1f\x8b|7z\xbc\xaf\x27\x1c|\xfd7zXZ\0",
        Format("a packed file", "other", "unpack it first"),
    ),
    (rb"(?i)\s*<(!doctype html|html|\?xml|svg)", Format("a web page or a drawing", "other")),
)


def recognise(head: bytes) -> Format | None:
    """Recognise a file by its first bytes: HEAD of them, or all of a shorter file."""
    if head[4:8] == b"ftyp":
        size = min(max(16, int.from_bytes(head[:4])), len(head))
        brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
        return _first(_BRANDS, lambda each: any(re.fullmatch(each, b, re.DOTALL) for b in brands))
    return _first(_STARTS, lambda each: re.match(each, head, re.DOTALL))


def _first(
    table: tuple[tuple[bytes, Format], ...], fits: Callable[[bytes], object]
) -> Format | None:
    return next((found for pattern, found in table if fits(pattern)), None)
