"""Small pictures and clips, told apart by their brightness."""

import re
import struct
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow

from camd.values import Image


def grey(value: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def write(path: Path, picture: np.ndarray) -> Path:
    ok, data = cv2.imencode(path.suffix, picture)
    assert ok
    path.write_bytes(data.tobytes())
    return path


def clip(path: Path, pictures: Sequence[Image], fourcc: str = "MJPG", fps: float = 20) -> Path:
    height, width = pictures[0].shape[:2]
    code = cv2.VideoWriter.fourcc(*fourcc)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, fps, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def animation(path: Path, pictures: Sequence[Image], stays_ms: Sequence[int]) -> Path:
    """A GIF, APNG, WebP or AVIF, by its suffix; each picture stays for so many milliseconds."""
    first, *others = (Pillow.fromarray(picture[:, :, ::-1].copy()) for picture in pictures)
    first.save(path, save_all=True, append_images=others, duration=list(stays_ms))
    return path


def variable(path: Path, pictures: Sequence[Image], stays_ms: Sequence[int]) -> Path:
    """An MP4 of which each picture stays for so many milliseconds, as phones and screen recorders
    write it: OpenCV's film of one rate, and in its table of times (`stts`) others."""
    clip(path, pictures, "mp4v", fps=20)
    data = path.read_bytes().replace(b"edts", b"free")  # which would end it when it was to end
    # The clock's ticks a second stand in mdhd behind its version and two dates.
    clock = int.from_bytes(data[data.index(b"mdhd") + 16 :][:4])
    ticks = [clock * ms // 1000 for ms in stays_ms]
    old = data[(at := data.index(b"stts") - 4) :][: int.from_bytes(data[at : at + 4])]
    table = struct.pack(">I", len(ticks)) + b"".join(struct.pack(">II", 1, n) for n in ticks)
    new = struct.pack(">I", 12 + len(table)) + b"stts" + bytes(4) + table
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):  # what holds it grows with it
        size_at = data.rindex(name, 0, at) - 4
        size = int.from_bytes(data[size_at : size_at + 4]) + len(new) - len(old)
        data = data[:size_at] + struct.pack(">I", size) + data[size_at + 4 :]
    path.write_bytes(data[:at] + new + data[at + len(old) :])
    return path


def av1(path: Path) -> Path:
    """An MP4 of a codec that OpenCV's wheels leave out: an AVIF that moves is one but in name."""
    moving = animation(path.with_suffix(".avif"), [grey(9), grey(99)], (100, 100))
    path.write_bytes(re.sub(rb"avis|avif|mif1|msf1", b"isom", moving.read_bytes()))
    moving.unlink()
    return path
