"""What the Debian package's files say; scripts/test-install deb builds, installs and purges it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_documented import parse

ROOT = Path(__file__).parents[1]
DEB = ROOT / "packaging" / "deb"
SCRIPT = (ROOT / "scripts" / "package-deb").read_text()


def test_each_field_that_is_left_open_is_filled_in() -> None:
    control = (DEB / "control").read_text()
    open_fields = set(re.findall(r"@(\w+)@", control))
    assert {"VERSION", "ARCH", "PYTHON", "NEXT_PYTHON"} <= open_fields
    assert all(f"s/@{field}@/" in SCRIPT for field in open_fields)
    assert {"Package", "Version", "Architecture", "Maintainer", "Depends", "Description"} <= set(
        re.findall(r"^(\S+):", control, re.M)
    )


@pytest.mark.parametrize("name", ["postinst", "prerm", "postrm"])
def test_the_scripts_of_the_package_are_plain_shell(name: str) -> None:
    text = (DEB / name).read_text()
    assert text.startswith("#!/bin/sh\nset -e\n")
    subprocess.run(["sh", "-n", DEB / name], check=True)
    for line in re.findall(r'echo ".*?camd .*: (camd [\w ]+)"', text):
        parse(line.split()[1:])
    # Nothing is asked of systemd where it does not run, as in a container.
    systemd = re.findall(r"^( *)(systemctl|deb-systemd-invoke)", text, re.M)
    assert all(indent for indent, _ in systemd)


def test_a_service_is_restarted_only_if_it_runs_and_never_started() -> None:
    text = (DEB / "postinst").read_text()
    assert "try-restart" in text
    assert not re.search(r"invoke (re)?start|^\s*systemctl .*enable", text, re.M)


def test_what_lintian_is_told_to_leave_has_a_reason() -> None:
    lines = (DEB / "lintian-overrides").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert all(line.startswith(("# ", "camd: ")) for line in lines)
    assert "--fail-on error,warning" in SCRIPT


def test_the_units_start_what_is_installed() -> None:
    build = (DEB / "build").read_text()
    for unit in (ROOT / "systemd").glob("*.service"):
        assert unit.name in build
        assert re.search(r"^ExecStart=camd ", unit.read_text(), re.M)
