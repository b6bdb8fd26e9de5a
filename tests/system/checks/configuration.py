"""Someone edits the configuration, rightly and wrongly."""

from checks.guest import Listener, run, until
from checks.install import camd
from checks.sandbox import CONFIG

WRONG = CONFIG.replace("health_s = 5", 'health_s = "often"\ncolour = "blue"')


def wrong_and_reloaded() -> str:
    """It is refused, and the old one stays in force."""
    pid, after = camd.pid, camd.mark()
    camd.configure(WRONG)
    run("systemctl", "reload", "camd")
    said = camd.says("not reloaded", after)
    all_of_it = camd.journal(after)
    assert "colour" in all_of_it, all_of_it
    assert "health_s" in all_of_it, all_of_it
    with Listener() as heard:
        heard.wait("reading", lambda reading: reading["lines"])
    assert camd.pid == pid
    assert camd.get("ActiveState") == "active"
    return said


def right_and_reloaded() -> str:
    pid, after = camd.pid, camd.mark()
    camd.configure(CONFIG.replace("[mqtt]", 'name = "camd"\n[mqtt]\nmax_rate = 1'))
    with Listener() as heard:
        run("systemctl", "reload", "camd")
        heard.wait("status", lambda text: text == "offline")
        heard.wait("status", lambda text: text == "online")
    camd.status("camera open", "broker connected")
    assert camd.pid == pid
    return camd.says("starting anew", after)


def wrong_and_restarted() -> str:
    """It stays down, and is seen to be down, until someone mends it."""
    camd.configure(WRONG)
    run("systemctl", "restart", "camd", status=1)
    until(lambda: camd.get("ActiveState") == "failed", "failed", camd.journal)
    assert camd.get("ExecMainStatus") == "78"
    restarts = camd.get("NRestarts")
    run("sleep", "10")
    assert (camd.get("ActiveState"), camd.get("NRestarts")) == ("failed", restarts)
    assert "camd.service" in run("systemctl", "--failed", "--plain")
    camd.configure(CONFIG)
    run("systemctl", "restart", "camd")
    camd.status("camera open", "broker connected")
    return "status 78: failed, and not started again; started with the mistakes mended"
