"""The Debian package, where systemd runs: installed, upgraded while it reads, and purged."""

from pathlib import Path

from checks.guest import Listener, run
from checks.install import CAMD, camd, service_uninstall

FIRST, LATER = "/share/camd.deb", "/share/camd-later.deb"
KEPT = "# The administrator wrote this.\n"


def installed_upgraded_and_purged() -> str:
    if Path("/etc/systemd/system/camd.service").exists():  # that of /opt/camd goes before
        service_uninstall()
    camd.config.unlink(missing_ok=True)
    run("dpkg", "--install", FIRST)
    assert camd.get("ActiveState") == "inactive", "installing it has turned a camera on"
    assert run("/usr/bin/camd", "--version") == run(CAMD, "--version")
    camd.configure(KEPT + camd.config.read_text())
    run("systemctl", "start", "feed")
    run("systemctl", "enable", "--now", "camd")
    camd.status("fps; camera open", "broker connected")
    with Listener() as heard:
        heard.wait("reading", lambda reading: reading["lines"])
    before = camd.pid
    run("dpkg", "--install", LATER)
    assert camd.pid not in (before, "0"), "an upgrade did not restart what runs"
    camd.status("fps; camera open", "broker connected")
    version = run("dpkg-query", "--show", "--showformat=${Version}", "camd")
    assert version.endswith("+later"), version
    assert camd.config.read_text().startswith(KEPT), "the configuration was not kept"
    run("dpkg", "--purge", "camd")
    assert camd.get("ActiveState") == "inactive"
    places = (Path("/etc"), Path("/usr/lib/systemd"), Path("/usr/share"), Path("/var/lib/private"))
    left = [str(path) for place in places for path in place.rglob("*camd*")]
    # What stood in /etc before it belongs to the other checks.
    left = [path for path in left if not path.startswith(("/etc/camd", "/etc/systemd/system/camd"))]
    assert not left, left
    assert not camd.config.exists()
    return f"{version}: restarted by its upgrade, and nothing of it left"
