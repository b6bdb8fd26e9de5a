"""camd service, with a systemctl that only writes down what it is asked.

The units in systemd/, as systemd-analyze sees them, and what is made of them.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from camd import paths
from camd.service import install
from testing.broker import find
from testing.process import camd


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("systemctl", "camd"):
        script = folder / name
        script.write_text(f'#!/bin/sh\necho "{name} $@" >> {tmp_path}/calls\n')
        script.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}


def calls(tmp_path: Path) -> list[str]:
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


def test_install_and_uninstall_for_a_user(tmp_path: Path, env: dict[str, str]) -> None:
    done = camd("service", "install", "--user", home=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    unit = tmp_path / "systemd" / "user" / "camd.service"
    assert "/camd run --no-window\n" in unit.read_text()
    assert (tmp_path / "camd" / "config.toml").exists()
    assert camd("config", "check", home=tmp_path).returncode == 0
    assert calls(tmp_path) == [
        "systemctl --user daemon-reload",
        "systemctl --user enable camd.service",
        "systemctl --user restart camd.service",
    ]

    done = camd("service", "uninstall", "--user", home=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert not unit.exists()
    assert (tmp_path / "camd" / "config.toml").exists()
    assert "systemctl --user disable --now camd.service" in calls(tmp_path)
    again = camd("service", "uninstall", "--user", home=tmp_path, env=env)
    assert again.returncode == 69
    assert "nothing to uninstall" in again.stderr


def test_an_instance_has_its_own_configuration_and_shares_the_unit(
    tmp_path: Path, env: dict[str, str]
) -> None:
    for name in ("desk", "till"):
        done = camd("service", "install", "--user", "--instance", name, home=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        assert f'\nname = "{name}" ' in (tmp_path / "camd" / f"{name}.toml").read_text()
    units = tmp_path / "systemd" / "user"
    wants = units / "default.target.wants"
    wants.mkdir()
    (wants / "camd@till.service").symlink_to(units / "camd@.service")
    arguments = ("service", "uninstall", "--user", "--instance")
    assert camd(*arguments, "desk", home=tmp_path, env=env).returncode == 0
    assert (units / "camd@.service").exists()
    (wants / "camd@till.service").unlink()
    assert camd(*arguments, "till", home=tmp_path, env=env).returncode == 0
    assert not (units / "camd@.service").exists()


@pytest.mark.parametrize("what", ["install", "uninstall"])
def test_a_dry_run_does_nothing(tmp_path: Path, env: dict[str, str], what: str) -> None:
    for extra in ([], ["--user"]):
        done = camd("service", what, "--dry-run", *extra, home=tmp_path, env=env)
        assert "would run: systemctl" in done.stdout, done.stderr
    assert calls(tmp_path) == []
    assert not (tmp_path / "systemd").exists()


def test_what_systemctl_refuses_is_said(tmp_path: Path, env: dict[str, str]) -> None:
    said = b"#!/bin/sh\necho 'no bus \xe9' >&2\nexit 1\n"  # in an encoding of its own
    (tmp_path / "bin" / "systemctl").write_bytes(said)
    done = camd("service", "install", "--user", home=tmp_path, env=env)
    assert done.returncode == 69
    assert "no bus" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_none(tmp_path: Path, env: dict[str, str]) -> None:
    done = camd("service", "install", "--instance", "../x", home=tmp_path, env=env)
    assert done.returncode == 2


UNITS = ("camd.service", "camd@.service")


def text(name: str) -> str:
    return (paths.units() / name).read_text()


def analyze(tmp_path: Path, name: str, *arguments: str, user: bool = False) -> str:
    path = tmp_path / name.replace("@", "@desk")
    path.write_text(install.render(text(name), "/bin/true", user=user))
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
    made = install.render("ExecStart=camd run\n", "/opt/my 100%/camd", user=False)
    assert made == 'ExecStart="/opt/my 100%%/camd" run\n'


def test_a_users_unit_keeps_what_needs_no_root() -> None:
    made = install.render(text("camd@.service"), "/bin/camd", user=True)
    assert "DynamicUser" not in made
    assert "/etc/camd" not in made
    for kept in ("Type=notify", "NoNewPrivileges=yes", "default.target", "%E/camd/%i.toml"):
        assert kept in made


def test_what_a_package_has_brought_is_used_and_stays(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "packaged"
    packaged.mkdir()
    unit = packaged / "camd@.service"
    unit.write_text("the package's")
    monkeypatch.setattr(install, "PACKAGED", packaged)
    monkeypatch.setattr(install.layers, "SYSTEM_FILE", tmp_path / "etc" / "config.toml")
    monkeypatch.setattr(install.os, "geteuid", lambda: 0)
    monkeypatch.setattr(install, "_hidden", lambda _: "")
    monkeypatch.setenv("PATH", env["PATH"])
    place = install.Place(user=False, instance="desk")
    said: list[str] = []
    install.install(place, said.append, dry_run=False)
    assert (tmp_path / "etc" / "desk.toml").exists()
    assert not any("camd@.service" in line for line in said if line.startswith("wrote"))
    install.uninstall(place, said.append, dry_run=True)
    install.uninstall(place, said.append, dry_run=False)
    assert "belongs to the package" in said[-1]
    assert unit.read_text() == "the package's"
    assert "systemctl restart camd@desk.service" in calls(tmp_path)
    assert calls(tmp_path)[-1] == "systemctl disable --now camd@desk.service"
