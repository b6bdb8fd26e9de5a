"""No room on the disk, for the real process: the kernel refuses every write to a file."""

import json
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from testing.broker import Subscriber, mosquitto, until
from testing.pages import page
from testing.process import command, environment, start
from tests.sources.pictures import clip

CONFIG = """
[track]
settle_ms = 0
settle_frames = 1
forget_ms = 0
[mqtt]
host = "{host}"
port = {port}
outbox = "disk"
requests = true
health_s = 1
[metrics]
file = "camd.prom"
"""


class Running:
    def __init__(self, process: subprocess.Popen[str], heard: Subscriber) -> None:
        self.process, self.heard = process, heard

    def disk(self, room: int) -> None:
        """Let it write files of up to `room` bytes, and give it EFBIG beyond."""
        _, most = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (room, most))

    def unsaved(self) -> int:
        health = self.heard.on("camd/camd/health")
        return int(health[-1].json["messages"]["events_unsaved"]) if health else 0

    def more_events(self) -> None:
        topic = "camd/camd/event"
        self.heard.wait(topic, len(self.heard.on(topic)) + 6)

    def set(self, number: int, **options: object) -> dict[str, Any]:
        """Ask for `options`, the `number`th time; return the answer."""
        request = json.dumps({"transaction": number} | options)
        self.heard.publish("camd/camd/request/set", request, qos=1)
        return dict(self.heard.wait("camd/camd/response/set", number)[-1].json)

    def end(self) -> str:
        """Stop it; return its log."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=50)
        assert self.process.returncode == 0, log
        assert "Traceback" not in log
        return log


@contextmanager
def running(tmp_path: Path) -> Iterator[Running]:
    """camd, before a sheet that comes and goes."""
    video = clip(tmp_path / "clip.avi", [page("3 2 5")] * 10 + [page("")] * 10)
    config = tmp_path / "camd.toml"
    with mosquitto() as broker, Subscriber(broker.host, broker.port) as heard:
        config.write_text(CONFIG.format(host=broker.host, port=broker.port))
        run = ("run", "--device", video, "--realtime", "--loop", "--config", config)
        process = start(*run, home=tmp_path, env={"STATE_DIRECTORY": str(tmp_path / "state")})
        try:
            yield Running(process, heard)
        finally:
            process.kill()
            process.wait()


def test_a_disk_that_fills_stops_nothing_and_is_said_once(tmp_path: Path) -> None:
    metrics = tmp_path / "camd.prom"
    with running(tmp_path) as camd:
        camd.more_events()
        until(metrics.exists)
        camd.disk(0)
        until(lambda: camd.unsaved() > 12, "events that the disk does not take")
        before = metrics.read_text()
        assert "cannot be kept" in camd.set(1, **{"lines.gap": 2.5})["error"]
        camd.disk(resource.RLIM_INFINITY)
        until(lambda: metrics.read_text() != before, "metrics again")
        assert camd.set(2, **{"lines.gap": 2.5})["status"] == "ok"
        camd.more_events()
        log = camd.end()
    assert log.count("events are kept in memory only") == 1
    assert log.count("events are kept on disk again") == 1
    assert log.count("metrics.file") == 1


def test_a_full_disk_at_the_start_is_no_wrong_configuration(tmp_path: Path) -> None:
    with running(tmp_path) as camd:
        camd.disk(0)  # long before it has loaded its libraries
        camd.more_events()
        until(camd.unsaved, "events that the disk does not take")
        camd.disk(resource.RLIM_INFINITY)
        before = camd.unsaved()
        until(lambda: camd.unsaved() == before and camd.more_events() is None)
        log = camd.end()
    assert log.count("events are kept in memory only") == 1
    assert log.count("events are kept on disk again") == 1


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    """Objects on stdout are what was asked for; the lines on stderr only tell of them."""
    video = clip(tmp_path / "clip.avi", [page("3 2 5")] * 10)
    run = command("run", "--device", video, "--broker", "none", "--no-window")
    env = environment(tmp_path)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(run, stderr=full, env=env, check=False)
        assert done.returncode == 0
        done = subprocess.run(
            [*run, "--json"], stdout=full, stderr=subprocess.PIPE, env=env, text=True, check=False
        )
    assert done.returncode == 69
    assert "No space left" in done.stderr
    assert "bug" not in done.stderr
