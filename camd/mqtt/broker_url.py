"""PURE. From the URL of --broker to settings."""

from typing import Any

import click

from camd import address
from camd.address import AddressError
from camd.config.keys import KeyPath

_FORMS = "mqtt://[user@]host[:port], mqtts://..., ws://.../path, wss://.../path, embedded, or none"


def parse_broker(text: str | None) -> dict[KeyPath, Any]:
    """Return the settings that `text` means; none for None.

    Raises click.BadParameter for any other form, and for a password: every user of the machine can
    read a command line."""
    if text is None:
        return {}
    if text in ("embedded", "none"):
        return {("mqtt", "broker"): text}
    try:
        url = address.parse(text, address.BROKER)
    except AddressError as error:
        raise _bad(f"{error}; use {_FORMS}") from None
    if url.password is not None:
        raise _bad(
            "must not hold a password: use mqtt.password_file or CAMD_MQTT__PASSWORD (a : in a user"
            " name is written %3A)"
        )
    websockets = url.scheme in ("ws", "wss")
    path = url.rest.rstrip("/")
    if (path and not websockets) or {"?", "#"} & set(path):
        raise _bad(f"should be {_FORMS}")
    settings: dict[KeyPath, Any] = {
        ("mqtt", "broker"): "external",
        ("mqtt", "host"): url.host,
        ("mqtt", "port"): url.usual_port,
        ("mqtt", "tls"): url.scheme in ("mqtts", "wss"),
        ("mqtt", "transport"): "websockets" if websockets else "tcp",
    }
    if path:
        settings["mqtt", "websocket_path"] = path
    if url.user:
        settings["mqtt", "username"] = url.user
    return settings


def _bad(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--broker")
