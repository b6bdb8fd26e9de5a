"""PURE: --broker URL to settings."""

from typing import Any
from urllib.parse import urlsplit

import click

from camd.config import KeyPath

_FORMS = "mqtt://[user@]host[:port], mqtts://[user@]host[:port], embedded, or none"


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
    if url.scheme not in ("mqtt", "mqtts") or not url.hostname or url.path not in ("", "/"):
        raise _bad(f"should be {_FORMS}")
    tls = url.scheme == "mqtts"
    settings: dict[KeyPath, Any] = {
        ("mqtt", "broker"): "external",
        ("mqtt", "host"): url.hostname,
        ("mqtt", "port"): port or (8883 if tls else 1883),
        ("mqtt", "tls"): tls,
    }
    if url.username:
        settings["mqtt", "username"] = url.username
    return settings


def _bad(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--broker")
