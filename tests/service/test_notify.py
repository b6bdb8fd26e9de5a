"""What systemd hears: the messages by themselves, and from the real process."""

import os
import signal
import time
from pathlib import Path

import pytest

from camd.service.notify import Service
from testing.broker import Subscriber, mosquitto
from testing.pages import film
from testing.process import start
from tests.notified import notified


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "abstract":
        return f"@camd-test-{os.getpid()}-{time.monotonic_ns()}"
    return str(tmp_path / "notify")


def service(address: str, **extra: str) -> Service:
    return Service({"NOTIFY_SOCKET": address} | extra)


def test_messages_reach_either_kind_of_socket(address: str) -> None:
    with notified(address) as manager:
        told = service(address)
        told.ready()
        told.reloading()
        told.stopping()
        lines = manager.wait(lambda lines: "STOPPING=1" in lines)
    assert lines[0] == "READY=1"
    assert lines[1] == "RELOADING=1"
    usec = int(lines[2].removeprefix("MONOTONIC_USEC="))
    assert 0 < usec <= time.monotonic_ns() // 1000
    assert lines[3] == "STOPPING=1"


def test_the_status_is_sent_when_it_changes_and_not_too_often(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with notified(address) as manager:
        told = service(address)
        for now, status in ((10.0, "a"), (10.5, "b"), (10.9, "c"), (11.1, "c"), (13, "c")):
            told.tick(now, status, "")
        told.stopping()
        lines = manager.wait(lambda lines: "STOPPING=1" in lines)
    assert lines == ["STATUS=a", "STATUS=c", "STOPPING=1"]


def test_the_watchdog_hears_twice_a_period_and_nothing_of_the_sick(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with notified(address) as manager:
        told = service(address, WATCHDOG_USEC="2000000", WATCHDOG_PID=str(os.getpid()))
        for tick in range(50):  # five seconds, then five more with a problem
            told.tick(100 + tick / 10, "s", "")
        told.ready()
        for tick in range(50):
            told.tick(105 + tick / 10, "s", "the driver hangs")
        told.stopping()
        lines = manager.wait(lambda lines: "STOPPING=1" in lines)
    before, after = lines[: lines.index("READY=1")], lines[lines.index("READY=1") :]
    assert before.count("WATCHDOG=1") >= 5
    assert "WATCHDOG=1" not in after
    assert "STATUS=s; the driver hangs" in after


def test_a_watchdog_meant_for_another_process_is_none_of_ours() -> None:
    assert Service({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}).watchdog_s is None
    assert Service({"WATCHDOG_USEC": "2000000"}).watchdog_s == 2


def test_nobody_listens_and_nothing_happens(tmp_path: Path) -> None:
    for where in ("", str(tmp_path / "none"), "vsock:2:1"):
        told = service(where)
        told.ready()
        told.tick(0.0, "s", "")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clip") / "clip.mp4", "3 2 5", frames=30)


def test_the_process_says_ready_how_it_goes_and_when_it_stops(tmp_path: Path, clip: Path) -> None:
    address = str(tmp_path / "notify")
    with mosquitto() as broker, notified(address) as manager:
        process = start(
            "run", "--device", clip, "--realtime", "--loop",
            "--broker", f"mqtt://{broker.host}:{broker.port}",
            home=tmp_path, env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"},
        )  # fmt: skip
        manager.wait_status("fps", "camera open", "broker connected")
        manager.wait(lambda lines: lines.count("WATCHDOG=1") > 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        lines = manager.wait(lambda lines: "STOPPING=1" in lines)
    assert lines[0] == "READY=1"


def test_an_absent_camera_is_waited_for_in_good_health(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with notified(address) as manager:
        process = start(
            "run", "--device", "/dev/video99", "--broker", "none",
            home=tmp_path, env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"},
        )  # fmt: skip
        manager.wait_status("camera missing")
        manager.after(len(manager.lines()), "WATCHDOG=1")
        process.kill()


def test_wrong_configuration_is_never_ready(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    bad = tmp_path / "bad.toml"
    bad.write_text("[camera]\nfps = -1\n")
    with notified(address) as manager:
        process = start("run", "--config", bad, home=tmp_path, env={"NOTIFY_SOCKET": address})
        assert process.wait(30) == 78
        assert manager.lines() == []


def test_reload_refuses_what_is_wrong_and_applies_what_is_right(tmp_path: Path, clip: Path) -> None:
    address = str(tmp_path / "notify")
    config = tmp_path / "desk.toml"
    with mosquitto() as broker, notified(address) as manager:
        right = (
            f'[camera]\ndevice = "{clip}"\n[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n'
        )
        config.write_text('name = "one"\n' + right)
        process = start(
            "run", "--config", config, "--realtime", "--loop",
            home=tmp_path, env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"},
        )  # fmt: skip
        manager.wait_status("camera open")

        elsewhere = '[mqtt]\nbroker = "embedded"\nembedded_bind = "192.0.2.1"\n'
        gone = '[model]\nfile = "gone.npz"\n'
        for wrong in ('name = "a b"\n' + right, gone + right, elsewhere):
            heard = len(manager.lines())
            config.write_text(wrong)
            process.send_signal(signal.SIGHUP)
            manager.after(heard, "READY=1")
            manager.after(len(manager.lines()), "WATCHDOG=1")  # and it goes on

        heard = len(manager.lines())
        config.write_text('name = "two"\n' + right)
        process.send_signal(signal.SIGHUP)
        lines = manager.wait(lambda lines: "READY=1" in lines[heard:])[heard:]
        assert lines.index("RELOADING=1") < lines.index("READY=1")
        with Subscriber(broker.host, broker.port) as heard_there:
            heard_there.wait("camd/two/digits")
            assert heard_there.on("camd/one/status")[-1].payload == b"offline"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr is not None
        logged = process.stderr.read()
    assert logged.count("not reloaded") == 3
    assert "embedded_bind" in logged
    assert "name: " in logged
    assert "gone.npz" in logged
    assert "Traceback" not in logged


def test_it_is_said_that_nothing_is_read_on_purpose(tmp_path: Path, clip: Path) -> None:
    address = str(tmp_path / "notify")
    config = tmp_path / "desk.toml"
    with mosquitto() as broker, notified(address) as manager:
        config.write_text(
            f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\nrequests = true\n'
        )
        process = start(
            "run", "--device", clip, "--config", config, "--realtime", "--loop", "--segment-only",
            home=tmp_path, env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"},
        )  # fmt: skip
        manager.wait_status("camera open", "no worker answers: nothing is read")
        with Subscriber(broker.host, broker.port) as asker:
            asker.publish("camd/camd/request/pause", qos=1)
            manager.wait_status("camera open", "paused: nothing is read")
        manager.after(len(manager.lines()), "WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
