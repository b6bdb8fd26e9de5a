"""Changes to a config.toml that leave its comments and its layout alone."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from camd import files
from camd.config import layers
from camd.errors import ConfigError

_HEADER = re.compile(r"""\s*\[\[?\s*[\w\-."' ]+\]\]?\s*(#.*)?$""")


class UnwritableError(ConfigError):
    """camd may not write the file, but a person may."""


def file_in_use(named: Path | None) -> Path:
    """Return the file that a change is written to: the one `named`; else the user's own, if it is
    there; else the system's, if that is there; else the user's own, which is then made.

    Raises ConfigError where neither is there and the user has no home directory for one."""
    if named is not None:
        return named
    there = layers.SYSTEM_FILE.is_file()
    try:
        user = layers.user_file()
    except ConfigError:  # a user without a home
        if there:
            return layers.SYSTEM_FILE
        raise
    return layers.SYSTEM_FILE if there and not user.is_file() else user


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    """Replace the text of `path` by what `change` makes of it, completely or not at all.

    A missing file counts as empty. Raises ConfigError where the configuration is wrong
    before or would be wrong after, or where the file cannot be written."""
    path = path.resolve()  # a symbolic link stays one; the file it names is replaced
    try:
        old = path.stat() if path.exists() else None
        layers.load(path if old else None)
        text = change(files.read_text(path) if old else "")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never readable by more people than the old one, which may hold a password.
        mode = old.st_mode & 0o777 if old else 0o644
        with files.replacing(path, text.encode(), mode=mode) as fresh:
            if old:
                _give(fresh, old.st_uid, old.st_gid)
            _check(fresh, path)
    except TOMLKitError as error:
        raise ConfigError(f"{path} cannot be changed by camd: {error}") from error
    except OSError as error:
        raise UnwritableError(f"{path} cannot be written: {error.strerror}") from error


def with_value(text: str, section: str, name: str, value: Any) -> str:
    """Set one option of a section, which may lie within another one: camera.controls. Where its
    line is there as a comment, that line is used. None removes the option."""
    table: Any = tomlkit.parse(text)
    for part in section.split("."):
        table = table.get(part, {})
    if value is None and name not in table:
        return text
    document = table = tomlkit.parse(text if name in table else _room(text, section, name))
    for part in section.split("."):
        table = table.setdefault(part, tomlkit.table())
    if value is None:
        del table[name]
    else:
        table[name] = value
    return tomlkit.dumps(document)


def with_table(text: str, array: str, values: Mapping[str, Any]) -> str:
    """Set `values` in the `[[array]]` table of the same name, or append such a table at the end.

    A value of None removes the option."""
    document = tomlkit.parse(text)
    for table in document.get(array, ()):
        if table.get("name") == values["name"]:
            for key, value in values.items():
                if value is not None:
                    table[key] = value
                elif key in table:
                    del table[key]
            return tomlkit.dumps(document)
    table = tomlkit.table()
    table.update({key: value for key, value in values.items() if value is not None})
    added = tomlkit.document()
    added[array] = tomlkit.aot()
    added[array].append(table)
    # As text: tomlkit would put it between the last [[array]] and the comment of what follows.
    head = text.rstrip() + "\n\n" if text.strip() else ""
    return head + tomlkit.dumps(added)


def without_table(text: str, array: str, name: str) -> str:
    """Remove the `[[array]]` table called `name`, and the comment above it.

    Raises ConfigError where there is none."""
    names = [table.get("name") for table in tomlkit.parse(text).get(array, ())]
    if name not in names:
        known = ", ".join(map(str, names)) or "none"
        raise ConfigError(f"there is no {array} {name!r} in this file; it has {known}")
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    own = re.compile(rf"\s*\[\[\s*{array}\s*\]\]")
    start = [number for number in headers if own.match(lines[number])][names.index(name)]
    after = next((number for number in headers if number > start), len(lines))
    # The comment right above a header is about what it heads.
    return "".join(lines[: _above(lines, start)] + lines[_above(lines, after) :])


def _room(text: str, section: str, name: str) -> str:
    """Make a line for the option right below the head of its section, where a person looks for it.
    tomlkit would put it behind the section's last comment, which often belongs to the next one."""
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    own = re.compile(rf"\s*\[\s*{re.escape(section)}\s*\]")
    start = next((number for number in headers if own.match(lines[number])), None)
    if start is None:
        return text
    after = next((number for number in headers if number > start), len(lines))
    commented = re.compile(rf"#\s*({name}\s*=.*)", re.DOTALL)
    for number in range(start, after):
        if match := commented.match(lines[number]):
            lines[number] = match[1]
            return "".join(lines)
    lines[start] = lines[start].rstrip() + "\n"
    return "".join([*lines[: start + 1], f"{name} = 0\n", *lines[start + 1 :]])


def _above(lines: list[str], number: int) -> int:
    while number > 0 and lines[number - 1].lstrip().startswith("#"):
        number -= 1
    return number


def _give(fresh: Path, user: int, group: int) -> None:
    new = fresh.stat()
    if (new.st_uid, new.st_gid) != (user, group):
        os.chown(fresh, user, group)


def _check(fresh: Path, path: Path) -> None:
    """Raise ConfigError where `fresh`, which is to become `path`, is wrong."""
    try:
        layers.load(fresh)
    except ConfigError as error:
        raise ConfigError(str(error).replace(str(fresh), str(path))) from error
