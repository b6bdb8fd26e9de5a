import os
import signal
import time
from pathlib import Path

import pytest

from camd.daemon.alive import problem
from camd.daemon.health import Health
from camd.exposition import render
from testing.broker import until
from testing.process import camd, start
from tests.daemon.test_health import CAMERA
from tests.daemon.test_run import clip

__all__ = ["clip"]


def metrics(state: str) -> str:
    return render("desk", Health(0.0).payload(1.0, {**CAMERA, "state": state}, {}))


@pytest.mark.parametrize(
    ("state", "age_s", "says"),
    [
        ("open", 1, ""),
        ("open", 89, ""),
        ("ended", 1, ""),
        ("open", 91, "nothing was written for 91 s"),
        ("missing", 1, "the camera is missing"),
    ],
)
def test_what_the_metrics_say(state: str, age_s: float, says: str) -> None:
    said = problem(metrics(state), age_s, 30)
    assert (says in said) if says else not said


def test_another_file_is_no_metrics() -> None:
    assert problem("up 1\n", 1, 30) == "this is no metrics file of camd"


def test_a_running_camd_is_healthy_and_one_that_hangs_is_not(tmp_path: Path, clip: Path) -> None:
    file = tmp_path / "camd.prom"
    env = {"CAMD_METRICS__FILE": str(file), "CAMD_MQTT__HEALTH_S": "1"}

    def health() -> tuple[int, str]:
        done = camd("health", home=tmp_path, env=env)
        return done.returncode, done.stdout + done.stderr

    assert health() == (69, f"camd: {file}: No such file or directory\n")
    arguments = ("--device", clip, "--realtime", "--loop", "--broker", "none", "--no-window")
    process = start("run", *arguments, home=tmp_path, env=env)
    try:
        until(lambda: health() == (0, "camd reads\n"), "a healthy camd")
        process.send_signal(signal.SIGSTOP)
        os.utime(file, (time.time() - 60, time.time() - 60))
        code, said = health()
        assert code == 69
        assert "hangs" in said
    finally:
        process.kill()
        process.wait()


def test_without_a_metrics_file_it_says_which_option_to_set(tmp_path: Path) -> None:
    done = camd("health", home=tmp_path)
    assert done.returncode == 2
    assert "metrics.file is not set" in done.stderr
