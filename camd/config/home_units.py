"""PURE. Which units and state classes Home Assistant takes for a device class of a sensor; for any
other it logs an error, and leaves the sensor out of its statistics.

From homeassistant/components/sensor/const.py (DEVICE_CLASS_UNITS, DEVICE_CLASS_STATE_CLASSES), of
the classes that a number on a meter or a display can have."""

from collections.abc import Mapping

_ENERGY = "J kJ MJ GJ mWh Wh kWh MWh GWh TWh cal kcal Mcal Gcal"
_VOLUME = "L mL gal fl.\u00a0oz. m³ ft³ CCF"
_PRESSURE = "Pa hPa kPa bar cbar mbar mmHg inHg psi"
UNITS: Mapping[str, frozenset[str]] = {
    name: frozenset(unit.replace("\u00a0", " ") for unit in units.split(" "))
    for name, units in {
        "apparent_power": "VA",
        "atmospheric_pressure": _PRESSURE,
        "battery": "%",
        "current": "A mA",
        "distance": "km m cm mm mi yd in ft",
        "duration": "d h min s ms",
        "energy": _ENERGY,
        "frequency": "Hz kHz MHz GHz",
        "gas": "m³ ft³ CCF",
        "humidity": "%",
        "power": "mW W kW MW GW TW",
        "pressure": _PRESSURE,
        "reactive_power": "var",
        "speed": "ft/s in/d in/h km/h kn m/s mph mm/d",
        "temperature": "°C °F K",
        "voltage": "mV V",
        "volume": _VOLUME,
        "volume_flow_rate": "m³/h ft³/min L/min gal/min mL/s",
        "volume_storage": _VOLUME,
        "water": "L gal m³ ft³ CCF",
        "weight": "kg g mg µg oz lb st",
    }.items()
}
"""For each device class, the units that it may have."""
TOTALS = frozenset({"energy", "gas", "volume", "water"})
"""Device classes of what is counted up: `measurement` is refused for them."""
RISING = TOTALS | {"distance", "duration", "weight"}
"""Those that may have the state class `total_increasing`."""


def state_class(device_class: str | None, *, never_decreasing: bool) -> str:
    """Return the state class of a sensor: whether its values are counted up or measured."""
    if never_decreasing and (device_class is None or device_class in RISING):
        return "total_increasing"
    return "total" if device_class in TOTALS else "measurement"


def problem(device_class: str | None, unit: str | None) -> str | None:
    """Say what is wrong with a device class and its unit, if anything."""
    if device_class is None:
        return None
    if device_class not in UNITS:
        return f"is {device_class!r}, not one of {', '.join(UNITS)}"
    allowed = UNITS[device_class]
    if unit in allowed:
        return None
    return f"{device_class} takes as unit one of {', '.join(sorted(allowed))}"
