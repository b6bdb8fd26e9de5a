"""PURE: --broker URL to settings."""

from typing import Any
from urllib.parse import urlsplit

import click

from camd.config.keys import KeyPath

_FORMS = "mqtt://[user@]host[:port], mqtts://..., ws://.../path, wss://.../path, embedded, or none"
_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}


def parse_broker(text: str | None) -> dict[KeyPath, Any]:
    """Return the settings that `text` stands for; nothing for None.

    Raises click.BadParameter for another form and for a password: a command line is
    readable by every user of the machine."""
    if text is None:
        return {}
    if text in ("embedded", "none"):
        return {("mqtt", "broker"): text}
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise _bad(f"has a wrong port or address; use {_FORMS}") from error
    if url.password is not None:
        raise _bad("must not hold a password: use mqtt.password_file or CAMD_MQTT__PASSWORD")
    websockets = url.scheme in ("ws", "wss")
    path = url.path.rstrip("/")
    if url.scheme not in _PORTS or not url.hostname or (path and not websockets) or url.query:
        raise _bad(f"should be {_FORMS}")
    settings: dict[KeyPath, Any] = {
        ("mqtt", "broker"): "external",
        ("mqtt", "host"): url.hostname,
        ("mqtt", "port"): port or _PORTS[url.scheme],
        ("mqtt", "tls"): url.scheme in ("mqtts", "wss"),
        ("mqtt", "transport"): "websockets" if websockets else "tcp",
    }
    if path:
        settings["mqtt", "websocket_path"] = path
    if url.username:
        settings["mqtt", "username"] = url.username
    return settings


def _bad(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--broker")
