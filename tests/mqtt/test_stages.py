"""Signals at each stage of start and stop, and secrets that nobody else may see."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, password_file, until
from testing.pages import film
from testing.process import start
from testing.proxy import proxy

SECRET = "correct-horse-battery"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return film(path, "3 2 5", frames=30, size=(320, 180))


def begin(
    clip: Path, home: Path, host: str, port: int, *, fresh: bool = False
) -> subprocess.Popen[str]:
    device = ("--device", clip, "--realtime", "--loop", "--no-window")
    return start("run", *device, "--broker", f"mqtt://{host}:{port}", home=home, fresh=fresh)


def ends(process: subprocess.Popen[str], *statuses: int) -> str:
    """Wait for the end and return what was said."""
    _, said = process.communicate(timeout=LONG)
    assert process.returncode in statuses, said
    assert "Traceback" not in said
    return said


STAGES = ("born", "0.1 s", "0.3 s", "reading ", "connected", "status", "digits", "reading")
"""Of a start: at once, a moment later, a word in the log, a message that is heard."""


def reach(stage: str, process: subprocess.Popen[str], heard: Subscriber) -> None:
    if stage.endswith(" s"):
        time.sleep(float(stage.removesuffix(" s")))
    elif stage in ("reading ", "connected"):
        assert process.stderr is not None
        while stage not in process.stderr.readline():
            assert process.poll() is None
    elif stage != "born":
        heard.wait(f"camd/camd/{stage}")


def statuses(heard: Subscriber) -> list[bytes]:
    return [item.payload for item in heard.on("camd/camd/status") if not item.retained]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_at_each_stage_of_the_start_leaves_offline_or_nothing(
    clip: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """Online is never the last word, and offline is said once."""
    for stage in STAGES:
        with mosquitto() as broker, Subscriber(broker.host, broker.port) as heard:
            fresh = stage in STAGES[:3]  # while Python starts, and while it imports
            process = begin(clip, tmp_path, broker.host, broker.port, fresh=fresh)
            reach(stage, process, heard)
            process.send_signal(number)
            ends(process, 0, -number)
            if b"online" in statuses(heard):
                until(lambda: b"offline" in statuses(heard), "offline")
                assert statuses(heard) == [b"online", b"offline"]
            else:
                assert stage not in STAGES[5:]


@pytest.mark.timeout(300)
def test_a_kill_at_each_stage_of_the_stop_leaves_offline(
    real: Mosquitto, clip: Path, tmp_path: Path
) -> None:
    for moment in (0.0, 0.01, 0.03, 0.1, 0.3):
        with Subscriber(real.host, real.port) as heard:
            process = begin(clip, tmp_path, real.host, real.port)
            heard.wait("camd/camd/digits")
            process.send_signal(signal.SIGTERM)
            time.sleep(moment)
            process.kill()
            ends(process, 0, -signal.SIGKILL)
            until(lambda: b"offline" in statuses(heard), "offline")
            until(lambda: statuses(heard)[-1] == b"offline")
            # Killed between the two, it is said by camd and by its will.
            assert statuses(heard) in ([b"online", b"offline"], [b"online", b"offline", b"offline"])


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
        fresh=True,
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
