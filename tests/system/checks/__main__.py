"""Runs the checks in order, one line each, and goes on after the guest has been rebooted.

What is to be run is in /share/wanted, one name a line; nothing there means everything."""

import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from checks import broker, camera, configuration, install, package, page, reboot, sandbox, watchdog
from checks.guest import run

Check = Callable[[], str]
"""Returns what was seen; raises where that is not what should be."""

BEFORE: list[Check] = [
    install.the_wheel,
    install.doctor_before,
    install.service_install,
]
"""Without these there is nothing to check."""
CHECKS: list[Check] = [
    install.every_sheet_of_the_clip,
    sandbox.exposure,
    sandbox.all_of_it_at_work,
    sandbox.doctor_knows_its_secrets,
    page.served_in_the_sandbox,
    page.what_it_may_not_write_is_told,
    page.learning_is_a_process_of_its_own,
    camera.feeder_stalls,
    camera.feeder_goes_and_comes_back,
    camera.second_camera,
    camera.doctor_beside_both,
    camera.unplugged_and_back,
    camera.back_under_another_number,
    camera.disconnected,
    camera.streaming_breaks_off,
    camera.busy,
    camera.frozen_picture,
    broker.restarted,
    broker.killed_while_events_wait,
    watchdog.killed,
    watchdog.stopped,
    configuration.wrong_and_reloaded,
    configuration.right_and_reloaded,
    configuration.wrong_and_restarted,
    reboot.after_it,
    install.service_uninstall,
    package.installed_upgraded_and_purged,
]
REBOOT_BEFORE = reboot.after_it
PROGRESS = Path("/var/lib/checks")
"""A line for each check done, over the reboot: its name, and "ok" or "FAIL"."""


def main() -> None:
    wanted = Path("/share/wanted").read_text().split()
    todo = BEFORE + [check for check in CHECKS if not wanted or _name(check) in wanted]
    PROGRESS.touch()
    done = dict(line.split() for line in PROGRESS.read_text().splitlines())
    for check in todo:
        if _name(check) in done:
            continue
        if check is REBOOT_BEFORE and "reboot" not in done:
            _note("reboot", "ok")
            run("systemctl", "reboot")
            return
        done[_name(check)] = _try(check)
        _note(_name(check), done[_name(check)])
        if check in BEFORE and done[_name(check)] == "FAIL":
            break
    failed = [name for name, verdict in done.items() if verdict == "FAIL"]
    _say(f"failed: {' '.join(failed)}" if failed else f"all {len(todo)} checks passed")
    Path("/share/results/journal.txt").write_text(run("journalctl", "-o", "short-monotonic"))
    run("systemctl", "poweroff")


def _name(check: Check) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _note(name: str, verdict: str) -> None:
    with PROGRESS.open("a") as out:
        out.write(f"{name} {verdict}\n")


def _try(check: Check) -> str:
    started = time.monotonic()
    try:
        seen, verdict = check(), "ok"
    except AssertionError as error:
        seen, verdict = str(error) or traceback.format_exc(), "FAIL"
    except Exception:
        seen, verdict = traceback.format_exc(), "FAIL"
    took = time.monotonic() - started
    _say(f"{verdict:<4} {_name(check)} ({took:.0f} s): {seen}")
    return verdict


if __name__ == "__main__":
    main()
