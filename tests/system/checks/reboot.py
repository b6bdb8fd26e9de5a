"""The machine starts again: nobody is there to help."""

from checks.guest import Listener, run
from checks.install import camd


def after_it() -> str:
    """Only the feeder has to be started: it stands for what is in front of the camera."""
    camd.status("camera failed", "broker connected")
    run("systemctl", "start", "feed")
    with Listener() as heard:
        heard.wait("status", lambda text: text == "online", retained=True)
        heard.wait("reading", lambda reading: reading["lines"])
    return f"{run('uptime', '-p')}: {camd.get('StatusText')}"
