"""The window, which belongs to the main thread; there is none where no display is."""

import logging
import os
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import cv2
import numpy as np

from camd.values import Image

log = logging.getLogger(__name__)

SHARE = 0.8
"""Share of the screen's width and height that a window takes at first, at most."""
LEAST_WIDTH = 640
"""Pixels; a narrower picture is enlarged to this width at first."""
NO_SCREEN = (1280, 720)
"""Pixels; the size assumed of a screen that cannot be asked for its size."""
KEYS_AT_ONCE = 16
"""Keys handled in one poll; the others wait for the next, so that a held key stops no frame."""
MOVES_KEPT = 256
"""Mouse events kept until somebody asks for them."""
PROBE_S = 5.0
"""Seconds; a display that takes longer to answer counts as none."""

# Asks for the screen's size through Xlib, which answers NULL where Qt would end the process. In a
# process of its own: connecting to a display on another host can hang.
_PROBE = """
import ctypes, ctypes.util
x = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
x.XOpenDisplay.restype = ctypes.c_void_p
x.XOpenDisplay.argtypes = [ctypes.c_char_p]
display = x.XOpenDisplay(None)
if not display:
    raise SystemExit(1)
screen = [ctypes.c_void_p(display), x.XDefaultScreen(ctypes.c_void_p(display))]
print(x.XDisplayWidth(*screen), x.XDisplayHeight(*screen))
"""


class Action(Enum):
    QUIT = "quit"
    PAUSE = "pause"
    SAVE = "save"
    DETAILS = "details"
    LEGEND = "legend"
    ACCEPT = "accept"
    UNDO = "undo"
    TURN = "turn"
    NEXT = "next"
    SKIP = "skip"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Pointer:
    """One event of the mouse: its left button was pressed or released, or it was moved."""

    kind: Literal["press", "move", "release"]
    x: float
    y: float
    """Shares of the width and height of the picture shown, 0..1."""


_ACTIONS = {
    "q": Action.QUIT,
    "\x1b": Action.QUIT,
    "\r": Action.ACCEPT,
    "\b": Action.UNDO,
    "r": Action.TURN,
    " ": Action.PAUSE,
    "s": Action.SAVE,
    "d": Action.DETAILS,
    "?": Action.LEGEND,
}

_SPECIAL = {
    0xFF1B: Action.QUIT,  # Escape
    0xFF53: Action.NEXT,  # Right
    0xFF56: Action.SKIP,  # Page Down
    0xFF50: Action.FIRST,  # Home
}
"""Keys that are no letters, by their X11 codes."""

_BUTTON: dict[int, Literal["press", "move", "release"]] = {
    cv2.EVENT_LBUTTONDOWN: "press",
    cv2.EVENT_LBUTTONDBLCLK: "press",
    cv2.EVENT_MOUSEMOVE: "move",
    cv2.EVENT_LBUTTONUP: "release",
}


class Window:
    """Use it on the main thread only."""

    def __init__(self, title: str, screen: tuple[int, int] | None) -> None:
        self._title = title
        self._screen = screen
        self._shape: tuple[int, ...] = ()
        self._closed = False
        self._size = (1, 1)
        self._pointer: deque[Pointer] = deque(maxlen=MOVES_KEPT)

    @classmethod
    def open(cls, title: str) -> "Window | None":
        """Return a window, which appears with its first picture. Where there can be none, return
        None and log why."""
        if not cv2.currentUIFramework():
            log.info("no window: this OpenCV is built without windows (opencv-python has them)")
            return None
        if sys.platform in ("darwin", "win32"):
            return cls(title, None)
        if not os.environ.get("DISPLAY"):
            log.info("no window: no display (DISPLAY is not set)")
            return None
        screen = _screen_size()
        if screen is None:
            log.info("no window: display %s cannot be reached", os.environ["DISPLAY"])
            return None
        # OpenCV's wheel has Qt's plugin for X11 only. Desktops on Wayland set this variable to
        # another one, and Qt would end the process. Qt's warnings are of no use to a user.
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
        return cls(title, screen)

    @property
    def room(self) -> tuple[int, int]:
        """The largest width and height of a picture that is shown at first without being shrunk."""
        width, height = self._screen or NO_SCREEN
        return round(SHARE * width), round(SHARE * height)

    def show(self, image: Image) -> None:
        """Show the picture; nothing once the window is closed."""
        if self._closed:
            return
        if not self._shape:
            flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
            cv2.namedWindow(self._title, flags)
            cv2.setMouseCallback(self._title, self._on_mouse)
        if image.shape != self._shape:
            self._shape = image.shape
            # The window has this size only after the next poll, so it cannot be asked for it now.
            size = [*first_size(image.shape[1], image.shape[0], self._screen)]
            cv2.resizeWindow(self._title, *size)
        else:
            _, _, *size = cv2.getWindowImageRect(self._title)
        shown = _shrunk(image, *size)
        self._size = shown.shape[1], shown.shape[0]
        cv2.imshow(self._title, shown)

    def poll(self) -> list[Action]:
        """Handle the window's events; return what the user asked for since the last call.

        This also paints what was shown: call it after each `show`, and often."""
        if self._closed or not self._shape:
            return []
        actions = []
        for _ in range(KEYS_AT_ONCE):
            key = cv2.waitKeyEx(1)
            if key == -1:
                break
            action = action_of(key)
            if action:
                actions.append(action)
        if not self._visible():
            self._closed = True
            actions.append(Action.QUIT)
        return actions

    def pointed(self) -> list[Pointer]:
        """Return the mouse events up to the last poll, the oldest first. If nobody calls this, the
        oldest are dropped."""
        done = list(self._pointer)
        self._pointer.clear()
        return done

    def _on_mouse(self, event: int, x: int, y: int, _flags: int, _data: object) -> None:
        kind = _BUTTON.get(event)
        if kind:  # the middle of the pixel
            self._pointer.append(
                Pointer(kind, (x + 0.5) / self._size[0], (y + 0.5) / self._size[1])
            )

    def _visible(self) -> bool:
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:  # Qt's answer once the last window is gone
            return False

    def close(self) -> None:
        """Harmless when closed already."""
        if self._shape and not self._closed:
            cv2.destroyWindow(self._title)
            cv2.waitKeyEx(1)
        self._closed = True


def action_of(key: int) -> Action | None:
    """Return what a key code of `cv2.waitKeyEx` asks for.

    A code of `waitKey` will not do: it has the lowest byte only, so the left arrow (X11's 0xff51)
    is a Q, and the right one an S. Bits above the lowest 16 are modifiers: Num Lock, Caps Lock."""
    code = key & 0xFFFF
    return _SPECIAL.get(code) or _ACTIONS.get(chr(code).lower())


def first_size(width: int, height: int, screen: tuple[int, int] | None) -> tuple[int, int]:
    """Return the size of a window for a picture, keeping its proportions."""
    scale = max(1.0, LEAST_WIDTH / width)
    if screen:
        scale = min(scale, SHARE * screen[0] / width, SHARE * screen[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrunk(image: Image, width: int, height: int) -> Image:
    """Shrink a picture to its window. Qt would leave pixels out, which makes small type
    unreadable."""
    scale = min(width / image.shape[1], height / image.shape[0])
    if not 0 < scale < 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _screen_size() -> tuple[int, int] | None:
    """Return width and height of the X11 screen; None where no X server answers."""
    command = [sys.executable, "-c", _PROBE]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_S, check=True, text=True)
        width, height = done.stdout.split()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return int(width), int(height)
