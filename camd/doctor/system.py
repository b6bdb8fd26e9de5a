"""Tries what is on this machine: the model, the display, the service."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from camd import learnt, paths
from camd.classify import svm
from camd.config.settings import OverlaySettings, Settings
from camd.display.window import Window
from camd.doctor.finding import Finding
from camd.errors import ModelError

CROPS = 100
"""Digits that the model classifies to measure its time: a frame may hold as many."""
MOST_EXPOSED = 1.3
"""Of 10, by `systemd-analyze security`: what camd's own unit has (tests/service/test_install.py). A
higher one was changed, or comes from an older camd."""


def model(settings: Settings) -> Iterator[Finding]:
    path = paths.model_file(settings.model.file)
    try:
        loaded = svm.load(path)  # which compares the checksum and runs the self-test
    except ModelError as error:
        todo = "install camd again, or correct model.file"
        yield Finding("model", "error", str(error), todo)
        return
    with np.load(path, allow_pickle=False) as stored:
        crops = np.resize(stored["test_crops"], (CROPS, 28, 28))
    loaded.classify(crops)
    started = time.perf_counter()
    loaded.classify(crops)
    each = (time.perf_counter() - started) / CROPS * 1e3
    text = f"{loaded.id}: checksum and self-test pass, {each:.2f} ms a digit"
    yield Finding("model", "ok", text, "", {"id": loaded.id, "ms_per_digit": round(each, 3)})
    if (own := learnt.file(settings)) is None:
        return
    if learnt.load(settings).id != loaded.id:
        yield Finding("model", "note", f"read with is what camd learn has made of it: {own}")
    else:
        todo = "run camd learn again, or camd learn --undo"
        yield Finding("model", "warning", f"{own} cannot be used; the log says why", todo)


def display(settings: OverlaySettings) -> Iterator[Finding]:
    if not settings.window:
        yield Finding("display", "note", "overlay.window is false: no window")
        return
    window = Window.open("camd doctor")
    if window is None:
        yield Finding("display", "note", "no display here: camd runs without a window")
    else:
        window.close()
        yield Finding("display", "ok", "a window opens")


def service() -> Iterator[Finding]:
    units = sorted(Path("/etc/systemd/system").glob("camd*.service"))
    if not shutil.which("systemctl") or not units:
        todo = "camd service install, where it should run unattended"
        yield Finding("service", "note", "not installed as a systemd service", todo)
        return
    for unit in units:
        for name in [unit.name] if unit.name == "camd.service" else _instances():
            state = _output("systemctl", "is-active", name)
            fine = state == "active"
            todo = "" if fine else f"systemctl status {name}; journalctl -u {name}"
            yield Finding("service", "ok" if fine else "warning", f"{name}: {state}", todo)
        said = _output("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit))
        found = re.search(r"exposure level for \S+: ([\d.]+)", said)
        if found:
            exposure = float(found[1])
            wide = exposure > MOST_EXPOSED
            yield Finding(
                "service",
                "warning" if wide else "ok",
                f"{unit.name}: exposure {exposure} of 10",
                "camd service install writes the unit anew" if wide else "",
                {"exposure": exposure},
            )


def _instances() -> list[str]:
    """Return the camd@ services that run, should run, or have failed."""
    said = _output("systemctl", "list-units", "--all", "--plain", "--no-legend", "camd@*.service")
    return [line.split()[0] for line in said.splitlines()]


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout.decode(errors="replace").strip()
