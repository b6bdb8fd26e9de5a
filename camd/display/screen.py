"""What a person sees and does: the window with its keys, and the line in the terminal."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace

from camd import files
from camd.config.settings import Settings
from camd.display import legend, overlay
from camd.display.overlay import Hud, Jpeg
from camd.display.window import Action, Window
from camd.terminal import Printer, Status
from camd.values import Frame, Image, Result

STATUS_S = 0.1
"""Least time between two updates of the line in the terminal."""
MESSAGE_S = 2.5
"""How long a message stays in the window."""
FIRST_SIZE = (960, 540)
"""Width and height of the window's picture until the first frame comes."""

Shown = tuple[Frame, Result]


def window_title(name: str) -> str:
    """Return the title of the window of the camera `name`."""
    return "camd" if name == "camd" else f"camd - {name}"


class Screen:
    """Shows each result and obeys the keys. Without a window there are no keys, without a terminal
    no line; nothing else changes."""

    def __init__(self, settings: Settings, window: Window | None, printer: Printer) -> None:
        self.paused = False
        self.quit = False
        """True once the user has asked for the end."""
        self._settings = settings
        self._window = window
        self._printer = printer
        self._masks = settings.mask
        self._details = settings.overlay.rejected
        self._legend = False
        self._began: float | None = None
        """When the first picture was shown."""
        self._message, self._message_until = "", 0.0
        self._next_status = 0.0

    def due(self, now: float) -> bool:
        """Tell whether the line is to be updated even if no frame came."""
        return now >= self._next_status

    def show(self, now: float, hud: Callable[[], Hud], shown: Shown | None, says: str) -> None:
        """Show it in the window and the terminal. `says`: the reading, for the terminal's line."""
        if not self._window and not self.due(now):
            return
        message = self._message if now < self._message_until else ""
        told = replace(hud(), paused=self.paused, message=message)
        if self._window:
            if shown and self._began is None:
                self._began = now
            keys = legend.visible(now - (now if self._began is None else self._began))
            helped = replace(told, keys=keys, legend=self._legend)
            self._window.show(self._draw(helped, shown))
        if self.due(now):
            self._next_status = now + STATUS_S
            self._printer.status(self._status(told, shown, says))

    def act(self, now: float, hud: Callable[[], Hud], shown: Shown | None) -> None:
        """Obey the keys pressed since the last call."""
        for action in self._window.poll() if self._window else ():
            self._next_status = now  # show at once what the key has changed
            if action is Action.QUIT:
                self.quit = True
            elif action is Action.PAUSE:
                self.paused = not self.paused
            elif action is Action.DETAILS:
                self._details = not self._details
            elif action is Action.LEGEND:
                self._legend = not self._legend
            elif action is Action.SAVE and shown:
                self._message, self._message_until = self._save(hud(), shown), now + MESSAGE_S
                self._printer.message(self._message)

    def picture(self, hud: Hud, shown: Shown, most: int = sys.maxsize) -> Jpeg:
        """Return what the window shows, but for messages to the user, as a file of at most `most`
        bytes where that can be."""
        drawn = self._draw(replace(hud, paused=self.paused), shown)
        return overlay.encode_within(drawn, self._settings.overlay.snapshot_quality, most)

    def _draw(self, hud: Hud, shown: Shown | None) -> Image:
        if shown is None:
            return overlay.waiting(FIRST_SIZE, hud)
        frame, result = shown
        return overlay.draw(frame.shown(), result, hud, details=self._details, masks=self._masks)

    def _status(self, hud: Hud, shown: Shown | None, says: str) -> Status:
        return Status(
            camera=hud.camera,
            fps=hud.fps,
            latency_ms=hud.latency_ms,
            digits=len(shown[1].digits) if shown else 0,
            broker=hud.broker,
            reading="paused" if self.paused else says,
        )

    def _save(self, hud: Hud, shown: Shown) -> str:
        frame = shown[0]
        moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(frame.at))
        name = f"{self._settings.name}-{moment}-{frame.number}.jpg"
        path = self._settings.overlay.snapshot_dir / name
        try:
            files.write(path, self.picture(hud, shown).data, durable=False)
        except OSError as error:
            return f"not saved: {path}: {error.strerror}"
        return f"saved {path}"
