"""Lists the options of camd/config/settings.py by key path: ("mqtt", "port") is mqtt.port."""

from collections.abc import Iterator
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from camd.config.settings import Hidden, Section, Settings

KeyPath: TypeAlias = tuple[str, ...]


def known_keys() -> list[str]:
    within = [f"{name}.{key}" for name, model in tables().items() for key in model.model_fields]
    return [".".join(key) for key, _ in fields()] + within


def tables() -> dict[str, type[Section]]:
    """The tables of which there can be several: [[region]], [[mask]]."""
    found = {}
    for name, info in Settings.model_fields.items():
        if get_origin(info.annotation) is tuple:
            found[name] = get_args(info.annotation)[0]
    return found


def sections() -> list[str]:
    """The tables of which there is one: [camera], [mqtt]."""
    return [name for name, info in Settings.model_fields.items() if _is_section(info.annotation)]


def fields() -> Iterator[tuple[KeyPath, FieldInfo]]:
    """Yield each option outside of [[region]] and [[mask]], in the order of settings.py."""
    yield from (item for item in _fields(Settings) if item[0][0] not in tables())


def _fields(model: type[BaseModel], under: KeyPath = ()) -> Iterator[tuple[KeyPath, FieldInfo]]:
    sections = []
    for name, info in model.model_fields.items():
        if _is_section(info.annotation):
            sections.append((name, info.annotation))
        else:
            yield (*under, name), info
    for name, annotation in sections:
        yield from _fields(annotation, (*under, name))  # type: ignore[arg-type]


def field(key: KeyPath) -> FieldInfo | None:
    """Return the option at `key`, or None where there is none."""
    model: type[BaseModel] = Settings
    for part in key[:-1]:
        info = model.model_fields.get(part)
        if info is None or not _is_section(info.annotation):
            return None
        model = info.annotation  # type: ignore[assignment]  # _is_section has checked it
    return model.model_fields.get(key[-1])


def may_be_shown(key: KeyPath) -> bool:
    """Tell whether an error message may repeat the value given for `key`: only where an option is
    that holds no password. What was written in place of a whole section may hold one."""
    if key[0] in tables():
        return len(key) > 1
    info = field(key)
    return not (
        info is None
        or _is_section(info.annotation)
        or any(isinstance(mark, Hidden) for mark in info.metadata)
        or SecretStr in get_args(info.annotation)
    )


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)
