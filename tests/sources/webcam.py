"""A stand-in for cv2.VideoCapture where there is no camera."""

from collections.abc import Sequence
from itertools import cycle

import cv2
import numpy as np
from numpy.typing import NDArray

OFFERS = {"YUYV": (640, 480), "MJPG": (1280, 720)}


def jpeg(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the bytes, (N,) uint8."""
    return np.asarray(cv2.imencode(".jpg", picture)[1], np.uint8).reshape(-1)


class Webcam:
    """A camera that offers YUYV at 640x480 and MJPG at 1280x720, 30 fps; like V4L2 it replaces
    what it does not offer, and a new format resets the size. It gives `pictures` in turns: BGR or
    grey, or bytes of JPEG, which it decodes unless asked not to convert."""

    def __init__(self, pictures: Sequence[NDArray[np.uint8]] = ()) -> None:
        self.pictures = cycle(pictures or [jpeg(np.zeros((720, 1280, 3), np.uint8))])
        self.grabs: list[bool] | None = None
        """What the next grabs come to; None: all succeed."""
        self.fourcc = "YUYV"
        self.size = OFFERS["YUYV"]
        self.converts = True
        self.refuses = False
        self.stamp = 0.0
        """When the driver says that it was given the frame, seconds; 0: it says nothing."""
        self.opened = False
        self.node = ""

    def __call__(self, node: str, _: int) -> "Webcam":
        """Open, as cv2.VideoCapture(node, cv2.CAP_V4L2) does."""
        self.node, self.converts, self.opened = node, True, not self.refuses
        return self

    def isOpened(self) -> bool:  # noqa: N802
        return self.opened

    def set(self, prop: int, value: float) -> bool:
        if prop == cv2.CAP_PROP_FOURCC:
            asked = int(value).to_bytes(4, "little").decode()
            self.fourcc = asked if asked in OFFERS else "YUYV"
            self.size = (320, 240)
        elif prop == cv2.CAP_PROP_FRAME_HEIGHT:
            self.size = OFFERS[self.fourcc]
        elif prop == cv2.CAP_PROP_CONVERT_RGB:
            self.converts = bool(value)
        return True

    def get(self, prop: int) -> float:
        return {
            cv2.CAP_PROP_FOURCC: int.from_bytes(self.fourcc.encode(), "little"),
            cv2.CAP_PROP_FRAME_WIDTH: self.size[0],
            cv2.CAP_PROP_FRAME_HEIGHT: self.size[1],
            cv2.CAP_PROP_FPS: 30.0,
            cv2.CAP_PROP_POS_MSEC: 1000 * self.stamp,
        }[prop]

    def grab(self) -> bool:
        return self.grabs is None or bool(self.grabs and self.grabs.pop(0))

    def retrieve(self) -> tuple[bool, NDArray[np.uint8] | None]:
        picture = next(self.pictures)
        if picture.ndim > 1:
            return True, picture
        if not self.converts:
            return True, picture[None]
        image = cv2.imdecode(picture, cv2.IMREAD_COLOR)
        return image is not None, None if image is None else np.asarray(image, np.uint8)

    def release(self) -> None:
        self.opened = False
