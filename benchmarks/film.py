"""Runs camd as it is, but with a camera that plays a folder of JPEGs.

    python -m benchmarks.film FOLDER FPS ARGUMENTS

As with a webcam, a picture counts as captured when its bytes have arrived, and is decoded after
that. The film goes on even when nobody takes its pictures.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from camd.cli import root
from camd.daemon import daemon
from camd.sources.base import Opened
from camd.sources.jpeg import Jpeg
from camd.values import Image


class Film:
    live = True
    name = "film"

    def __init__(self, folder: Path, fps: float) -> None:
        self._pictures = [np.fromfile(file, np.uint8) for file in sorted(folder.glob("*.jpg"))]
        self._fps = fps
        self._began = 0.0
        self._number = -1
        self.grabbed = 0.0
        self.time: float | None = None
        self.colour: Callable[[], Image] | None = None

    def open(self) -> Opened:
        self._began = time.monotonic()
        return Opened(0, 0, self._fps, "film")

    def read(self) -> Image:
        """Wait for the next picture and return it; those that came since the last call are lost."""
        late = int((time.monotonic() - self._began) * self._fps)
        self._number = max(self._number + 1, late)
        self.grabbed = self._began + self._number / self._fps
        time.sleep(max(0.0, self.grabbed - time.monotonic()))
        jpeg = Jpeg(self._pictures[self._number % len(self._pictures)])
        self.colour = jpeg.colour
        return jpeg.grey()

    def label(self) -> str:
        return self.name

    def close(self) -> None:
        pass


def main() -> None:
    film = Film(Path(sys.argv.pop(1)), float(sys.argv.pop(1)))
    daemon.sources.from_uri = lambda *_, **__: film  # type: ignore[assignment]
    daemon.sources.are_stills = lambda *_: False  # type: ignore[assignment]
    root.main()


if __name__ == "__main__":
    main()
