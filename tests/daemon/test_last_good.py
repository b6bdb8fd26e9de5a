"""The last good values of regions on disk: the file alone, and the real process with a camera."""

import json
import logging
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from camd.config.settings import RegionSettings
from camd.daemon.last_good import LastGood
from camd.regions.memory import Good, Kept
from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, until
from testing.pages import page
from testing.process import start
from tests.sources.servers import mjpeg

KEPT = {"meter": Kept((Good(12344, 40.0, 0.9), Good(12345, 100.0, 0.97)), first=False)}


def place(**options: Any) -> RegionSettings:
    return RegionSettings(name="meter", polygon=((0, 0), (1, 0), (1, 1)), **options)


def kept_in(path: Path, *, clock: float = 100.0, at: float = 1e9) -> None:
    file = LastGood()
    file.open(path, [place()], clock, at)
    file.note(KEPT, clock, at)
    file.close(LONG)


def test_what_is_kept_comes_back_as_old_as_it_is(tmp_path: Path) -> None:
    kept_in(tmp_path / "state" / "desk.regions.json", clock=100, at=1e9)
    file = LastGood()
    known = file.open(tmp_path / "state" / "desk.regions.json", [place()], 5.0, 1e9 + 30)
    file.close(LONG)
    assert known == {"meter": Kept((Good(12344, -85, 0.9), Good(12345, -25, 0.97)), first=False)}


def test_a_number_that_is_read_otherwise_now_is_another_one(tmp_path: Path) -> None:
    kept_in(tmp_path / "desk.regions.json")
    file = LastGood()
    assert file.open(tmp_path / "desk.regions.json", [place(decimals=1)], 0, 1e9) == {}
    file.close(LONG)


def test_a_value_whose_point_is_read_is_kept(tmp_path: Path) -> None:
    path, meter = tmp_path / "desk.regions.json", place(decimals="read")
    for _ in range(2):
        file = LastGood()
        known = file.open(path, [meter], 0, 1e9)
        file.note({"meter": Kept((Good(12.5, 0, 0.9),), first=True)}, 0, 1e9)
        file.close(LONG)
    assert known["meter"].good[-1].value == 12.5


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        "[" * 5000,
        '{"meter": 3}',
        '{"meter": {"decimals": 0, "first": true, "good": [{"value": "x"}]}}',
        '{"meter": {"decimals": 0, "first": true, "good": [{"value": 1e999, "at": 0}]}}',
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_replaced(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "desk.regions.json"
    path.write_text(content)
    file = LastGood()
    assert file.open(path, [place()], 100, 1e9) == {}
    assert str(path) in caplog.text
    file.note(KEPT, 100, 1e9)
    file.close(LONG)
    assert json.loads(path.read_text())["meter"]["good"][-1]["value"] == 12345


def test_what_no_disk_takes_is_said_once_and_outlasts_a_reload(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file" / "desk.regions.json"
    (tmp_path / "file").touch()  # a file, where there should be a folder
    caplog.set_level(logging.INFO)
    file = LastGood()
    for turn in range(3):
        known = file.open(path, [place()], 100.0 + turn, 1e9 + turn)
        assert known == (KEPT if turn else {})
        file.note(KEPT, 100.0 + turn, 1e9 + turn)
        file.close(LONG)
    assert caplog.text.count("in memory only") == 1
    (tmp_path / "file").unlink()
    kept_in(path)
    file.open(path, [place()], 100, 1e9)
    file.close(LONG)
    assert caplog.text.count("on disk again") == 1


def test_a_value_that_changes_all_the_time_does_not_wear_the_disk_out(tmp_path: Path) -> None:
    path = tmp_path / "desk.regions.json"
    file = LastGood()
    file.open(path, [place()], 0, 1e9)
    written = set()
    for number in range(100):
        clock = number / 10
        file.note({"meter": Kept((Good(number, clock, 0.9),))}, clock, 1e9 + clock)
        until(path.exists)
        written.add(path.read_text())
    assert len(written) <= 2
    file.note({"meter": Kept((Good(100, 11, 0.9),))}, 11, 1e9 + 11, urgent=True)
    until(lambda: json.loads(path.read_text())["meter"]["good"][0]["value"] == 100)
    file.note({"meter": Kept((Good(101, 11.1, 0.9),))}, 11.1, 1e9 + 11.1)
    file.close(LONG)
    assert json.loads(path.read_text())["meter"]["good"][0]["value"] == 101


CONFIG = """
name = "w"
[mqtt]
requests = true
[track]
settle_ms = 50
[[region]]
name = "meter"
polygon = [[0.02, 0.02], [0.98, 0.02], [0.98, 0.98], [0.02, 0.98]]
digits = 5
max_step = 5.0
never_decreasing = true
"""
REGION = "camd/w/region/meter"


@dataclass
class Running:
    process: subprocess.Popen[str]
    heard: Subscriber
    asked: int = 0

    def said(self, value: float | None, status: str, text: str) -> dict[str, Any]:
        """Wait until the region says so; return its message."""

        def found() -> list[dict[str, Any]]:
            told = [item.json for item in self.heard.on(REGION) if not item.retained]
            wanted = (value, status, text)
            return [it for it in told if (it["value"], it["status"], it["text"]) == wanted]

        until(found, f"{value} {status} {text}")
        return found()[-1]

    def ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        self.asked += 1
        request = json.dumps(arguments | {"transaction": self.asked})
        self.heard.publish(f"camd/w/request/region/{what}", request, qos=1)

        def answers() -> list[dict[str, Any]]:
            told = [item.json for item in self.heard.on(f"camd/w/response/region/{what}")]
            return [item for item in told if item["transaction"] == self.asked]

        until(answers, f"an answer to {what}")
        return answers()[0]

    def events(self) -> list[tuple[str, float | None, float | None]]:
        told = [item.json for item in self.heard.on("camd/w/event")]
        return [(it["type"], it["value"], it["was"]) for it in told if "region" in it]

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=LONG)
        assert self.process.returncode == 0, log
        assert "Traceback" not in log
        return log


@contextmanager
def running(home: Path, broker: Mosquitto, number: str) -> Iterator[Running]:
    """camd, before a camera that shows a number."""
    (home / "c.toml").write_text(CONFIG)
    url = f"mqtt://{broker.host}:{broker.port}"
    with (
        mjpeg([page(number)]) as port,
        Subscriber(broker.host, broker.port, "camd/w/#") as heard,
    ):
        device = f"http://127.0.0.1:{port}/stream"
        process = start(
            *("run", "--device", device, "--config", "c.toml", "--broker", url, "--no-window"),
            home=home,
            env={"STATE_DIRECTORY": str(home / "state")},
        )
        try:
            yield Running(process, heard)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as broker:
        yield broker


def test_a_spike_after_a_restart_is_refused_as_before_it(tmp_path: Path, broker: Mosquitto) -> None:
    with running(tmp_path, broker, "12345") as camd:
        told = camd.said(12345, "ok", "12345")
        assert told["good"] == 12345
        camd.stop()
    with running(tmp_path, broker, "72345") as camd:
        refused = camd.said(None, "step", "72345")
        assert refused["good"] == 12345
        info = [item.json for item in camd.heard.on("camd/w/info") if not item.retained]
        assert refused["since"] < info[0]["at"], "it was seen by the run before"
        camd.process.send_signal(signal.SIGHUP)
        before = len(camd.heard.on("camd/w/info"))
        until(lambda: len(camd.heard.on("camd/w/info")) > before, "it has begun anew")
        camd.said(None, "step", "72345")
        assert not any(item.json["value"] for item in camd.heard.on(REGION) if not item.retained)
        camd.stop()


def test_who_knows_better_sets_the_value_or_has_it_forgotten(
    tmp_path: Path, broker: Mosquitto
) -> None:
    with running(tmp_path, broker, "12345") as camd:
        camd.said(12345, "ok", "12345")
        answer = camd.ask("set", region="meter", value=12000.5)
        assert answer["data"] == {"region": "meter", "value": 12000.5, "was": 12345}
        assert camd.said(None, "step", "12345")["good"] == 12000.5
        assert camd.ask("set", region="meter", value=12344)["status"] == "ok"
        until(lambda: camd.heard.on(REGION)[-1].json["value"] == 12345)
        camd.ask("set", region="meter", value=20000)
        camd.said(None, "decreased", "12345")
        answer = camd.ask("forget", region="meter")
        assert answer["data"] == {"region": "meter", "value": None, "was": 20000}
        until(lambda: camd.heard.on(REGION)[-1].json["value"] == 12345)
        assert camd.events() == [
            ("set", 12000.5, 12345),
            ("set", 12344, 12000.5),
            ("set", 20000, 12345),
            ("forget", None, 20000),
        ]
        for what, wrong, why in (
            ("set", {"region": "meter"}, "value: a number"),
            ("set", {"region": "meter", "value": True}, "value: a number"),
            ("set", {"region": "meter", "value": "5"}, "value: a number"),
            ("set", {"region": "meter", "value": 10**16}, "beyond"),
            ("set", {"region": "clock", "value": 5}, "one of these: meter"),
            ("forget", {"region": ["meter"]}, "one of these: meter"),
            ("forget", {"region": "meter", "value": 5}, "no arguments but"),
        ):
            answer = camd.ask(what, **wrong)
            assert answer["status"] == "error"
            assert why in answer["error"]
        assert "bug" not in camd.stop()


def test_what_was_set_is_on_disk_at_once(tmp_path: Path, broker: Mosquitto) -> None:
    with running(tmp_path, broker, "12345") as camd:
        camd.said(12345, "ok", "12345")
        camd.ask("set", region="meter", value=72344)
        state = tmp_path / "state" / "w.regions.json"
        until(state.exists)
        until(lambda: json.loads(state.read_text())["meter"]["good"][-1:] != [])
        until(lambda: json.loads(state.read_text())["meter"]["good"][-1]["value"] == 72344)
        camd.process.kill()
    with running(tmp_path, broker, "72345") as camd:
        camd.said(72345, "ok", "72345")
        camd.stop()


def test_a_full_disk_costs_one_warning_and_no_frame(tmp_path: Path, broker: Mosquitto) -> None:
    with running(tmp_path, broker, "12345") as camd:
        _, most = resource.prlimit(camd.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(camd.process.pid, resource.RLIMIT_FSIZE, (0, most))
        camd.said(12345, "ok", "12345")
        for value in (12341, 12342, 12343):
            assert camd.ask("set", region="meter", value=value)["status"] == "ok"
        camd.process.send_signal(signal.SIGHUP)
        until(lambda: len(camd.heard.on("camd/w/info")) > 1, "it has begun anew")
        camd.ask("set", region="meter", value=20000)
        camd.said(None, "decreased", "12345")
        resource.prlimit(camd.process.pid, resource.RLIMIT_FSIZE, (most, most))
        camd.ask("set", region="meter", value=12345)
        log = camd.stop()
    assert log.count("last good values are kept in memory only") == 1
    assert log.count("last good values are kept on disk again") == 1
    state = json.loads((tmp_path / "state" / "w.regions.json").read_text())
    assert state["meter"]["good"][-1]["value"] == 12345
