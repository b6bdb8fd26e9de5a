"""Small pictures and clips, told apart by their brightness."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

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
