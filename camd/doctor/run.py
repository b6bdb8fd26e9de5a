"""Examines one area after the other and prints what it finds, for people or as JSON."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from rich.text import Text

from camd import __version__
from camd.config import layers
from camd.config.keys import KeyPath
from camd.doctor import broker, camera, system
from camd.doctor.finding import Finding
from camd.errors import ConfigError
from camd.runtime import bounded
from camd.stdio import printable, write_json
from camd.terminal import FINE, UNUSUAL, console

Overrides: TypeAlias = Mapping[KeyPath, Any]

MARKS = {
    "ok": ("✓", FINE),
    "note": ("·", "dim"),
    "warning": ("!", UNUSUAL),
    "error": ("✗", "bold red"),
}
UNAVAILABLE = 69
"""Exit status of sysexits.h: something that is needed does not work."""


def examine(file: Path | None, overrides: Overrides, out: TextIO, *, as_json: bool) -> int:
    """Print each finding at once; return the exit status: 0 where camd can work, 78 where its
    configuration is wrong, else 69."""
    findings: list[Finding] = []
    show = _Report(out)
    for finding in _findings(file, overrides):
        findings.append(finding)
        if not as_json:
            show(finding)
    status = _status(findings)
    if as_json:
        rows = [asdict(finding) for finding in findings]
        write_json({"version": __version__, "status": status, "findings": rows}, out)
    else:
        show.summary(findings)
    return status


def _findings(file: Path | None, overrides: Overrides) -> Iterator[Finding]:
    files = layers.service_credentials(file)
    ours = {name: path for name, path in files.items() if os.access(path, os.R_OK)}
    try:
        settings = layers.load(file, overrides, credentials=ours or None).settings
    except ConfigError as error:
        yield Finding("configuration", "error", str(error), "config.toml explains each option")
        return
    yield Finding("configuration", "ok", "every key and value is right")
    for path in sorted(set(files.values()) - set(ours.values())):
        text = f"the service also uses {path}, which this user may not read"
        yield Finding("configuration", "note", text, "sudo camd doctor uses it too")
    with bounded(settings.model.threads):
        yield from system.model(settings)
        yield from camera.look(settings.camera)
        yield from broker.look(settings)
        yield from system.display(settings.overlay)
        yield from system.service()


def _status(findings: list[Finding]) -> int:
    failed = {finding.area for finding in findings if finding.level == "error"}
    if "configuration" in failed:
        return ConfigError.status
    return UNAVAILABLE if failed else 0


class _Report:
    """Prints findings for people: the area once, its findings in rows, what to do below each."""

    def __init__(self, out: TextIO) -> None:
        self._console = console(out)
        self._area = ""

    def __call__(self, finding: Finding) -> None:
        area = finding.area if finding.area != self._area else ""
        if area and self._area:
            self._console.print()
        self._area = finding.area
        mark, colour = MARKS[finding.level]
        first, *rest = printable(finding.text).splitlines()
        line = Text(f"{area:<15}", "bold")
        line.append(f"{mark} ", f"not bold {colour}")
        line.append(first, "not bold dim" if finding.level == "note" else "not bold")
        self._console.print(line, soft_wrap=True)
        for more in rest:
            self._console.print(Text(" " * 17 + more), soft_wrap=True)
        if finding.todo:
            todo = Text(" " * 17 + "→ ", colour)
            self._console.print(todo.append(printable(finding.todo)), soft_wrap=True)

    def summary(self, findings: list[Finding]) -> None:
        counts = {level: sum(f.level == level for f in findings) for level in ("error", "warning")}
        self._console.print()
        if counts["error"]:
            text = Text(f"{_count(counts['error'], 'thing')} in the way", MARKS["error"][1])
        else:
            text = Text("camd can do its work", FINE)
        if counts["warning"]:
            text.append(f", {_count(counts['warning'], 'warning')}", UNUSUAL)
        self._console.print(text)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
