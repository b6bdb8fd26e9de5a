"""The unit's sandbox: its score, and that all camd does is possible inside."""

import shutil
from pathlib import Path

from checks.guest import Listener, run, until
from checks.install import CAMD, camd

MOST_EXPOSED = 1.3
DENIED = ("Operation not permitted", "Permission denied", "SIGSYS", "Read-only file system")

METRICS = Path("/var/lib/prometheus/node-exporter/camd.prom")
DROP_IN = f"[Service]\nReadWritePaths={METRICS.parent}\n"

CONFIG = f"""
[mqtt]
tls = true
port = 8883
ca_file = "/etc/mosquitto/certs/server.pem"
username = "camd"
outbox = "disk"
requests = true
health_s = 5
[model]
threads = 2
[metrics]
file = "{METRICS}"
"""
"""Encrypted and with a password, events on disk, and BLAS on two threads."""


def exposure() -> str:
    last = run("systemd-analyze", "security", "--no-pager", "camd.service").splitlines()[-1]
    score = float(last.split(":")[1].split()[0])
    assert score <= MOST_EXPOSED, last
    return last.lstrip("→ ")


def all_of_it_at_work() -> str:
    """The password comes from the credential, which is read at a start only."""
    Path("/etc/camd/mqtt.password").write_text("correct horse\n")
    Path("/etc/camd/mqtt.password").chmod(0o600)
    camd.configure(CONFIG)
    METRICS.parent.mkdir(parents=True)
    shutil.chown(METRICS.parent, group="video")
    METRICS.parent.chmod(0o2775)
    drop_in = Path("/etc/systemd/system/camd.service.d/metrics.conf")
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text(DROP_IN)
    run("systemctl", "daemon-reload")
    after = camd.mark()
    run("systemctl", "restart", "camd")
    camd.status("camera open", "broker connected")
    with Listener() as heard:
        heard.wait("reading", lambda reading: reading["lines"])
    assert Path("/var/lib/private/camd/camd.events.sqlite").exists()
    until(METRICS.exists, "metrics")
    run("setpriv", "--reuid=nobody", "--clear-groups", "cat", str(METRICS))
    said = camd.journal(after)
    assert not any(word in said for word in DENIED), said
    uid = Path(f"/proc/{camd.pid}").stat().st_uid
    assert uid > 60_000, "a dynamic user"
    memory = int(camd.get("MemoryCurrent")) / 2**20
    return f"capture, TLS with password, BLAS, disk outbox, metrics; user {uid}, {memory:.0f} MiB"


def doctor_knows_its_secrets() -> str:
    """Run by root beside the service, it logs in with the password that systemd hands over."""
    said = run(CAMD, "doctor", "--config", str(camd.config))
    assert "logged in as camd" in said, said
    return said.splitlines()[-1]
