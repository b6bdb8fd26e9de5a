"""What a camera can be set to: exposure, gain, focus, white balance, the mains' frequency.

The values are those of V4L2 (linux/v4l2-controls.h), which linuxpy reads and writes. Whatever a
camera makes of a wish is read back: many take it without a word and do something else.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

from camd.config.settings import ControlSettings

_USER, _CAMERA = 0x00980900, 0x009A0900
"""V4L2_CID_BASE and V4L2_CID_CAMERA_CLASS_BASE."""
AUTO_WHITE_BALANCE, EXPOSURE, AUTOGAIN, GAIN = (_USER + n for n in (12, 17, 18, 19))
POWER_LINE_FREQUENCY, WHITE_BALANCE_TEMPERATURE = _USER + 24, _USER + 26
EXPOSURE_AUTO, EXPOSURE_ABSOLUTE = _CAMERA + 1, _CAMERA + 2
FOCUS_ABSOLUTE, FOCUS_AUTO = _CAMERA + 10, _CAMERA + 12

HERTZ = {0: 0, 50: 1, 60: 2}
"""V4L2's number for each frequency; 0 is off."""


@dataclass(frozen=True, slots=True)
class Control:
    """One of the things a camera can be set to."""

    name: str
    value: int
    default: int
    minimum: int
    maximum: int
    step: int = 1
    choices: Mapping[int, str] = field(default_factory=dict)
    """What each value is called, where not every number has a meaning."""

    def takes(self, value: int) -> bool:
        return value in self.choices if self.choices else self.minimum <= value <= self.maximum

    @property
    def range(self) -> str:
        """For people."""
        if self.choices:
            return ", ".join(f"{value} {name}" for value, name in self.choices.items())
        step = f" in steps of {self.step}" if self.step > 1 else ""
        return f"{self.minimum} to {self.maximum}{step}"


class Device(Protocol):
    """A camera's controls, as long as it is open."""

    def controls(self) -> Mapping[int, Control]:
        """Return all of them by V4L2's numbers, as they are now. Raises OSError."""

    def set(self, number: int, value: int) -> None:
        """Raises OSError."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Knob:
    """What one option sets."""

    values: tuple[int, ...]
    """The controls that hold its number; a camera has one of them."""
    automatic: int
    """The control that says whether the camera chooses the number itself."""
    on: tuple[int, ...] = (1,)
    """Its values for yes; a camera has one of them."""
    off: int = 0


KNOBS = {
    # Aperture priority is what webcams call automatic; V4L2_EXPOSURE_MANUAL is 1.
    "exposure": _Knob((EXPOSURE_ABSOLUTE, EXPOSURE), EXPOSURE_AUTO, (3, 0), 1),
    "gain": _Knob((GAIN,), AUTOGAIN),
    "focus": _Knob((FOCUS_ABSOLUTE,), FOCUS_AUTO),
    "white_balance": _Knob((WHITE_BALANCE_TEMPERATURE,), AUTO_WHITE_BALANCE),
}
LOCKED = ("exposure", "focus", "white_balance")
"""What `lock` holds. A gain is set with the exposure by those cameras that have both."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of the wishes."""

    said: tuple[str, ...] = ()
    """Each option and its value, as it was read back."""
    complaints: tuple[str, ...] = ()
    """What the camera did not do."""


def settle(device: Device, wanted: ControlSettings, held: Mapping[str, int]) -> Settled:
    """Set what is wanted, and what is `held` by an earlier `hold`; say what came of it. Raises
    OSError where the camera is gone."""
    said, complaints = [], []
    for name, wish in _wishes(wanted, held):
        # Each anew: a control is often of use only once an automatic is off.
        steps = list(_steps(device.controls(), name, wish))
        if not steps:
            complaints.append(f"camera.controls.{name}: this camera has no such control")
            continue
        for number, value in steps:
            control = device.controls()[number]
            if not control.takes(value):
                text = f"camera.controls.{name} = {wish}: it takes {control.range}"
                complaints.append(text)
                break
            with _refused(complaints, f"camera.controls.{name} = {wish}"):
                device.set(number, value)
        else:
            now = _now(device.controls(), name)
            said.append(f"{name} {now}")
            if now != wish:
                complaints.append(f"camera.controls.{name} = {wish}: the camera made it {now}")
    return Settled(tuple(said), tuple(complaints))


def hold(device: Device) -> dict[str, int]:
    """Turn off what is automatic, so that it stays as it is now; return the numbers that the camera
    then has. Raises OSError."""
    held = {}
    for name in LOCKED:
        knob, controls = KNOBS[name], device.controls()
        if _now(controls, name) != "auto" or knob.automatic not in controls:
            continue
        if not controls[knob.automatic].takes(knob.off):
            continue
        device.set(knob.automatic, knob.off)
        now = _now(device.controls(), name)
        if isinstance(now, int):
            held[name] = now
    return held


def free(device: Device, held: Mapping[str, int]) -> None:
    """Let the camera choose again what `hold` has stopped. Raises OSError."""
    for name in held:
        for number, value in _steps(device.controls(), name, "auto"):
            device.set(number, value)


def _wishes(wanted: ControlSettings, held: Mapping[str, int]) -> Iterator[tuple[str, int | str]]:
    for name in (*KNOBS, "power_line_hz"):
        wish = held.get(name, getattr(wanted, name))
        if wish is not None:
            yield name, wish


def _steps(
    controls: Mapping[int, Control], name: str, wish: int | str
) -> Iterator[tuple[int, int]]:
    """Yield which controls are to be set to what, in this order; nothing where there is none."""
    if name == "power_line_hz":
        if POWER_LINE_FREQUENCY in controls:
            yield POWER_LINE_FREQUENCY, HERTZ[int(wish)]
        return
    knob = KNOBS[name]
    automatic = controls.get(knob.automatic)
    if wish == "auto":
        if automatic:
            yield knob.automatic, next((on for on in knob.on if automatic.takes(on)), knob.on[0])
        return
    number = next((value for value in knob.values if value in controls), None)
    if number is None:
        return
    if automatic:
        yield knob.automatic, knob.off
    yield number, int(wish)


def _now(controls: Mapping[int, Control], name: str) -> int | str | None:
    """Return what an option is set to: a number, or "auto"; None where the camera cannot tell."""
    if name == "power_line_hz":
        known = {number: hertz for hertz, number in HERTZ.items()}
        found = controls.get(POWER_LINE_FREQUENCY)
        return known.get(found.value, "auto") if found else None
    knob = KNOBS[name]
    automatic = controls.get(knob.automatic)
    if automatic and automatic.value in knob.on:
        return "auto"
    return next((controls[value].value for value in knob.values if value in controls), None)


@contextlib.contextmanager
def _refused(complaints: list[str], what: str) -> Iterator[None]:
    """Note where a camera refuses one wish; one that is gone refuses the next call, too."""
    try:
        yield
    except OSError as error:
        complaints.append(f"{what}: the camera refuses it: {error.strerror or error}")


def shown(controls: Mapping[int, Control]) -> str:
    """Name what camd can set of a camera, with its range and what it is now, for people."""
    found = []
    for name, knob in KNOBS.items():
        number = next((value for value in knob.values if value in controls), None)
        if number is not None:
            auto = " or auto" if knob.automatic in controls else ""
            found.append(f"{name} {controls[number].range}{auto}, now {_now(controls, name)}")
    if POWER_LINE_FREQUENCY in controls:
        found.append(f"power_line_hz 0, 50, 60, now {_now(controls, 'power_line_hz')}")
    return "; ".join(found)


class V4l2:
    """Device: a camera of Linux, by linuxpy."""

    def __init__(self, node: str) -> None:
        """Raises OSError."""
        # Imported only where it is asked for: it takes a fifth of a second.
        from linuxpy.video import device  # noqa: PLC0415

        self._module: Any = device
        self._device = device.Device(node)
        self._device.open()

    def controls(self) -> Mapping[int, Control]:
        found = {}
        for info in self._module.iter_read_controls(self._device):
            kind, flags = self._module.ControlType(info.type), info.flags
            unfit = self._module.ControlFlag.DISABLED | self._module.ControlFlag.WRITE_ONLY
            if kind.name not in ("INTEGER", "BOOLEAN", "MENU", "INTEGER_MENU") or flags & unfit:
                continue
            # What the driver does not let us read is of no use.
            with contextlib.suppress(OSError):
                found[int(info.id)] = Control(
                    info.name.decode("utf-8", "replace"),
                    int(self._module.get_control(self._device, info.id)),
                    int(info.default_value),
                    int(info.minimum),
                    int(info.maximum),
                    int(info.step) or 1,
                    self._choices(info, kind.name),
                )
        return found

    def _choices(self, info: Any, kind: str) -> dict[int, str]:
        if kind not in ("MENU", "INTEGER_MENU"):
            return {}
        control = SimpleNamespace(id=info.id, _info=info)  # as linuxpy's own objects are
        items = self._module.iter_read_menu(self._device, control)
        return {
            int(item.index): item.name.decode("utf-8", "replace")
            if kind == "MENU"
            else str(item.value)
            for item in items
        }

    def set(self, number: int, value: int) -> None:
        self._module.set_control(self._device, number, value)

    def close(self) -> None:
        self._device.close()
