"""camd service, with a systemctl that only writes down what it is asked."""

import os
from pathlib import Path

import pytest

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
    (tmp_path / "bin" / "systemctl").write_text("#!/bin/sh\necho no bus >&2\nexit 1\n")
    done = camd("service", "install", "--user", home=tmp_path, env=env)
    assert done.returncode == 69
    assert "no bus" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_none(tmp_path: Path, env: dict[str, str]) -> None:
    done = camd("service", "install", "--instance", "../x", home=tmp_path, env=env)
    assert done.returncode == 2
