"""The JSON Schema of config.toml, by which an editor completes and checks it.

It knows types, bounds and what there is; what depends on more than one option, and what is an
address or a regular expression, only `camd config check` knows.
"""

from typing import Any

from camd.config.settings import Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema; the one in the repository is exactly this."""
    found = _plain(Settings.model_json_schema())
    return {"$schema": DIALECT, "title": "config.toml of camd", **found}


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is of no use to an editor: names of Python, and null, which TOML lacks."""
    kept = {key: value for key, value in node.items() if key != "title"}
    if kept.get("default", 0) is None:
        del kept["default"]
    choices = [choice for choice in kept.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        kept |= choices[0]
    elif choices:
        kept["anyOf"] = [_plain(choice) for choice in choices]
    for table in ("properties", "$defs"):
        if table in kept:
            kept[table] = {name: _plain(value) for name, value in kept[table].items()}
    if "items" in kept:
        kept["items"] = _plain(kept["items"])
    return kept
