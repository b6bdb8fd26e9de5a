"""Writes config.toml: all defaults as comments, or the settings in force and their origins."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from camd.address import redact
from camd.config.keys import KeyPath, fields, may_be_shown, tables
from camd.config.layers import Config

HEADER = """\
#:schema ./config.schema.json
# camd: every option with its default. Uncomment what you change.
# Read from /etc/camd/config.toml, then the user's config directory, then --config FILE;
# the environment (CAMD_MQTT__HOST=...) and the command line count more than any of them.
# `camd config check` names every mistake at once; `camd config show` says what is in force.
# Editors that know the first line (Taplo, Even Better TOML) complete and check this file, once
# `camd config schema > config.schema.json` has put the schema beside it.
"""


def defaults() -> str:
    """The text of config.toml; the one in the repository is exactly this."""
    lines = [HEADER]
    for key, info, head in _walk():
        lines += head
        lines.append(f"# {key[-1]} = {_example(info)}".ljust(36) + f"  # {info.description}")
    for name, table in tables().items():
        lines += ["", f"# [[{name}]]".ljust(36) + "  # one such table for each; none by default"]
        for option, info in table.model_fields.items():
            lines.append(f"# {option} = {_example(info)}".ljust(36) + f"  # {info.description}")
    return "\n".join(lines) + "\n"


def effective(config: Config) -> str:
    """The settings in force as TOML, each with where it came from; secrets are masked."""
    lines = []
    for key, _, head in _walk():
        lines += head
        value: Any = config.settings
        for part in key:
            value = getattr(value, part)
        origin = config.origins.get(key, "default")
        if value is None:
            lines.append(f"# {key[-1]} is not set")
        else:
            shown = redact(value) if isinstance(value, str) and not may_be_shown(key) else value
            lines.append(f"{key[-1]} = {literal(shown)}  # {origin}")
    for name in tables():
        for place in getattr(config.settings, name):
            lines += ["", f"[[{name}]]".ljust(20) + f"  # {config.origins[name,]}"]
            given = place.model_dump(mode="json", exclude_defaults=True)
            lines += [f"{key} = {literal(value)}" for key, value in given.items()]
    return "\n".join(lines) + "\n"


def _walk() -> Iterator[tuple[KeyPath, FieldInfo, list[str]]]:
    """Each option, with the section heading to print before it."""
    section: KeyPath = ()
    for key, info in fields():
        head = [] if key[:-1] == section else ["", f"[{'.'.join(key[:-1])}]"]
        section = key[:-1]
        yield key, info, head


def _example(info: FieldInfo) -> str:
    value = info.get_default()
    unset = value is None or info.is_required()
    return literal(info.examples[0] if unset and info.examples else value)


def literal(value: Any) -> str:
    """Return the value as TOML writes it; of a secret only stars."""
    if isinstance(value, SecretStr):
        return '"********"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, Path)):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    return str(value)
