"""A page with a few digits on it, for a camera to read."""

import cv2
import numpy as np

from camd.values import Image


def page(text: str, size: tuple[int, int] = (640, 360)) -> Image:
    """Dark writing on paper."""
    image = np.full((size[1], size[0], 3), 225, np.uint8)
    cv2.putText(image, text, (60, 220), cv2.FONT_HERSHEY_SIMPLEX, 3.0, (60, 40, 30), 9, cv2.LINE_AA)
    return image
