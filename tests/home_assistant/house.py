"""A real Home Assistant that finds camd: run by scripts/test-home-assistant, in its own Python.

Each check prints one line. What the MQTT platforms accept goes to tests/mqtt/home_assistant.json,
against which every announcement is held in the tests."""

import argparse
import asyncio
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import probatio as vol
from homeassistant import bootstrap, runner
from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.energy import data as energy
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.mqtt import schemas
from homeassistant.components.mqtt.discovery import _merge_common_device_options
from homeassistant.components.recorder.statistics import async_list_statistic_ids
from homeassistant.components.sensor import SensorStateClass
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.const import EntityCategory, __version__
from homeassistant.core import HomeAssistant

PLATFORMS = ("sensor", "binary_sensor", "image", "event", "switch", "number")
PATIENCE_S = 90
REGION = """
[[region]]
name = "meter"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
unit = "m³"
device_class = "water"
never_decreasing = true
problem_after_s = 1
digits = 15
"""
"""It cannot be read."""
TRUTH = Path("camd/assets/demo-meter.truth.json")
"""Has the region of the clip's meter, and what that shows."""
CAMERA = """
name = "desk"
[camera]
device = "demo-meter"
[overlay]
window = false
[mqtt]
discovery = true
health_s = 1
requests = {requests}
{region}
"""


class Camd:
    """The process, and the file it is configured by."""

    def __init__(self, python: str, folder: Path, port: int) -> None:
        self._python = python
        self._folder = folder
        self._broker = f"mqtt://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, requests: bool = True, region: str | None = None) -> None:
        region = REGION + water() if region is None else region
        config = self._folder / "camd.toml"
        config.write_text(CAMERA.format(requests=str(requests).lower(), region=region))
        self._process = subprocess.Popen(
            self._command("run", "--realtime", "--loop"), env=self._environment()
        )

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def forget(self) -> None:
        """Take the device back out of Home Assistant."""
        subprocess.run(self._command("discovery", "remove"), env=self._environment(), check=True)

    def _command(self, *words: str) -> list[str]:
        where = ("--config", str(self._folder / "camd.toml"), "--broker", self._broker)
        return [self._python, "-m", "camd", *words, *where]

    def _environment(self) -> dict[str, str]:
        own = {"STATE_DIRECTORY": str(self._folder), "XDG_CONFIG_HOME": str(self._folder)}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CAMD_")}
        return kept | own


class House:
    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    def state(self, entity: str) -> str | None:
        found = self._hass.states.get(entity)
        return found.state if found else None

    def attribute(self, entity: str, name: str) -> Any:
        found = self._hass.states.get(entity)
        return found.attributes.get(name) if found else None

    def entities(self) -> list[str]:
        return [
            item.entity_id for item in self._hass.states.async_all() if "desk" in item.entity_id
        ]

    async def turn(self, entity: str, way: str) -> None:
        await self._hass.services.async_call(
            "switch", f"turn_{way}", {"entity_id": entity}, blocking=True
        )

    async def set(self, entity: str, value: float) -> None:
        await self._hass.services.async_call(
            "number", "set_value", {"entity_id": entity, "value": value}, blocking=True
        )

    async def picture(self, entity: str) -> bytes:
        return await self._hass.data["image"].get_entity(entity).async_image() or b""


async def check(what: str, holds: Callable[[], object]) -> None:
    """Wait for it, and say so; the first that does not come ends the run."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            print(f"FAILED  {what}", flush=True)  # noqa: T201
            sys.exit(1)
        await asyncio.sleep(0.2)
    print(f"ok      {what}", flush=True)  # noqa: T201


def keys(schema: Any) -> Iterator[str]:
    """Yield what a schema knows, through all that it is wrapped in."""
    if isinstance(schema, (vol.All, vol.Any)):
        for part in schema.validators:
            yield from keys(part)
    elif isinstance(schema, vol.Schema):
        yield from keys(schema.schema)
    elif isinstance(schema, dict):
        yield from (str(key) for key in schema)


def platform(name: str) -> Any:
    return importlib.import_module(f"homeassistant.components.mqtt.{name}").DISCOVERY_SCHEMA


def published() -> dict[str, Any]:
    """Return what Home Assistant's own schemas accept of what camd announces."""
    return {
        "version": __version__,
        "device": sorted(set(keys(schemas.MQTT_ENTITY_DEVICE_INFO_SCHEMA))),
        "origin": sorted(set(keys(schemas.MQTT_ORIGIN_INFO_SCHEMA))),
        "platforms": {name: sorted(set(keys(platform(name)))) for name in PLATFORMS},
        "device_class": {"binary_sensor": sorted(BinarySensorDeviceClass)},
        "state_class": sorted(SensorStateClass),
        "units": {str(name): sorted(map(str, units)) for name, units in DEVICE_CLASS_UNITS.items()},
        "state_classes": {
            str(name): sorted(classes) for name, classes in DEVICE_CLASS_STATE_CLASSES.items()
        },
        "entity_category": sorted(EntityCategory),
    }


def misunderstood(config: dict[str, Any]) -> dict[str, set[str]]:
    """Return what each component says that Home Assistant leaves out; raises where it refuses."""
    schemas.DEVICE_DISCOVERY_SCHEMA(json.loads(json.dumps(config)))
    lost = {}
    for name, component in config["components"].items():
        said = dict(component)
        kind = said.pop("platform")
        if said:
            said |= {"device": config["device"], "origin": config["origin"]}
            _merge_common_device_options(said, config)
            lost[name] = set(said) - set(platform(kind)(said))
    return {name: words for name, words in lost.items() if words}


def water() -> str:
    """Return the region of the clip's meter, as TOML."""
    options = json.loads(TRUTH.read_text())["region"]
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in options.items())
    return "\n".join(["", "[[region]]", *lines, ""])


async def unfit(hass: HomeAssistant, meter: str) -> list[Any]:
    """Have the energy dashboard show a water meter; return what it has against it, but that there
    are no statistics yet: they are made every five minutes."""
    manager = await energy.async_get_manager(hass)
    source = {"type": "water", "stat_energy_from": meter, "stat_cost": None}
    price = {"entity_energy_price": None, "number_energy_price": None}
    await manager.async_update({"energy_sources": [source | price]})
    found = (await async_validate(hass)).as_dict()
    issues = [issue for issues in found["energy_sources"] for issue in issues]
    return [issue for issue in issues if issue["type"] != "statistics_not_defined"]


async def offered(hass: HomeAssistant) -> set[str]:
    """Return the meters of water that the energy dashboard offers for a choice."""
    found = await async_list_statistic_ids(hass, statistic_type="sum")
    return {item["statistic_id"] for item in found if item["unit_class"] == "volume"}


def announcement(port: int) -> dict[str, Any]:
    topic = "homeassistant/device/camd_desk/config"
    command = ["mosquitto_sub", "-p", str(port), "-t", topic, "-C", "1", "-W", "60"]
    return dict(json.loads(subprocess.check_output(command)))


def configure(folder: Path, port: int) -> None:
    """Set a house up that has found its broker."""
    (folder / ".storage").mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text("logger:\n  default: critical\nrecorder:\nenergy:\n")
    entry = {
        "created_at": "2026-01-01T00:00:00+00:00", "modified_at": "2026-01-01T00:00:00+00:00",
        "data": {"broker": "127.0.0.1", "port": port}, "options": {"discovery": True},
        "disabled_by": None, "discovery_keys": {}, "domain": "mqtt", "entry_id": "mqtt",
        "minor_version": 1, "pref_disable_new_entities": False, "pref_disable_polling": False,
        "source": "user", "subentries": [], "title": "mqtt", "unique_id": None, "version": 2,
    }  # fmt: skip
    store = {"version": 1, "minor_version": 5, "key": "core.config_entries"}
    text = json.dumps(store | {"data": {"entries": [entry]}})
    (folder / ".storage" / "core.config_entries").write_text(text)


def broker(folder: Path, port: int) -> subprocess.Popen[bytes]:
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type none\n")
    path = f"{os.environ['PATH']}:/usr/sbin"
    process = subprocess.Popen(["mosquitto", "-c", str(config)], env=os.environ | {"PATH": path})
    while socket.socket().connect_ex(("127.0.0.1", port)):
        time.sleep(0.05)
    return process


async def visit(camd: Camd, folder: Path, config: dict[str, Any]) -> None:
    found = runner.RuntimeConfig(config_dir=str(folder), skip_pip=True)
    hass = await bootstrap.async_setup_hass(found)
    assert hass is not None
    await hass.async_start()
    house = House(hass)
    text, meter = "sensor.desk_reading", "sensor.desk_meter"
    switch = "switch.desk_detection"
    lost = misunderstood(config)
    await check(f"the schemas of Home Assistant {__version__}: {lost or 'all'}", lambda: not lost)
    told = [item for item in config["components"].values() if len(item) > 1]
    await check("all entities", lambda: len(house.entities()) == len(told))
    nothing = (None, "", "unknown", "unavailable")
    await check("a reading", lambda: house.state(text) not in nothing)
    await check("how sure it is", lambda: house.state("sensor.desk_confidence") not in nothing)
    await check("a region that says why", lambda: house.attribute(meter, "status"))
    totals = ("total", "total_increasing")
    await check(
        "a meter that the energy dashboard takes",
        lambda: (
            house.attribute(meter, "device_class") == "water"
            and house.attribute(meter, "state_class") in totals
        ),
    )
    clock = "sensor.desk_water"
    known = {
        str(value) for one in json.loads(TRUTH.read_text())["values"] for value in one["values"]
    }
    await check("what the meter shows", lambda: house.state(clock) in known)
    listed = clock in await offered(hass)
    await check("the energy dashboard offers it", lambda: listed)
    wrong: list[Any] = ["not asked yet"]
    deadline = time.monotonic() + PATIENCE_S
    while wrong and time.monotonic() < deadline:  # the light may just be out
        await asyncio.sleep(0.5)
        wrong = await unfit(hass, clock)
    await check(f"and shows it: {wrong or 'no objection'}", lambda: not wrong)
    problem = "binary_sensor.desk_meter_problem"
    await check("a region that cannot be read", lambda: house.state(problem) == "on")
    await check("since when and why", lambda: house.attribute(problem, "why"))
    number = "number.desk_meter_good"
    await house.set(number, 1234)
    await check("a last good value that was set", lambda: house.state(number) == "1234")
    await check("the camera is connected", lambda: house.state("binary_sensor.desk_camera") == "on")
    await check("no problem", lambda: house.state("binary_sensor.desk_problem") == "off")
    kinds = ("new", "change", "end")
    await check("events", lambda: house.attribute("event.desk_digit", "event_type") in kinds)
    picture = await house.picture("image.desk_snapshot")
    await check("a picture", lambda: picture.startswith(b"\xff\xd8"))
    await house.turn(switch, "off")
    await check("detection is off", lambda: house.state(switch) == "off")
    await house.turn(switch, "on")
    await check("detection is on", lambda: house.state(switch) == "on")
    await asyncio.to_thread(camd.stop)
    await check("unavailable when it stops", lambda: house.state(text) == "unavailable")
    await asyncio.to_thread(camd.start, requests=False, region="")
    await check("a region that was taken out is gone", lambda: house.state(meter) is None)
    await check("the switch goes with the requests", lambda: house.state(switch) is None)
    await check("the others are there again", lambda: house.state(text) not in nothing)
    await asyncio.to_thread(camd.stop)
    await asyncio.to_thread(camd.forget)
    await check("camd discovery remove: nothing is left", lambda: not house.entities())
    await hass.async_stop(force=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="that camd is installed in")
    parser.add_argument("folder", type=Path, help="an empty one, for everything")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = json.dumps(published(), indent=1) + "\n"
    Path("tests/mqtt/home_assistant.json").write_text(text)
    configure(folder, port)
    mosquitto = broker(folder, port)
    camd = Camd(arguments.python, folder, port)
    try:
        camd.start()
        asyncio.run(visit(camd, folder, announcement(port)))
    except Exception:
        traceback.print_exc()  # Home Assistant has put a hook of its own for what is not caught
        sys.exit(1)
    finally:
        camd.stop()
        mosquitto.kill()


if __name__ == "__main__":
    main()
