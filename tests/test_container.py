"""What the files of the container say of each other; scripts/test-container builds and runs it."""

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from camd.config.keys import fields
from tests.cli.test_documented import parse

ROOT = Path(__file__).parents[1]
FILE = (ROOT / "Containerfile").read_text()
SERVICES = yaml.safe_load((ROOT / "examples" / "compose.yaml").read_text())["services"]


def test_opencv_without_windows_is_of_the_version_that_is_locked() -> None:
    (with_windows,) = re.findall(
        r"^opencv-python==(\S+)", (ROOT / "requirements.lock").read_text(), re.M
    )
    (without,) = re.findall(
        r"^opencv-python-headless==(\S+)", (ROOT / "container.lock").read_text(), re.M
    )
    assert without == with_windows


def test_what_is_copied_is_there_and_not_ignored() -> None:
    let_in = {
        line[1:] for line in (ROOT / ".containerignore").read_text().split() if line[0] == "!"
    }
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", FILE, re.M)
        for source in line.split()
    ]
    assert len(sources) > 5
    for source in sources:
        assert (ROOT / source).exists()
        assert source in let_in


def test_the_options_that_are_set_are_options() -> None:
    names = {"CAMD_" + "__".join(key).upper() for key, _ in fields()}
    set_here = set(re.findall(r"\b(CAMD_\w+)=", FILE)) | {*SERVICES["camd"]["environment"]}
    assert set_here
    assert set_here <= names


def test_compose_mounts_what_the_image_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, *_: Path(value))
    (volumes,) = re.findall(r"^VOLUME \[(.*)\]", FILE, re.M)
    wanted = {text.strip('",') for text in shlex.split(volumes)}
    service = SERVICES["camd"]
    assert {mount.split(":")[1] for mount in service["volumes"]} == wanted
    assert service["read_only"]
    assert (ROOT / "examples" / service["build"]["context"] / "Containerfile").exists()
    parse(service["command"])
    assert "broker" in SERVICES
