"""A page with a few digits on it, for a camera to read."""

from pathlib import Path

import cv2
import numpy as np

from camd.values import Image


def page(text: str, size: tuple[int, int] = (640, 360)) -> Image:
    """Dark writing on paper."""
    image = np.full((size[1], size[0], 3), 225, np.uint8)
    cv2.putText(image, text, (60, 220), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (60, 40, 30), 9, cv2.LINE_AA)
    return image


def film(path: Path, *texts: str, frames: int = 60, size: tuple[int, int] = (640, 360)) -> Path:
    """Write a video of 30 pictures a second; each page stays for so many `frames`."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, size)
    for text in texts:
        picture = cv2.resize(page(text), size, interpolation=cv2.INTER_AREA)
        for _ in range(frames):
            writer.write(picture)
    writer.release()
    return path
