"""Installed as docs/operations.md says, and reading the demo clip with the defaults."""

import json
from pathlib import Path

from checks.guest import Listener, Service, run

CAMD = "/opt/camd/bin/camd"
SHEETS = [sheet["lines"] for sheet in json.loads(Path("/share/demo.json").read_text())["readings"]]
EMULATED = """
[Service]
TimeoutStartSec=600
Environment=CAMD_TRACK__FORGET_MS=6000 CAMD_TRACK__MEMORY_MS=12000 CAMD_CAMERA__MAX_AGE_MS=10000
"""
"""The clip runs in slow motion there, and camd far slower still; on a busy machine its start takes
minutes."""
camd = Service("camd", "config.toml")


def the_wheel() -> str:
    run("systemctl", "start", "feed")
    (wheel,) = map(str, Path("/share").glob("*.whl"))
    run("/opt/camd/bin/pip", "install", "--no-index", "--no-deps", wheel)
    return run(CAMD, "--version")


def doctor_before() -> str:
    """All is there but the service, of which doctor says how to have it."""
    said = run(CAMD, "doctor", "--broker", "mqtt://localhost")
    assert "camd service install" in said, said
    return said.splitlines()[-1]


def service_install() -> str:
    """It returns once systemd has heard READY."""
    if run("systemd-detect-virt") != "kvm":
        for name in ("camd", "camd@"):
            drop_in = Path(f"/etc/systemd/system/{name}.service.d/emulated.conf")
            drop_in.parent.mkdir()
            drop_in.write_text(EMULATED)
    said = run(CAMD, "service", "install")
    assert camd.get("ActiveState") == "active", said
    assert camd.get("User") or camd.get("DynamicUser") == "yes"
    return camd.status("fps; camera open", "broker connected")


def every_sheet_of_the_clip() -> str:
    with Listener() as heard:
        for lines in SHEETS:
            heard.wait("reading", lambda reading, lines=lines: reading["lines"] == lines)
        rate = heard.wait("health", lambda health: health["frames"]["processed"])["fps"]
    return f"{len(SHEETS)} of {len(SHEETS)} over MQTT; {rate} fps"


def service_uninstall() -> str:
    said = run(CAMD, "service", "uninstall")
    assert not Path("/etc/systemd/system/camd.service").exists()
    assert camd.config.exists()
    assert run("systemctl", "is-active", "camd", status=3) == "inactive"
    return said.splitlines()[0]
