"""Options that can be changed while camd runs: which they are, in what bounds, and where changes
are kept: in a file of the state directory that counts more than the configuration. config.toml
itself is never rewritten."""

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from camd import files
from camd.config.settings import LIVE, Section, Settings

log = logging.getLogger(__name__)

KEYS = tuple(
    f"{section}.{name}"
    for section, table in Settings()
    if isinstance(table, Section)
    for name, info in type(table).model_fields.items()
    if LIVE in info.metadata
)
"""The options marked LIVE, written as section.name."""


class LiveOptions:
    """The settings in force: the configuration, and over it what was changed since."""

    def __init__(self, configured: Settings, path: Path) -> None:
        """`path`: the file of changes. Wrong values in it are logged and left out."""
        self._configured = configured
        self._path = path
        self._changes: dict[str, Any] = {}
        for key, value in _read(path).items():
            try:
                _check(configured, {key: value})
            except ValueError as error:
                log.warning("%s: %s; left out", path, error)
            else:
                self._changes[key] = value

    @property
    def settings(self) -> Settings:
        return _applied(self._configured, self._changes)

    def shown(self) -> dict[str, Any]:
        """Return the value in force of each key."""
        settings = self.settings
        return {key: getattr(getattr(settings, s), n) for key in KEYS for s, n in (_parts(key),)}

    def change(self, changes: Mapping[str, Any]) -> Settings:
        """Write `changes` to the file and return the settings with them; None undoes a change.

        Raises ValueError, which names each wrong key and value, or OSError where the file cannot be
        written. Then nothing has changed."""
        _check(self._configured, changes)
        merged = {k: v for k, v in {**self._changes, **changes}.items() if v is not None}
        _check_pairs(_applied(self._configured, merged), {_parts(key)[0] for key in changes})
        _write(self._path, merged)
        self._changes = merged
        return self.settings


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the payload of `request/set`."""
    bounded = {key: TypeAdapter(_bounded(Settings(), key)).json_schema() for key in KEYS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Set",
        "description": "Options to change; null undoes a change.",
        "type": "object",
        "properties": {
            "transaction": {"description": "comes back in the response"},
            "detection": {"type": "boolean"},
            **{key: {"anyOf": [_lasting(item), {"type": "null"}]} for key, item in bounded.items()},
        },
        "additionalProperties": False,
    }


def _lasting(item: dict[str, Any]) -> dict[str, Any]:
    """Leave the default out: where nothing is changed, the configuration counts."""
    return {key: value for key, value in item.items() if key != "default"}


def _bounded(settings: Settings, key: str) -> Any:
    """Return the type of the option `key`, its bounds included."""
    section, name = _parts(key)
    info = type(getattr(settings, section)).model_fields[name]
    return Annotated[info.annotation, info]


def _parts(key: str) -> tuple[str, str]:
    section, _, name = key.partition(".")
    return section, name


def _check(settings: Settings, changes: Mapping[str, Any]) -> None:
    problems = []
    for key, value in changes.items():
        if key not in KEYS:
            problems.append(
                f"{key[:64]}: not an option that can be set; these can: {', '.join(KEYS)}"
            )
        elif value is not None:
            problems += [f"{key}: {text}" for text in _problems(settings, key, value)]
    if problems:
        raise ValueError("; ".join(problems))


def _check_pairs(settings: Settings, sections: Collection[str]) -> None:
    """Raise ValueError where two options contradict each other."""
    for name in sections:
        table = getattr(settings, name)
        try:
            type(table).model_validate(table.model_dump())
        except ValidationError as error:
            item = error.errors()[0]
            said = str(item["msg"]).removeprefix("Value error, ")
            raise ValueError(f"{'.'.join([name, *map(str, item['loc'])])}: {said}") from error


def _problems(settings: Settings, key: str, value: Any) -> list[str]:
    try:
        TypeAdapter(_bounded(settings, key)).validate_python(value, strict=True)
    except ValidationError as error:
        return [str(item["msg"]) for item in error.errors()]
    return []


def _applied(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    for key, value in changes.items():
        section, name = _parts(key)
        changed = getattr(settings, section).model_copy(update={name: value})
        settings = settings.model_copy(update={section: changed})
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(files.read_text(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read, so the configuration alone counts: %s", path, error)
        return {}
    if not isinstance(kept, dict):
        log.warning("%s holds no options, so the configuration alone counts", path)
        return {}
    return kept


def _write(path: Path, changes: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(changes, indent=2).encode())
