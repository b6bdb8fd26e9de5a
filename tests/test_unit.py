"""The units in systemd/, as systemd-analyze sees them, and what is made of them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from camd import paths, unit
from testing.broker import find

UNITS = ("camd.service", "camd@.service")


def text(name: str) -> str:
    return (paths.units() / name).read_text()


def analyze(tmp_path: Path, name: str, *arguments: str, user: bool = False) -> str:
    path = tmp_path / name.replace("@", "@desk")
    path.write_text(unit.render(text(name), "/bin/true", user=user))
    done = subprocess.run(
        [find("systemd-analyze"), *arguments, str(path)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong(tmp_path: Path, name: str) -> None:
    assert analyze(tmp_path, name, "verify", "--man=no") == ""


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_for_a_user(tmp_path: Path, name: str) -> None:
    assert analyze(tmp_path, name, "--user", "verify", "--man=no", user=True) == ""


@pytest.mark.parametrize("name", UNITS)
def test_the_sandbox_leaves_little_open(tmp_path: Path, name: str) -> None:
    said = analyze(tmp_path, name, "security", "--offline=true", "--no-pager")
    exposure = re.search(r"exposure level for \S+: ([\d.]+)", said)
    assert exposure, said
    assert float(exposure[1]) <= 1.3


@pytest.mark.parametrize("name", UNITS)
def test_what_is_left_open_has_its_reason_beside_it(tmp_path: Path, name: str) -> None:
    said = analyze(tmp_path, name, "security", "--offline=true", "--no-pager", "--json=short")
    reasons = text(name).partition("# Left open, and why:")[2].partition("# Closed:")[0]
    # RestrictAddressFamilies=~AF_(INET|INET6), RootDirectory=/RootImage=, IPAddressDeny=
    found = [row["name"] for row in json.loads(said.splitlines()[0]) if row["set"] is False]
    assert "PrivateNetwork=" in found
    for item in found:
        option, _, value = item.partition("=")
        for word in [option, *re.findall("AF_[A-Z]+", value)]:
            assert word in reasons, item


def test_one_of_several_differs_only_in_its_names() -> None:
    several = text("camd@.service").replace(" --config /etc/camd/%i.toml", "")
    several = several.replace("from the camera %i,", "from a camera,").replace("camd/%i.", "camd/")
    assert several.replace("camd-%i", "camd") == text("camd.service")


def test_no_state_directory_lies_within_another() -> None:
    """With DynamicUser= they become links: beside camd.service no instance would start."""
    first, second = (re.search("^StateDirectory=(.*)$", text(u), re.MULTILINE)[1] for u in UNITS)  # type: ignore[index]
    assert "/" not in first + second
    assert first != second


def test_the_path_of_the_command_is_quoted() -> None:
    made = unit.render("ExecStart=camd run\n", "/opt/my 100%/camd", user=False)
    assert made == 'ExecStart="/opt/my 100%%/camd" run\n'


def test_a_users_unit_keeps_what_needs_no_root() -> None:
    made = unit.render(text("camd@.service"), "/bin/camd", user=True)
    assert "DynamicUser" not in made
    assert "/etc/camd" not in made
    for kept in ("Type=notify", "NoNewPrivileges=yes", "default.target", "%E/camd/%i.toml"):
        assert kept in made
