"""A broker that goes, and comes back without a memory."""

import re

from checks.guest import Listener, run, until
from checks.install import camd
from checks.sandbox import METRICS


def _queued() -> int:
    return int(re.findall(r"^camd_messages_queued{\S* (\d+)", METRICS.read_text(), re.MULTILINE)[0])


def restarted() -> str:
    """It has forgotten all retained messages: camd says them again."""
    pid, after = camd.pid, camd.mark()
    run("systemctl", "restart", "mosquitto")
    camd.says("connected to the MQTT broker", after)
    with Listener() as heard:
        heard.wait("status", lambda text: text == "online", retained=True)
        heard.wait("reading", bool, retained=True)
    assert camd.pid == pid
    return "online and reading are retained again"


def killed_while_events_wait() -> str:
    """Events made without a broker outlive the process on disk, and keep their boot and seq."""
    with Listener() as heard:
        boot = heard.wait("event", bool)["boot"]
        last = heard.on("event")[-1]["seq"]
        run("systemctl", "stop", "mosquitto")
        until(lambda: _queued() > 20, "more than 20 events wait")
        run("systemctl", "kill", "-s", "KILL", "camd")
        camd.status("camera open")
        run("systemctl", "start", "mosquitto")
        camd.status("broker connected")
        heard.wait("event", lambda event: event["boot"] != boot)
        late = [e["seq"] for e in heard.on("event") if e["boot"] == boot and e["seq"] > last]
    assert late, "no event of the killed process came"
    assert late == list(range(late[0], late[0] + len(late))), f"gaps: {late}"
    return f"{len(late)} events of the process killed came afterwards, none missing"
