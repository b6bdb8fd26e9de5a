"""Signals at each stage of start and stop, and secrets that nobody else may see."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.broker import LONG, Mosquitto, Subscriber, mosquitto, password_file, until
from tests.mqtt.proxy import proxy
from tests.process import start
from tests.test_cli import page

SECRET = "correct-horse-battery"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (320, 180))
    picture = cv2.resize(page("3 2 5"), (320, 180), interpolation=cv2.INTER_AREA)
    for _ in range(30):
        writer.write(picture)
    writer.release()
    return path


def begin(clip: Path, home: Path, host: str, port: int) -> subprocess.Popen[str]:
    device = ("--device", clip, "--realtime", "--loop", "--no-window")
    return start("run", *device, "--broker", f"mqtt://{host}:{port}", home=home)


def ends(process: subprocess.Popen[str], *statuses: int) -> str:
    """Wait for the end and return what was said."""
    _, said = process.communicate(timeout=LONG)
    assert process.returncode in statuses, said
    assert "Traceback" not in said
    return said


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_at_any_moment_leaves_offline_or_nothing(
    real: Mosquitto, clip: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """From before the interpreter runs to well into the work; online is never the last word."""
    for stage in range(8):
        with Subscriber(real.host, real.port, "camd/camd/status") as heard:
            process = begin(clip, tmp_path, real.host, real.port)
            time.sleep(stage * 0.3)
            process.send_signal(number)
            ends(process, 0, -number)

            def said(heard: Subscriber = heard) -> list[bytes]:
                return [item.payload for item in heard.heard if not item.retained]

            if b"online" in said():
                until(lambda: b"offline" in said(), "offline")
                assert said() == [b"online", b"offline"]


@pytest.mark.timeout(120)
def test_a_second_signal_does_not_wait(real: Mosquitto, clip: Path, tmp_path: Path) -> None:
    with Subscriber(real.host, real.port) as heard:
        process = begin(clip, tmp_path, real.host, real.port)
        heard.wait("camd/camd/digits")
        real.signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        ends(process, 0, 130)
        real.signal(signal.SIGCONT)


@pytest.mark.timeout(120)
def test_a_dead_broker_does_not_hold_up_the_end(
    real: Mosquitto, clip: Path, tmp_path: Path
) -> None:
    with proxy(real) as between:
        with Subscriber(real.host, real.port) as heard:
            process = begin(clip, tmp_path, between.host, between.port)
            heard.wait("camd/camd/digits")
        between.frozen = True
        process.send_signal(signal.SIGTERM)
        ends(process, 0)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Mosquitto]:
    users = password_file(tmp_path / "users", "camd", SECRET)
    with mosquitto(f"allow_anonymous false\npassword_file {users}\n") as broker:
        yield broker


@pytest.mark.timeout(120)
@pytest.mark.parametrize("right", [True, False])
def test_the_password_is_seen_by_nobody(
    locked: Mosquitto, clip: Path, tmp_path: Path, right: bool
) -> None:
    """Not in the log at its most talkative, in messages, nor in the list of processes."""
    secret = SECRET if right else "wrong-" + SECRET
    login = ("camd", SECRET)
    process = start(
        *("run", "--device", clip, "--realtime", "--loop", "--no-window", "-v"),
        *("--broker", f"mqtt://camd@{locked.host}:{locked.port}"),
        home=tmp_path,
        env={"CAMD_MQTT__PASSWORD": secret, "CAMD_MQTT__REQUESTS": "true"},
    )
    said: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()))
    reader.start()
    with Subscriber(locked.host, locked.port, login=login) as heard:
        if right:
            heard.wait("camd/camd/health")
            heard.wait("camd/camd/info")
            heard.wait("camd/camd/state")
        else:
            while not any("refuses us" in line for line in said):
                time.sleep(0.05)
                assert process.poll() is None
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, check=True).stdout
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0
        reader.join()
    assert secret not in "".join(said)
    assert secret.encode() not in listed
    assert not any(SECRET.encode() in item.payload for item in heard.heard)
