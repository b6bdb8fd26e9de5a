import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from camd.display.window import Action, Window, action_of, first_size
from testing.broker import until
from testing.display import LONG, Display, display

__all__ = ["display"]

ROOT = Path(__file__).parents[2]

# A process of its own, as Qt keeps its first display for ever, and ends with it.
PROGRAM = """
import logging, sys
import numpy as np
from camd.display.window import Window
logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
window = Window.open("camd - desk")
if window is None:
    sys.exit()
picture = np.zeros((720, 1280, 3), np.uint8)
picture[:360] = 40, 160, 240
picture[360:] = 200, 90, 20
window.show(picture)
window.poll()
print("shown", flush=True)
done = False
while not done:
    window.show(picture)
    for action in window.poll():
        print(action.value, flush=True)
        done = done or action.value == "quit"
window.show(picture)
assert window.poll() == []
window.close()
window.close()
print("over", flush=True)
"""


SCREEN = """
import sys
import numpy as np
from camd.config.settings import Settings
from camd.display.overlay import Hud
from camd.display.screen import Screen
from camd.display.window import Window
from camd.terminal import Printer
from camd.values import Frame, Result
settings = Settings()
screen = Screen(settings, Window.open("camd"), Printer(sys.stderr, live=False))
shown = Frame(np.full((480, 640, 3), 200, np.uint8), 1, 0.0, 0.0), Result()
for line in sys.stdin:
    for _ in range(20):
        screen.show(float(line), Hud, shown, "")
        screen.act(float(line), Hud, shown)
    print("shown", flush=True)
"""


class Running:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self.process = process
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def says(self) -> str:
        return self._lines.get(timeout=LONG)


@contextmanager
def running(environment: dict[str, str], program: str = PROGRAM) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()


def without_display(**more: str) -> dict[str, str]:
    unset = ("DISPLAY", "WAYLAND_DISPLAY")
    return {key: value for key, value in os.environ.items() if key not in unset} | more


def test_shows_the_picture_and_tells_each_key(display: Display, tmp_path: Path) -> None:
    with running(display.environment) as program:
        assert program.says() == "shown"
        window = display.find("camd - desk")
        width, height = display.size(window)
        assert width <= 0.8 * 1280
        assert abs(width / height - 1280 / 720) < 0.01

        def painted() -> bool:
            # On a busy machine it may still be on its way to its place and size.
            seen = display.see(window, tmp_path / "screen.png")
            height = len(seen)
            column = seen[:, seen.shape[1] // 2]
            upper, lower = column[height // 4], column[3 * height // 4]
            return upper.tolist() == [40, 160, 240] and lower.tolist() == [200, 90, 20]

        until(painted, "the picture on the screen")

        # The arrows and Shift come first: they must not be taken for letters.
        display.press("Left", "Right", "Shift_L", "F1", "x", "space", "s", "d", "question")
        said = [program.says() for _ in range(5)]
        assert said == ["next", "pause", "save", "details", "legend"]
        display.press("Num_Lock", "Caps_Lock", "s", "Caps_Lock", "Num_Lock", "D")
        assert [program.says() for _ in range(2)] == ["save", "details"]
        display.press("q")
        assert [program.says() for _ in range(2)] == ["quit", "over"]
        assert program.process.wait(LONG) == 0
        assert program.process.stderr
        assert program.process.stderr.read() == ""


def test_the_keys_are_said_for_some_seconds_after_the_first_picture(
    display: Display, tmp_path: Path
) -> None:
    with running(display.environment, SCREEN) as program:

        def line_of_keys(now: float) -> bool:
            assert program.process.stdin
            program.process.stdin.write(f"{now}\n")
            program.process.stdin.flush()
            assert program.says() == "shown"
            seen = display.see(display.find("camd"), tmp_path / "screen.png")
            height, width = seen.shape[:2]
            bright = seen[height // 2 : 9 * height // 10, width // 3 : width // 2]
            return bool(bright.min() < 150)

        until(lambda: line_of_keys(1000.0), "the line of keys")
        assert line_of_keys(1003.0)
        until(lambda: not line_of_keys(1007.0), "the picture without it")


def test_escape_quits(display: Display) -> None:
    with running(display.environment) as program:
        assert program.says() == "shown"
        display.find("camd - desk")
        display.press("Escape")
        assert [program.says() for _ in range(2)] == ["quit", "over"]


def test_closing_the_window_quits(display: Display) -> None:
    with running(display.environment) as program:
        assert program.says() == "shown"
        display.ask_to_close(display.find("camd - desk"))
        assert [program.says() for _ in range(2)] == ["quit", "over"]
        assert program.process.wait(LONG) == 0


def test_a_desktop_on_wayland_shows_it_through_x11(display: Display) -> None:
    wayland = {"QT_QPA_PLATFORM": "wayland", "XDG_SESSION_TYPE": "wayland"}
    with running({**display.environment, **wayland}) as program:
        assert program.says() == "shown"
        display.find("camd - desk")
        display.press("q")
        assert program.says() == "quit"
        assert program.process.wait(LONG) == 0
        assert program.process.stderr
        assert program.process.stderr.read() == ""


@pytest.mark.parametrize("name", ["", ":4321"])
def test_no_display_is_no_window_and_one_line_that_says_why(name: str) -> None:
    environment = without_display(DISPLAY=name) if name else without_display()
    with running(environment) as program:
        line = program.says()
        assert line.startswith("no window: ")
        assert (name or "DISPLAY is not set") in line
        assert program.process.wait(LONG) == 0
        assert program.process.stderr
        assert program.process.stderr.read() == ""


def test_polling_and_closing_before_the_first_picture_do_nothing() -> None:
    window = Window("camd - desk", None)
    assert window.poll() == []
    window.close()
    window.show(np.zeros((4, 4, 3), np.uint8))
    assert window.poll() == []


@pytest.mark.parametrize("modifiers", [0, 0x100000, 0x20000])
@pytest.mark.parametrize(
    ("key", "action"),
    [
        (ord("q"), Action.QUIT),
        (ord("Q"), Action.QUIT),
        (27, Action.QUIT),
        (0xFF1B, Action.QUIT),
        (ord(" "), Action.PAUSE),
        (ord("s"), Action.SAVE),
        (ord("D"), Action.DETAILS),
        (ord("?"), Action.LEGEND),
        (0xFF51, None),
        (0xFF53, Action.NEXT),
        (0xFF56, Action.SKIP),
        (0xFF50, Action.FIRST),
        (0xFFE1, None),
        (ord("x"), None),
    ],
)
def test_key_codes(key: int, modifiers: int, action: Action | None) -> None:
    assert action_of(key | modifiers) is action


@pytest.mark.parametrize(
    ("picture", "screen", "size"),
    [
        ((1920, 1080), (1920, 1080), (1536, 864)),
        ((1280, 720), (1920, 1080), (1280, 720)),
        ((320, 240), (1920, 1080), (640, 480)),
        ((720, 1280), (1920, 1080), (486, 864)),
        ((1280, 720), None, (1280, 720)),
        ((1, 4000), (1920, 1080), (1, 864)),
    ],
)
def test_the_first_size_fits_the_screen(
    picture: tuple[int, int], screen: tuple[int, int] | None, size: tuple[int, int]
) -> None:
    assert first_size(*picture, screen) == size
