"""A camera that stalls, is unplugged, comes back elsewhere, freezes: camd stays one process.

The loopback camera is fed by feed.service. vivid can be unplugged: camd@vivid reads it by its
by-path name."""

import os
from pathlib import Path

from checks.guest import Listener, Service, run, until
from checks.install import CAMD, camd

DRIVER = Path("/sys/bus/platform/drivers/vivid")
BY_PATH = "/dev/v4l/by-path/platform-vivid.0-video-index0"
vivid = Service("camd@vivid", "vivid.toml")
CONFIG = f"""
name = "vivid"
[camera]
device = "{BY_PATH}"
width = 320
height = 180
fourcc = ""
retry_s = 2
frozen_s = 10
[mqtt]
health_s = 5
"""


def _control(setting: str) -> None:
    run("v4l2-ctl", "-d", BY_PATH, "-c", setting)


def _recovers(service: Service, pid: str, after: str) -> str:
    """Wait for a problem and then for frames; it must be the same process. Return what it said
    went wrong."""
    problem = service.says("trying again", after)
    service.says(": (frames again|open); ", after)
    service.status("camera open")
    assert service.pid == pid, f"another process: {service.journal(after)}"
    return problem


def feeder_stalls() -> str:
    """The driver gives nothing; the reading ends, for a dead camera must not look alive."""
    pid, after = camd.pid, camd.mark()
    with Listener() as heard:
        heard.wait("reading", lambda reading: reading["lines"])
        run("systemctl", "kill", "-s", "STOP", "feed")
        camd.status("camera failed")
        heard.wait("reading", lambda reading: not reading["lines"])
        run("systemctl", "kill", "-s", "CONT", "feed")
        return _recovers(camd, pid, after)


def feeder_goes_and_comes_back() -> str:
    pid, after = camd.pid, camd.mark()
    run("systemctl", "stop", "feed")
    camd.status("camera failed")
    run("systemctl", "start", "feed")
    return _recovers(camd, pid, after)


def second_camera() -> str:
    vivid.configure(CONFIG)
    run(CAMD, "service", "install", "--instance", "vivid")
    return vivid.status("camera open", "broker connected")


def doctor_beside_both() -> str:
    """It knows that it is camd that holds the camera, and that both services run."""
    said = run(CAMD, "doctor", "--config", str(vivid.config))
    for part in ("camd itself reads it", "camd.service: active", "camd@vivid.service: active"):
        assert part in said, said
    return said.splitlines()[-1]


def unplugged_and_back() -> str:
    pid, after = vivid.pid, vivid.mark()
    (DRIVER / "unbind").write_text("vivid.0")
    vivid.status("camera missing")
    (DRIVER / "bind").write_text("vivid.0")
    return _recovers(vivid, pid, after)


def back_under_another_number() -> str:
    """Whoever still holds the old node makes the kernel give the camera a new number."""
    pid, after = vivid.pid, vivid.mark()
    before = os.path.realpath(BY_PATH)
    held = os.open(before, os.O_RDONLY)
    try:
        (DRIVER / "unbind").write_text("vivid.0")
        vivid.status("camera missing")
        (DRIVER / "bind").write_text("vivid.0")
        _recovers(vivid, pid, after)
        now = os.path.realpath(BY_PATH)
    finally:
        os.close(held)
    assert now != before
    return f"{before}, then {now}, both as by-path"


def disconnected() -> str:
    """vivid's own unplugging: the node stays, and fails."""
    pid, after = vivid.pid, vivid.mark()
    _control("disconnect=1")
    return _recovers(vivid, pid, after)


def streaming_breaks_off() -> str:
    pid, after = vivid.pid, vivid.mark()
    _control("inject_fatal_streaming_error=1")
    return _recovers(vivid, pid, after)


def busy() -> str:
    """Another program has the camera when camd starts."""
    run("systemctl", "stop", vivid.name)
    run("systemd-run", "--unit=thief", "v4l2-ctl", "-d", BY_PATH, "--stream-mmap")
    until(lambda: run("systemctl", "is-active", "thief") == "active", "the thief runs")
    after = vivid.mark()
    run("systemctl", "start", vivid.name)
    vivid.status("camera busy")
    pid = vivid.pid
    run("systemctl", "stop", "thief")
    return _recovers(vivid, pid, after)


def frozen_picture() -> str:
    """Without the running clock in it vivid's picture is always the same."""
    pid, after = vivid.pid, vivid.mark()
    with Listener("vivid") as heard:
        _control("osd_text_mode=2")
        vivid.status("camera frozen")
        heard.wait("health", lambda health: health["camera"]["state"] == "frozen")
        _control("osd_text_mode=0")
        return _recovers(vivid, pid, after)
