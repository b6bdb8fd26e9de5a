"""A screen that nobody sees: Xvfb, with someone at its keyboard."""

import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.values import Image

LONG = 30.0
"""Seconds that nothing takes unless it is broken."""
PATIENCE = 3.0
"""Seconds that a window may be black."""


class Display:
    def __init__(self, name: str) -> None:
        self.name = name
        """For the environment variable DISPLAY."""
        self.environment = {**os.environ, "DISPLAY": name}
        self._black_since: float | None = None

    def find(self, title: str) -> str:
        """Wait for the window of that title, give it the keyboard, and return its id."""
        found = self._do("search", "--sync", "--onlyvisible", "--name", f"^{title}$")
        window = found.split()[0]
        self._do("windowfocus", "--sync", window)
        return window

    def press(self, *keys: str) -> None:
        """Press keys by their X11 names, one after another."""
        self._do("key", "--delay", "40", *keys)

    def click(self, window: str, x: int, y: int) -> None:
        """Click the left button at (x, y) of the window, pixels."""
        self._do("mousemove", "--sync", "--window", window, str(x), str(y))
        self._do("click", "--delay", "60", "1")

    def place(self, window: str) -> tuple[int, int, int, int]:
        """Return x, y, width and height on the screen."""
        lines = self._do("getwindowgeometry", "--shell", window).splitlines()
        values = dict(line.split("=") for line in lines)
        x, y, width, height = (int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))
        return x, y, width, height

    def size(self, window: str) -> tuple[int, int]:
        return self.place(window)[2:]

    def ask_to_close(self, window: str) -> None:
        """What the close button of a window's frame does."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        server = ctypes.c_void_p(x11.XOpenDisplay(self.name.encode()))
        protocols, delete = (
            x11.XInternAtom(server, atom, 0) for atom in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
        )
        # XClientMessageEvent, padded to the size of the union XEvent.
        event = (ctypes.c_long * 24)()
        event[0], event[4], event[5], event[6], event[7] = 33, int(window), protocols, 32, delete
        x11.XSendEvent(server, ctypes.c_ulong(int(window)), 0, ctypes.c_long(0), event)
        x11.XCloseDisplay(server)

    def see(self, window: str, path: Path) -> Image:
        """Return what is seen of a window, (height, width, 3) BGR; `path` holds the whole screen.

        On a busy machine Qt misses at times that its window is on the screen, and never draws it;
        taken off and put back, it does. No window manager is here that would do so."""
        command = ["import", "-window", "root", str(path)]
        subprocess.run(command, env=self.environment, check=True, timeout=LONG)
        x, y, width, height = self.place(window)
        seen = np.asarray(cv2.imread(str(path)), np.uint8)[y : y + height, x : x + width]
        if seen.any():
            self._black_since = None
        elif self._black_since is None:
            self._black_since = time.monotonic()
        elif time.monotonic() - self._black_since > PATIENCE:
            self._do("windowunmap", "--sync", window, "windowmap", "--sync", window)
            self._do("windowfocus", "--sync", window)
            self._black_since = None
        return seen

    def _do(self, *command: str) -> str:
        return subprocess.run(
            ["xdotool", *command],
            env=self.environment,
            check=True,
            timeout=LONG,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout


@pytest.fixture
def display() -> Iterator[Display]:
    """A screen of 1280x800."""
    missing = [name for name in ("Xvfb", "xdotool", "import") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: apt-get install xvfb xdotool imagemagick")
    reader, writer = os.pipe()
    # On a busy machine a key would be held for so long that it repeats itself (-r).
    command = ["Xvfb", "-r", "-displayfd", str(writer), "-screen", "0", "1280x800x24"]
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writer], stderr=subprocess.DEVNULL
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb does not start"
        yield Display(f":{number}")
    finally:
        server.terminate()
        server.wait(LONG)
