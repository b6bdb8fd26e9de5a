"""What of the camera and the broker is set on the page, and what is not: no file is named there,
and no password goes to another machine than the configuration says."""

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from camd import address
from camd.config import keys, layers
from camd.config.keys import KeyPath
from camd.config.layers import Config
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.sources.camera import LINUX

Group: TypeAlias = Literal["camera", "mqtt"]

DEVICE: KeyPath = ("camera", "device")
OFFERED: Mapping[Group, tuple[KeyPath, ...]] = {
    "camera": (
        DEVICE,
        *(("camera", name) for name in ("width", "height", "fps", "rotate", "mirror", "every_s")),
        *(
            ("camera", "controls", name)
            for name in ("exposure", "gain", "focus", "white_balance", "power_line_hz", "lock")
        ),
    ),
    "mqtt": tuple(
        ("mqtt", name)
        for name in ("broker", "host", "port", "tls", "username", "discovery", "discovery_prefix")
    ),
}
HERE = "a camera of this machine by its name, or an rtsp:// or http:// address"
"""Describes DEVICE: files are not named on the page."""
WHERE: frozenset[KeyPath] = frozenset(
    ("mqtt", name) for name in ("broker", "host", "port", "tls", "username")
)
"""Who could change these could have the broker's password sent to himself."""

_NETWORK = re.compile(r"(rtsps?|https?)://[^\s*]+")
_NUMBER = re.compile(r"\d{1,3}")


class Wanted(BaseModel):
    """Options of a group as texts of a form; an empty one: as by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: Group
    values: dict[str, str] = Field(max_length=50)
    version: str = Field(max_length=100)


class FixedError(CamdError):
    """The option cannot be set on the page; the text says why, and where it can."""


def known(config: Config, started: Settings | None) -> dict[str, list[dict[str, Any]]]:
    """Return each option of each group: what it means, what it is, and why it cannot be set.

    `started`: the settings with what the command line says, too; None: it says nothing."""
    return {
        group: [_option(key, config, started) for key in offered]
        for group, offered in OFFERED.items()
    }


def wanted(asked: Wanted, config: Config, started: Settings | None) -> dict[KeyPath, Any]:
    """Return the options that are to change, and to what. Raises FixedError."""
    found: dict[KeyPath, Any] = {}
    offered = {".".join(key): key for key in OFFERED[asked.group]}
    for name, given in asked.values.items():
        if name not in offered:
            raise FixedError(f"{name} is not set on the page, but in config.toml")
        key, text = offered[name], given.strip()
        if text == _text(key, config.settings):
            continue
        if why := _fixed(key, config, started):
            raise FixedError(f"{name}: {why}")
        if key == DEVICE and text:
            _check_device(text)
        found[key] = layers.from_text(key, text) if text else None
    return found


def devices() -> list[str]:
    """Return the cameras of this machine, by the names that survive replugging."""
    if not LINUX:
        return []
    from camd.sources import v4l2  # noqa: PLC0415  # needs fcntl, which Windows has not

    return [names[-1] for names in v4l2.nodes()]


def _check_device(text: str) -> None:
    if "***" in text:
        raise FixedError("camera.device: give the address anew, with its password")
    if not (_NETWORK.fullmatch(text) or _NUMBER.fullmatch(text) or text in (*devices(), "demo")):
        raise FixedError(
            "camera.device: one of the cameras here, or an address that begins with rtsp:// or"
            " http://; a file is named in config.toml only"
        )


def _fixed(key: KeyPath, config: Config, started: Settings | None) -> str:
    """Say why an option cannot be set on the page; "" where it can."""
    origin = config.origins.get(key, "")
    if origin.startswith(layers.ENV_PREFIX) or origin == layers.CREDENTIAL:
        return f"set by {origin}"
    if started is not None and _value(key, started) != _value(key, config.settings):
        return "set on the command line, when camd was started"
    mqtt = config.settings.mqtt
    if key in WHERE and (mqtt.password is not None or mqtt.password_file is not None):
        return "there is a password, which would be sent there: change it in config.toml"
    return ""


def _option(key: KeyPath, config: Config, started: Settings | None) -> dict[str, Any]:
    info = keys.field(key)
    assert info is not None
    adapter: TypeAdapter[Any] = TypeAdapter(info.annotation or str)
    schema = adapter.json_schema()
    kinds = [schema, *schema.get("anyOf", [])]
    choices = next((one["enum"] for one in kinds if "enum" in one), None)
    if choices and info.default is None:
        choices = ["", *choices]
    boolean = schema.get("type") == "boolean"
    why = _fixed(key, config, started)
    shown = started if why and started is not None else config.settings
    example = info.examples[0] if info.examples else info.default
    return {
        "name": ".".join(key),
        "type": "choice" if choices else "boolean" if boolean else "text",
        "choices": choices and list(map(str, choices)),
        "suggested": devices() if key == DEVICE else [],
        "example": None if example is None or boolean else str(example),
        "description": HERE if key == DEVICE else info.description,
        "value": _text(key, shown),
        "fixed": why,
    }


def _text(key: KeyPath, settings: Settings) -> str:
    """Return the value of an option as the form shows it, without secrets."""
    value = _value(key, settings)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return address.redact(str(value)) if key == DEVICE else str(value)


def _value(key: KeyPath, settings: Settings) -> Any:
    value: Any = settings
    for part in key:
        value = getattr(value, part)
    return value
