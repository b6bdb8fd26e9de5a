"""What Home Assistant's Supervisor takes as config.yaml and translations of an app: JSON Schemas.

Written down from developers.home-assistant.io ("App configuration") and from what the Supervisor
checks (supervisor/addons/validate.py and options.py, 2026). It takes keys that it does not know and
leaves them out; here they are mistakes. Only the keys that camd's app could need are listed.
"""

from typing import Any

_ELEMENT = (
    r"^(|bool|email|url|port|device(\(subsystem=[a-z]+\))?|str(\((\d+)?,(\d+)?\))?"
    r"|password(\((\d+)?,(\d+)?\))?|int(\((\d+)?,(\d+)?\))?|float(\(([\d.]+)?,([\d.]+)?\))?"
    r"|match\(.*\)|list\(.+\))\??$"
)
"""The type of one option, as the form shows it."""
_MAPS = ["addon_config", "addons", "all_addon_configs", "backup", "homeassistant_config"]
_MAPS += ["media", "share", "ssl"]
_TEXT = {"type": "string"}
_SWITCH = {"type": "boolean"}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}

CONFIG: dict[str, Any] = {
    "type": "object",
    "required": ["name", "version", "slug", "description", "arch"],
    "additionalProperties": False,
    "properties": {
        "name": _TEXT,
        "version": _TEXT,  # in quotes: 1.0 would be a number
        "slug": {"type": "string", "pattern": r"^[-_.A-Za-z0-9]+$"},
        "description": _TEXT,
        "arch": {"type": "array", "minItems": 1, "items": {"enum": ["aarch64", "amd64"]}},
        "url": {"type": "string", "format": "uri"},
        "stage": {"enum": ["stable", "experimental", "deprecated"]},
        "startup": {"enum": ["initialize", "system", "services", "application", "once"]},
        "boot": {"enum": ["auto", "manual", "manual_only"]},
        "init": _SWITCH,
        "homeassistant": {"type": "string", "pattern": r"^\d{4}\.\d+\.\d+$"},
        "services": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^(mqtt|mysql):(provide|want|need)$"},
        },
        "ingress": _SWITCH,
        "ingress_port": _PORT,
        "ingress_entry": _TEXT,
        "panel_icon": {"type": "string", "pattern": r"^mdi:[a-z0-9-]+$"},
        "panel_title": _TEXT,
        "panel_admin": _SWITCH,
        "video": _SWITCH,
        "devices": {"type": "array", "items": {"type": "string", "pattern": "^/dev/[^:]+$"}},
        "map": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type"],
                "additionalProperties": False,
                "properties": {"type": {"enum": _MAPS}, "read_only": _SWITCH, "path": _TEXT},
            },
        },
        "tmpfs": _SWITCH,
        "timeout": {"type": "integer", "minimum": 10, "maximum": 300},
        "watchdog": {"type": "string", "pattern": r"^(https?|tcp)://\[HOST\]:(\[PORT:\d+\]|\d+)"},
        "image": _TEXT,
        "options": {"type": "object"},
        "schema": {"$ref": "#/$defs/element/anyOf/2"},
    },
    "$defs": {
        "element": {
            "anyOf": [
                {"type": "string", "pattern": _ELEMENT},
                {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/element"}},
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/element"}},
            ]
        }
    },
}

TRANSLATION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["configuration"],
    "properties": {
        "configuration": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": False,
                "properties": {"name": _TEXT, "description": _TEXT},
            },
        },
        "network": {"type": "object", "additionalProperties": _TEXT},
    },
}
