"""Each fault of a camera, in the real process with a real broker; a script plays the camera."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camd.capture.capture import Capture, CaptureStats
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import from_uri, v4l2
from camd.sources.camera import Camera
from testing.broker import Mosquitto, Subscriber, mosquitto, until
from testing.pages import page
from testing.process import environment, start
from tests.notified import Notified, notified
from tests.sources.pictures import clip
from tests.sources.scripted import Scripted
from tests.sources.servers import rtsp

ALWAYS: list[Any] = [["frame", 100_000]]
HEALTH = "camd/camd/health"


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


class Running:
    def __init__(
        self, process: subprocess.Popen[str], heard: Subscriber, manager: Notified
    ) -> None:
        self.process, self.heard, self.manager = process, heard, manager

    def health(self, what: str, *path: str, least: int = 0) -> Any:
        """Return the first health message in which what `path` leads to is `what`, or for a
        number is at least `least`."""
        found: list[Any] = []

        def there() -> bool:
            for message in (m for m in self.heard.on(HEALTH) if not m.retained):
                value: Any = message.json
                for key in path:
                    value = value.get(key, 0)
                if value == what or (least and value >= least):
                    found.append(message.json)
            return bool(found)

        until(there, f"{path} is {what or least}")
        return found[0]

    def end(self) -> str:
        """Stop it; return its log."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, log
        assert "Traceback" not in log
        return log


@contextmanager
def running(
    tmp_path: Path, broker: Mosquitto, *script: Any, camera: str = "", timeout_s: int = 1
) -> Iterator[Running]:
    config = tmp_path / "camd.toml"
    config.write_text(
        f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\nhealth_s = 1\n'
        f"[camera]\ntimeout_s = {timeout_s}\nretry_s = 0.2\n{camera}"
    )
    address = str(tmp_path / "notify")
    with Subscriber(broker.host, broker.port) as heard, notified(address) as manager:
        process = start(
            json.dumps(script), "run", "--config", config, module="tests.faulty", home=tmp_path,
            env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"},
        )  # fmt: skip
        try:
            yield Running(process, heard, manager)
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("reason", ["missing", "busy", "permission"])
def test_not_to_be_had_at_the_start(tmp_path: Path, broker: Mosquitto, reason: str) -> None:
    with running(tmp_path, broker, *[reason] * 15, ALWAYS) as camd:
        camd.manager.wait_status(f"camera {reason}")
        assert camd.health(reason, "camera", "state")["camera"]["failures"] == {reason: 1}
        camd.manager.wait_status("camera open")
        log = camd.end()
    assert log.count(f"scripted: {reason}") == 1


def test_pulled_out_and_back(tmp_path: Path, broker: Mosquitto) -> None:
    script = ([["frame", 20], "fail"], "missing", "missing", ALWAYS)
    with running(tmp_path, broker, *script) as camd:
        health = camd.health("", "reconnects", least=1)
        assert health["camera"] == {
            "state": "open", "error": "", "failures": {"failed": 1, "missing": 1},
        }  # fmt: skip
        log = camd.end()
    assert log.count("pulled out") == 1
    assert log.count("frames again") == 1


def test_a_frozen_picture_is_a_problem_and_opened_again(tmp_path: Path, broker: Mosquitto) -> None:
    frozen: list[Any] = [["frame", 20], ["frozen", 1000]]
    still: list[Any] = [["frozen", 1000]]
    with running(tmp_path, broker, frozen, still, still, ALWAYS, camera="frozen_s = 1\n") as camd:
        health = camd.health("frozen", "camera", "state")
        assert "frozen_s" in health["camera"]["error"]
        assert camd.health("", "reconnects", least=1)["camera"]["failures"] == {"frozen": 1}
        log = camd.end()
    assert log.count("frozen") == 2  # one line: the state, and the option
    assert log.count("frames again") == 1


def test_a_rate_that_collapses(tmp_path: Path, broker: Mosquitto) -> None:
    with running(tmp_path, broker, [["frame", 60], ["slow", 20]], ALWAYS) as camd:
        assert camd.health("", "reconnects", least=1)["camera"]["failures"] == {"slow": 1}
        camd.end()


def test_frames_that_are_none(tmp_path: Path, broker: Mosquitto) -> None:
    broken = ["frame", "corrupt", "pixel", "16k", "frame", "resize", "frame", "8k"]
    with running(tmp_path, broker, [*broken, ["frame", 100_000]], timeout_s=60) as camd:
        health = camd.health("", "frames", "captured", least=50)
        assert health["frames"]["corrupt"] == 3
        assert health["reconnects"] == 0
        log = camd.end()
    assert log.count("frames are now") == 1


def test_nothing_but_damaged_frames_is_a_failure(tmp_path: Path, broker: Mosquitto) -> None:
    with running(tmp_path, broker, ["frame", ["corrupt", 100_000]], ALWAYS) as camd:
        assert camd.health("", "reconnects", least=1)["camera"]["failures"] == {"failed": 1}
        camd.end()


def test_a_read_that_never_returns_starves_the_watchdog(tmp_path: Path, broker: Mosquitto) -> None:
    with running(tmp_path, broker, [["frame", 20], "block"]) as camd:
        camd.manager.wait_status("camera open", "driver does not return")
        lines = camd.manager.lines()
        assert "WATCHDOG=1" in lines
        time.sleep(1)
        assert camd.manager.lines().count("WATCHDOG=1") == lines.count("WATCHDOG=1")
        assert "driver" in camd.heard.on(HEALTH)[-1].json["camera"]["error"]
        log = camd.end()
    assert log.count("the camera's driver does not return") == 1


def test_a_reload_while_the_driver_hangs_ends_the_process(
    tmp_path: Path, broker: Mosquitto
) -> None:
    """Else the process would wait for a camera that it holds itself."""
    with running(tmp_path, broker, [["frame", 20], "block"]) as camd:
        camd.health("", "frames", "captured", least=20)
        camd.process.send_signal(signal.SIGHUP)
        _, log = camd.process.communicate(timeout=60)
    assert camd.process.returncode == 66, log
    assert "its driver does not return" in log
    assert "Traceback" not in log


def test_who_waits_for_a_driver_on_a_reload_is_alive(tmp_path: Path) -> None:
    """A server that takes the connection and says nothing, for all of `timeout_s`."""
    address = str(tmp_path / "notify")
    with socket.create_server(("127.0.0.1", 0)) as silent, notified(address) as manager:
        config = tmp_path / "camd.toml"
        config.write_text(
            f'[camera]\ndevice = "rtsp://127.0.0.1:{silent.getsockname()[1]}/live"\n'
            'timeout_s = 3\n[mqtt]\nbroker = "none"\n'
        )
        env = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
        process = start("run", "--config", config, home=tmp_path, env=env)
        connection, _ = silent.accept()
        with connection, ExitStack() as ending:
            ending.callback(process.kill)
            process.send_signal(signal.SIGHUP)
            lines = manager.wait(lambda lines: lines.count("READY=1") == 2)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=30)
        assert process.returncode == 0, log
        assert "starting anew" in log
        reloading = lines[lines.index("RELOADING=1") :]
        assert "WATCHDOG=1" in reloading[: reloading.index("READY=1")]


SLOW_END = """
import sys, time
class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(8)
sys.slow = Slow()
from camd.cli import root
root.main()
"""
"""camd whose modules take long to be cleared, as they do on a busy machine."""


def test_a_driver_that_comes_back_while_the_process_ends_does_not_abort_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = tmp_path / "camd.toml"
        config.write_text(
            f'[camera]\ndevice = "rtsp://127.0.0.1:{silent.getsockname()[1]}/live"\n'
            'timeout_s = 4\n[mqtt]\nbroker = "none"\n'
        )
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW_END, "run", "--config", config],
            env=environment(tmp_path), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        connection, _ = silent.accept()
        with connection, ExitStack() as ending:
            ending.callback(process.kill)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert "does not let go" in log


def test_who_waits_for_a_driver_on_a_reload_can_be_stopped(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with running(tmp_path, broker, [["frame", 20], "block"], timeout_s=60) as camd:
        camd.health("", "frames", "captured", least=20)
        camd.process.send_signal(signal.SIGHUP)
        camd.manager.wait_status("waiting for the camera's driver")
        log = camd.end()
    assert "starting anew" in log


def test_a_wall_clock_that_jumps_changes_nothing_but_timestamps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Scripted([*["frame"] * 20, "block"], rate=200)
    jumps = iter([1e9, 4e9, 5.0] * 1000)
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    with Capture(source, CameraSettings(max_age_ms=60_000)) as capture:
        assert source.blocking.wait(30)
        frame = capture.next(30)
        stats = capture.stats()
        source.unblock.set()
    assert frame is not None
    assert (stats.state, stats.captured, stats.failures) == ("open", 20, {})
    assert 0 < stats.fps <= 250


def states(capture: Capture, true: Callable[[CaptureStats], bool]) -> CaptureStats:
    until(lambda: true(capture.stats()))
    return capture.stats()


def test_an_rtsp_server_that_goes_and_comes_back(tmp_path: Path) -> None:
    pictures = [np.roll(page("3 2 5", (320, 240)), 3 * n, 1) for n in range(10)]
    stream = clip(tmp_path / "clip.ts", pictures, "MPG2")
    settings = CameraSettings(timeout_s=2, retry_s=0.2)
    with ExitStack() as stack:
        with rtsp(stream) as port:
            source = from_uri(f"rtsp://127.0.0.1:{port}/live", settings)
            capture = stack.enter_context(Capture(source, settings))
            states(capture, lambda stats: stats.state == "open")
        gone = states(capture, lambda stats: "missing" in stats.failures)
        assert "port" in gone.error
        with rtsp(stream, port):
            back = states(capture, lambda stats: stats.state == "open")
        assert back.reconnects == 1


def test_a_camera_that_comes_back_under_another_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link in by-id leads to video0, to nothing, and then to video2."""
    opened: list[str] = []
    link = tmp_path / "usb-C920-index0"

    class Webcam:
        def __init__(self, node: str, _: int) -> None:
            self.node = node
            opened.append(Path(node).name)

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def set(self, *_: float) -> bool:
            return True

        def get(self, _: int) -> float:
            return 30.0

        def grab(self) -> bool:
            time.sleep(0.01)
            return Path(self.node).exists()

        def retrieve(self) -> tuple[bool, Any]:
            return True, np.random.default_rng().integers(0, 255, (48, 64, 3), np.uint8)

        def release(self) -> None:
            pass

    def check(node: str, name: str) -> str:
        if not Path(node).exists():
            raise SourceError(f"{name}: missing", "missing")
        return "C920"

    def plug(number: int) -> Path:
        node = tmp_path / f"video{number}"
        node.touch()
        link.symlink_to(node)
        return node

    monkeypatch.setattr(v4l2, "check", check)
    settings = CameraSettings(retry_s=0.1)
    node = plug(0)
    with Capture(Camera(str(link), settings, connect=Webcam), settings) as capture:  # type: ignore[arg-type]
        states(capture, lambda stats: stats.state == "open")
        link.unlink()
        node.unlink()
        states(capture, lambda stats: stats.state == "missing")
        plug(2)
        states(capture, lambda stats: stats.reconnects == 1)
    assert opened == ["video0", "video2"]
