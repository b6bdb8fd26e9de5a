"""A process that dies, or only looks alive: systemd starts it anew."""

from checks.guest import Listener, run, until
from checks.install import camd


def _anew(pid: str, restarts: int) -> None:
    """Wait for the next process, and for a reading of it."""
    until(lambda: int(camd.get("NRestarts")) > restarts, "a restart", camd.journal)
    until(lambda: camd.pid not in ("0", pid), "a new process", camd.journal)
    with Listener() as heard:
        heard.wait("status", lambda text: text == "online", retained=True)
        heard.wait("reading", lambda reading: reading["lines"])


def killed() -> str:
    pid, restarts = camd.pid, int(camd.get("NRestarts"))
    with Listener() as heard:
        run("systemctl", "kill", "-s", "KILL", "camd")
        heard.wait("status", lambda text: text == "offline")
        _anew(pid, restarts)
    return "offline by last will, a new process, a reading"


def stopped() -> str:
    """It exists, holds the camera and its connections, and does nothing."""
    pid, restarts, after = camd.pid, int(camd.get("NRestarts")), camd.mark()
    run("systemctl", "kill", "-s", "STOP", "camd")
    said = camd.says("Watchdog timeout", after)
    _anew(pid, restarts)
    return f"{said}; a new process, a reading"
