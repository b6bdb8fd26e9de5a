"""PURE. Which units and state classes Home Assistant takes for a device class of a sensor; for any
other it logs an error, and leaves the sensor out of its statistics.

From homeassistant/components/sensor/const.py of 2026.11 (DEVICE_CLASS_UNITS,
DEVICE_CLASS_STATE_CLASSES), of the classes that a number on a meter or a display can have."""

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

StateClass: TypeAlias = Literal["measurement", "total", "total_increasing"]

_ENERGY = "J kJ MJ GJ mWh Wh kWh MWh GWh TWh cal kcal Mcal Gcal thm"
_VOLUME = "L mL gal fl._oz. m³ ft³ CCF MCF"
_PRESSURE = "mPa Pa hPa kPa bar cbar mbar mmHg inHg inH₂O psi atm"
_FLOW = "in/d in/h mm/d mm/h"
UNITS: Mapping[str, frozenset[str]] = {
    name: frozenset(unit.replace("_", " ") for unit in units.split(" "))
    for name, units in {
        "apparent_power": "mVA VA kVA",
        "atmospheric_pressure": _PRESSURE,
        "battery": "%",
        "current": "μA mA A",
        "distance": "mm cm m km in ft yd mi nmi",
        "duration": "d h min s ms μs",
        "energy": _ENERGY,
        "energy_storage": _ENERGY,
        "frequency": "mHz Hz kHz MHz GHz",
        "gas": "L m³ ft³ CCF MCF",
        "humidity": "%",
        "power": "mW W kW MW GW TW",
        "precipitation": "in cm mm",
        "pressure": _PRESSURE,
        "reactive_energy": "varh kvarh",
        "reactive_power": "mvar var kvar",
        "speed": f"Beaufort ft/s in/s m/min m/s km/h kn mph mm/s {_FLOW}",
        "temperature": "°C °F K",
        "voltage": "μV mV V kV MV",
        "volume": _VOLUME,
        "volume_flow_rate": "m³/h m³/min m³/s ft³/min L/h L/min L/s gal/h gal/min gal/d mL/s",
        "volume_storage": _VOLUME,
        "water": "L gal m³ ft³ CCF MCF",
        "weight": "kg g mg μg oz lb st",
    }.items()
}
"""For each device class, the units that it may have."""
_MICRO = str.maketrans("\u00b5", "\u03bc")
"""Keyboards write the one letter, Home Assistant the other; it takes both."""
TOTALS = frozenset({"energy", "gas", "reactive_energy", "volume", "water"})
"""Device classes of what is counted up: `measurement` is refused for them."""
RISING = TOTALS | {"distance", "duration", "precipitation", "weight"}
"""Those that may have the state class `total_increasing`."""
ANY = RISING - TOTALS
"""Those that may have any."""


def state_class(device_class: str | None, *, never_decreasing: bool) -> StateClass:
    """Return the state class of a sensor: whether its values are counted up or measured."""
    if never_decreasing and (device_class is None or device_class in RISING):
        return "total_increasing"
    return "total" if device_class in TOTALS else "measurement"


def rate(unit: str | None, device_class: str | None) -> tuple[str | None, str | None]:
    """Return unit and device class of what such a value changes by in an hour."""
    if unit is None:
        return None, None
    if device_class == "energy" and unit.endswith("Wh"):
        return unit.removesuffix("h"), "power"
    an_hour = f"{unit}/h"
    return an_hour, "volume_flow_rate" if an_hour in UNITS["volume_flow_rate"] else None


def problem(device_class: str | None, unit: str | None) -> str | None:
    """Say what is wrong with a device class and its unit, if anything."""
    if device_class is None:
        return None
    if device_class not in UNITS:
        return f"is {device_class!r}, not one of {', '.join(UNITS)}"
    allowed = UNITS[device_class]
    if unit is not None and unit.translate(_MICRO) in allowed:
        return None
    return f"{device_class} takes as unit one of {', '.join(sorted(allowed))}"


def state_problem(given: StateClass | None, device_class: str | None) -> str | None:
    """Say what is wrong with a state class beside a device class, if anything."""
    allowed = state_classes(device_class)
    if given is None or given in allowed:
        return None
    return f"{device_class} takes as state class one of {', '.join(sorted(allowed))}"


def state_classes(device_class: str | None) -> frozenset[str]:
    """Return the state classes that a device class may have."""
    if device_class is None or device_class in ANY:
        return frozenset(get_args(StateClass))
    if device_class in TOTALS:
        return frozenset({"total", "total_increasing"})
    return frozenset({"measurement"})
