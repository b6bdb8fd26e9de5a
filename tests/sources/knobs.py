"""Cameras to be set, where there is none: a stand-in for a device's controls, and one for the
kernel below linuxpy, which answers the ioctls of a device file."""

import ctypes
import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from linuxpy.video import device as linuxpy
from linuxpy.video import raw

from camd.sources import controls
from camd.sources.controls import Control

WEBCAM = {
    controls.AUTO_WHITE_BALANCE: Control("White Balance, Automatic", 1, 1, 0, 1),
    controls.GAIN: Control("Gain", 0, 0, 0, 255),
    controls.POWER_LINE_FREQUENCY: Control(
        "Power Line Frequency", 2, 2, 0, 2, choices={0: "Disabled", 1: "50 Hz", 2: "60 Hz"}
    ),
    controls.WHITE_BALANCE_TEMPERATURE: Control("White Balance", 4000, 4000, 2000, 6500, 10),
    controls.EXPOSURE_AUTO: Control(
        "Auto Exposure", 3, 3, 0, 3, choices={1: "Manual Mode", 3: "Aperture Priority Mode"}
    ),
    controls.EXPOSURE_ABSOLUTE: Control("Exposure Time, Absolute", 250, 250, 3, 2047),
    controls.FOCUS_ABSOLUTE: Control("Focus, Absolute", 60, 0, 0, 250, 5),
    controls.FOCUS_AUTO: Control("Focus, Automatic Continuous", 1, 1, 0, 1),
}
"""As a Logitech C920 has them."""


class Knobs:
    """A camera's controls. Like a webcam it takes no number while it chooses that itself."""

    AUTOMATIC: Mapping[int, tuple[int, int]] = {
        controls.EXPOSURE_ABSOLUTE: (controls.EXPOSURE_AUTO, 3),
        controls.FOCUS_ABSOLUTE: (controls.FOCUS_AUTO, 1),
        controls.WHITE_BALANCE_TEMPERATURE: (controls.AUTO_WHITE_BALANCE, 1),
    }

    def __init__(self, found: Mapping[int, Control] = WEBCAM) -> None:
        self.found = dict(found)
        self.done: list[tuple[int, int]] = []
        self.deaf: set[int] = set()
        """It takes these without a word, and does nothing."""
        self.gone = False
        self.open = 0

    def __call__(self, _: str) -> "Knobs":
        """Open, as controls.V4l2(node) does."""
        if self.gone:
            raise OSError(errno.ENODEV, "No such device")
        self.open += 1
        return self

    def controls(self) -> Mapping[int, Control]:
        return dict(self.found)

    def set(self, number: int, value: int) -> None:
        control = self.found[number]
        automatic, on = self.AUTOMATIC.get(number, (0, 0))
        if automatic in self.found and self.found[automatic].value == on:
            raise OSError(errno.EACCES, "Permission denied")
        if not control.takes(value):
            raise OSError(errno.ERANGE, "Numerical result out of range")
        self.done.append((number, value))
        if number not in self.deaf:
            self.found[number] = replace(control, value=value)

    def close(self) -> None:
        self.open -= 1


@contextmanager
def kernel(knobs: Knobs, folder: Path) -> Iterator[str]:
    """Answer linuxpy's ioctls with `knobs`; give the device's node."""
    node = folder / "video0"
    node.touch()
    kinds = {controls.POWER_LINE_FREQUENCY: "MENU", controls.EXPOSURE_AUTO: "MENU"}
    booleans = (controls.AUTO_WHITE_BALANCE, controls.FOCUS_AUTO)

    def ioctl(_: object, request: linuxpy.IOC, argument: ctypes.Structure) -> ctypes.Structure:
        match request:
            case linuxpy.IOC.QUERYCAP:
                argument.capabilities = argument.device_caps = 0x04200001
            case linuxpy.IOC.QUERY_EXT_CTRL:
                following = [n for n in sorted(knobs.found) if n > argument.id & 0x0FFFFFFF]
                if not following:
                    raise OSError(errno.EINVAL, "no more")
                number = following[0]
                one = knobs.found[number]
                kind = kinds.get(number, "BOOLEAN" if number in booleans else "INTEGER")
                argument.id, argument.type = number, raw.CtrlType[kind]
                argument.name = one.name.encode()[:31]
                argument.minimum, argument.maximum = one.minimum, one.maximum
                argument.step, argument.default_value, argument.flags = one.step, one.default, 0
            case linuxpy.IOC.QUERYMENU:
                name = knobs.found[argument.id].choices.get(argument.index)
                if name is None:
                    raise OSError(errno.EINVAL, "no such choice")
                argument.name = name.encode()
            case linuxpy.IOC.G_CTRL:
                argument.value = knobs.found[argument.id].value
            case linuxpy.IOC.S_CTRL:
                knobs.set(argument.id, argument.value)
            case _:
                raise OSError(errno.ENOTTY, "no such request")
        return argument

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linuxpy, "ioctl", ioctl)
        yield str(node)
