"""What pages of the site take from the program itself: options, commands, messages.

A page of docs/reference/ has a line `<!-- generated: options -->`; when Sphinx reads the page, the
text of `options` takes its place. So nothing of it is written twice, and none can be out of date.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from pydantic.fields import FieldInfo

from camd.cli.root import cli
from camd.config.keys import fields, tables
from camd.config.profiles import PROFILES
from camd.config.schema import schema
from camd.config.settings import LIVE
from camd.config.text import literal

MARK = re.compile(r"^<!-- generated: (\S+) -->$", re.M)
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "camd" / "mqtt" / "schemas"
DOCS = ROOT / "docs"
OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "README.md": "index.md",
    "benchmarks/README.md": "benchmarks.md",
    "camd/mqtt/schemas": "reference/payloads.md",
}
"""Pages of the site that stand for files outside of docs/."""
WIDTH = 88
"""Letters in a line of a command's help."""
LAB = "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"
"""The menu below the lab's page, which lists all of them in a table."""


def fill(name: str, text: list[str]) -> None:
    """Put what is generated into the page `name`, and lead links to README and the like to the
    pages that stand for them. `text` has one item, the page's source, which is replaced."""
    page = DOCS / f"{name}.md"
    filled = MARK.sub(lambda mark: MAKERS[mark[1]](), _linked(text[0], page, page))
    text[0] = filled + LAB if name == "lab/README" else filled


def _linked(text: str, source: Path, page: Path) -> str:
    """Return `text`, which is of the file `source`, with links as they must be on `page`."""

    def link(match: re.Match[str]) -> str:
        target = os.path.normpath(source.parent / match[1])
        inside = OUTSIDE.get(os.path.relpath(target, ROOT).replace(os.sep, "/"))
        return os.path.relpath(DOCS / inside if inside else target, page.parent)

    return LINK.sub(link, text)


def _file(name: str) -> Callable[[], str]:
    """Return what gives a file outside of docs/ as the page that stands for it."""
    source = ROOT / name
    return lambda: _linked(source.read_text(), source, DOCS / OUTSIDE[name])


def options() -> str:
    """Return every option of config.toml: a section a table, its bounds and default."""
    whole = schema()
    sections: dict[str, list[str]] = {}
    for key, info in fields():
        node = _at(whole, key)
        sections.setdefault(".".join(key[:-1]), []).append(_row(key[-1], info, node))
    for table, model in tables().items():
        node = _resolve(whole, whole["properties"][table]["items"])
        for name, info in model.model_fields.items():
            row = _row(name, info, _resolve(whole, node["properties"][name]))
            sections.setdefault(f"[{table}]", []).append(row)
    return "\n".join(_section(name, rows) for name, rows in sections.items())


def _section(name: str, rows: list[str]) -> str:
    heading = f"## `[{name}]`" if name else "## Without a section"
    head = "| option | default | what it is |\n|---|---|---|"
    return "\n".join([heading, "", head, *rows, ""])


def _row(name: str, info: FieldInfo, node: Mapping[str, Any]) -> str:
    default = info.get_default()
    if info.is_required():
        shown = "*needed*"
    elif default is None:
        shown = f"unset; such as {_code(info.examples[0])}" if info.examples else "unset"
    else:
        shown = _code(default)
    what = [_cell(info.description or "")]
    if bounds := _bounds(node):
        what.append(bounds)
    if LIVE in info.metadata:
        what.append("*Live*.")
    return f"| `{name}` | {shown} | {'<br>'.join(what)} |"


def _code(value: Any) -> str:
    text = literal(value).replace("|", "\\|")
    return f"`{text}`"


def _cell(text: str) -> str:
    """Return text for a cell of a table: < and > as letters, but not within code."""
    parts = text.replace("|", "\\|").replace("\n", " ").split("`")
    return "`".join(p if at % 2 else p.replace("<", "\\<") for at, p in enumerate(parts))


def _bounds(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return "One of " + ", ".join(f"`{one}`" for one in node["enum"]) + "."
    least = node.get("minimum", node.get("exclusiveMinimum"))
    most = node.get("maximum", node.get("exclusiveMaximum"))
    said = []
    if least is not None:
        said.append(("more than " if "exclusiveMinimum" in node else "at least ") + f"{least:g}")
    if most is not None:
        said.append(("less than " if "exclusiveMaximum" in node else "at most ") + f"{most:g}")
    return f"{', '.join(said).capitalize()}." if said else ""


def _at(whole: Mapping[str, Any], key: tuple[str, ...]) -> Mapping[str, Any]:
    node: Mapping[str, Any] = whole
    for part in key:
        node = _resolve(whole, node["properties"][part])
    return node


def _resolve(whole: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    return {**whole["$defs"][node["$ref"].rpartition("/")[2]], **node}


def profiles() -> str:
    """Return what each profile sets, as a table."""
    rows = [
        f"| `{'.'.join(key)}` | {_code(_default(key))} | {_code(value)} |"
        for values in PROFILES.values()
        for key, value in values.items()
    ]
    return "\n".join(["| option | without | with `small` |", "|---|---|---|", *rows])


def _default(key: tuple[str, ...]) -> Any:
    return next(info.get_default() for path, info in fields() if path == key)


def commands() -> str:
    """Return each command with its help, as `--help` prints it."""
    return "\n".join(
        f"{'#' * (1 + len(path))} `{' '.join(path)}`\n\n```text\n{text}\n```\n"
        for path, text in _helps(cli, ("camd",), None)
    )


def _helps(
    command: click.Command, path: tuple[str, ...], parent: click.Context | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the names and the help of a command, and of those within it."""
    settings = command.context_settings
    context = click.Context(
        command,
        parent,
        info_name=path[-1],
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **settings,
    )
    yield path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _helps(inner, (*path, name), context)


def payloads() -> str:
    """Return the keys of each message, of the JSON Schemas in camd/mqtt/schemas."""
    return "\n".join(_message(path) for path in sorted(SCHEMAS.glob("*.json")))


def _message(path: Path) -> str:
    whole = json.loads(path.read_text())
    title = "request/set" if path.stem == "request-set" else path.stem
    parts = [f"## `{title}`\n", whole.get("description", ""), ""]
    parts += _keys(whole, whole)
    for name, node in whole.get("$defs", {}).items():
        if "properties" in node:
            parts += [f"\n**{name}**: {_cell(node.get('description', ''))}\n".replace(": \n", "\n")]
            parts += _keys(whole, node)
    link = os.path.relpath(path, DOCS / "reference")
    return "\n".join([*parts, "", f"[The JSON Schema]({link})", ""])


def _keys(whole: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    if "properties" not in node:
        return []
    rows = [
        f"| `{name}` | {_kind(whole, item)} | {_what(item)} |"
        for name, item in node["properties"].items()
    ]
    return ["| key | type | what it is |", "|---|---|---|", *rows]


def _what(item: Mapping[str, Any]) -> str:
    told = _cell(item.get("description", ""))
    bounds = _bounds(item)
    return " ".join(part for part in (told, f"({bounds.rstrip('.')})" if bounds else "") if part)


def _kind(whole: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    if "$ref" in item:
        name = item["$ref"].rpartition("/")[2]
        inner = whole["$defs"][name]
        return name if "properties" in inner else _kind(whole, inner)
    if "anyOf" in item:
        return " or ".join(dict.fromkeys(_kind(whole, one) for one in item["anyOf"]))
    if "const" in item:
        return f"`{json.dumps(item['const'])}`"
    kind = item.get("type", "any")
    if kind == "array":
        inner = item.get("items")
        return f"list of {_kind(whole, inner)}" if inner else "list"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


MAKERS: Mapping[str, Callable[[], str]] = {
    "benchmarks": _file("benchmarks/README.md"),
    "changelog": _file("CHANGELOG.md"),
    "contributing": _file("CONTRIBUTING.md"),
    "commands": commands,
    "options": options,
    "payloads": payloads,
    "profiles": profiles,
}
