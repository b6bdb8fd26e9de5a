"""Requests to the real process, over a real broker."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt import publish

from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, until
from testing.pages import film, page
from testing.process import start
from tests.mqtt.malformed import damaged, malformed
from tests.sources.servers import mjpeg


@dataclass
class Daemon:
    broker: Mosquitto
    home: Path
    process: subprocess.Popen[str]

    def say(self, command: str, payload: bytes | str = b"", *, retain: bool = False) -> None:
        publish.single(
            f"camd/camd/request/{command}",
            payload,
            qos=1,
            retain=retain,
            hostname=self.broker.host,
            port=self.broker.port,
        )

    def ask(self, heard: Subscriber, command: str, **body: Any) -> Any:
        """Return the answer to a request."""
        number = len(heard.heard)
        self.say(command, json.dumps(body | {"transaction": number}))

        def answer() -> list[Any]:
            topic = f"camd/camd/response/{command}"
            answers = [item.json for item in heard.on(topic)]
            return [item for item in answers if item.get("transaction") == number]

        until(answer, f"an answer to {command}")
        return answer()[0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return film(path, "3 2 5", size=(320, 180))


def begin(device: Path | str, broker: Mosquitto, home: Path) -> Daemon:
    config = home / "config.toml"
    if not config.exists():
        # On a busy machine every frame can be older than half a second, and none is published.
        busy = "[camera]\nmax_age_ms = 60000\n"
        config.write_text(f"[mqtt]\nrequests = true\n[lines]\ngap = 2\n{busy}")
    process = start(
        *("run", "--device", device, "--realtime", "--loop", "--config", config),
        *("--broker", f"mqtt://{broker.host}:{broker.port}"),
        home=home,
        env={"STATE_DIRECTORY": str(home / "state")},
    )
    return Daemon(broker, home, process)


@pytest.fixture(scope="module")
def daemon(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with mosquitto() as broker:
        running = begin(clip, broker, tmp_path_factory.mktemp("home"))
        with Subscriber(broker.host, broker.port) as first:
            first.wait("camd/camd/state")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(LONG) == 0
        assert running.process.stderr is not None
        said = running.process.stderr.read()
        assert "Traceback" not in said
        assert "bug" not in said


@pytest.fixture
def heard(daemon: Daemon) -> Iterator[Subscriber]:
    with Subscriber(daemon.broker.host, daemon.broker.port) as subscriber:
        subscriber.wait("camd/camd/digits")
        yield subscriber


def still_reads(heard: Subscriber) -> None:
    heard.wait("camd/camd/digits", len(heard.on("camd/camd/digits")) + 3)


def test_a_snapshot_on_request(daemon: Daemon, heard: Subscriber) -> None:
    before = len(heard.on("camd/camd/snapshot"))
    assert daemon.ask(heard, "snapshot")["status"] == "ok"
    assert heard.wait("camd/camd/snapshot", before + 1)[-1].payload.startswith(b"\xff\xd8")


def test_pause_and_resume(daemon: Daemon, heard: Subscriber) -> None:
    daemon.ask(heard, "pause")
    until(lambda: heard.on("camd/camd/state")[-1].json["detection"] is False)
    paused_at = len(heard.on("camd/camd/digits"))
    daemon.ask(heard, "status")
    assert len(heard.on("camd/camd/digits")) == paused_at
    daemon.ask(heard, "resume")
    until(lambda: heard.on("camd/camd/state")[-1].json["detection"] is True)
    still_reads(heard)


def test_the_status_is_that_of_health(daemon: Daemon, heard: Subscriber) -> None:
    data = daemon.ask(heard, "status")["data"]
    assert data["camera"]["state"] == "open"
    assert data["frames"]["processed"] > 0


def test_set_changes_what_runs_and_is_kept_beside_the_configuration(
    daemon: Daemon, heard: Subscriber
) -> None:
    config = (daemon.home / "config.toml").read_text()
    answer = daemon.ask(heard, "set", **{"lines.gap": 3.5, "mqtt.max_rate": 20, "detection": True})
    assert answer["status"] == "ok"
    assert answer["data"]["options"]["lines.gap"] == 3.5
    until(lambda: heard.on("camd/camd/state")[-1].json["options"]["lines.gap"] == 3.5)
    until(lambda: heard.on("camd/camd/info")[-1].json["options"]["lines"]["gap"] == 3.5)
    still_reads(heard)
    kept = json.loads((daemon.home / "state" / "camd.live.json").read_text())
    assert kept == {"lines.gap": 3.5, "mqtt.max_rate": 20}
    assert (daemon.home / "config.toml").read_text() == config


def test_what_was_followed_ends_when_tracks_or_lines_are_set(
    daemon: Daemon, heard: Subscriber
) -> None:
    """It was found by other rules."""
    reading, event = "camd/camd/reading", "camd/camd/event"

    def says(number: int) -> list[str]:
        return ["".join(item.json["lines"]).replace(" ", "") for item in heard.on(reading)[number:]]

    until(lambda: says(0)[-1:] == ["325"], "it is read")
    followed = {digit["track"] for digit in heard.on(reading)[-1].json["digits"]}
    assert len(followed) == 3
    readings, events = len(heard.on(reading)), len(heard.on(event))
    daemon.ask(heard, "set", **{"model.min_confidence": 0.5})
    still_reads(heard)
    assert not heard.on(event)[events:], "they are the same digits"
    daemon.ask(heard, "set", **{"track.memory_ms": 2000})
    until(lambda: says(readings)[-1:] == ["325"], "it is read again")
    assert says(readings)[0] == ""
    ended = {item.json["track"] for item in heard.on(event)[events:] if item.json["type"] == "end"}
    assert ended == followed
    daemon.ask(heard, "set", **{"track.memory_ms": None, "model.min_confidence": None})


def test_a_pause_keeps_the_reading_until_it_is_over(tmp_path: Path) -> None:
    """Though the camera is gone: nobody has looked since."""
    reading = "camd/camd/reading"
    picture = page("3 2 5", (320, 240))
    with (
        mosquitto() as broker,
        Subscriber(broker.host, broker.port) as heard,
        ExitStack() as ending,
    ):
        with mjpeg([picture]) as port:
            address = f"http://127.0.0.1:{port}/stream"
            (tmp_path / "config.toml").write_text(
                "[mqtt]\nrequests = true\nhealth_s = 1\n[camera]\ntimeout_s = 1\n"
            )
            running = begin(address, broker, tmp_path)
            ending.callback(running.process.kill)
            heard.wait("camd/camd/state")
            until(lambda: heard.on(reading) and heard.on(reading)[-1].json["digits"])
            running.ask(heard, "pause")
        health = "camd/camd/health"
        until(lambda: heard.on(health)[-1].json["camera"]["state"] not in ("open", "waiting"))
        heard.wait(health, len(heard.on(health)) + 3)
        assert len(heard.on(reading)[-1].json["digits"]) == 3
        running.ask(heard, "resume")
        until(lambda: not heard.on(reading)[-1].json["digits"], "a dead camera is not alive")
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(LONG) == 0


@pytest.mark.parametrize(
    "body",
    [
        {"lines.gap": -1},
        {"mqtt.password": "x"},
        {"camera.device": "1"},
        {"detection": "on"},
        {"detection": None},
    ],
)
def test_set_refuses_what_is_not_allowed(
    daemon: Daemon, heard: Subscriber, body: dict[str, Any]
) -> None:
    before = daemon.ask(heard, "set")["data"]
    answer = daemon.ask(heard, "set", **body)
    assert answer["status"] == "error"
    assert next(iter(body)) in answer["error"]
    assert daemon.ask(heard, "set")["data"] == before


def test_an_unknown_request_is_answered(daemon: Daemon, heard: Subscriber) -> None:
    assert "known are" in daemon.ask(heard, "dance")["error"]


def test_a_wrong_configuration_is_not_taken_over(daemon: Daemon, heard: Subscriber) -> None:
    config = daemon.home / "config.toml"
    right = config.read_text()
    config.write_text(right + "[nonsense]\n")
    answer = daemon.ask(heard, "reload")
    config.write_text(right)
    assert "wrong" in answer["error"]
    still_reads(heard)


def test_reload_starts_anew_and_keeps_what_was_set(daemon: Daemon, heard: Subscriber) -> None:
    daemon.ask(heard, "set", **{"track.settle_frames": 4})
    boot = heard.on("camd/camd/state")[-1].json["boot"]
    assert daemon.ask(heard, "reload")["status"] == "ok"
    until(lambda: heard.on("camd/camd/state")[-1].json["boot"] != boot, "another boot")
    options = heard.on("camd/camd/state")[-1].json["options"]
    assert options["track.settle_frames"] == 4
    daemon.ask(heard, "set", **{"track.settle_frames": None})
    until(lambda: heard.on("camd/camd/state")[-1].json["options"]["track.settle_frames"] == 3)


def test_a_retained_request_is_not_obeyed(
    clip: Path, daemon: Daemon, tmp_path: Path, heard: Subscriber
) -> None:
    """It would be obeyed again at each start."""
    daemon.say("pause", "{}", retain=True)
    until(lambda: heard.on("camd/camd/response/pause"), "it is obeyed while it is new")
    daemon.ask(heard, "resume")
    boot = heard.on("camd/camd/state")[-1].json["boot"]
    daemon.ask(heard, "reload")
    until(lambda: heard.on("camd/camd/state")[-1].json["boot"] != boot, "another boot")
    still_reads(heard)
    assert daemon.ask(heard, "status")["data"]["messages"]["requests_ignored"] == 1
    daemon.say("pause", b"", retain=True)  # which is a request, too
    daemon.ask(heard, "resume")


@pytest.mark.timeout(300)
def test_two_thousand_malformed_requests_do_not_stop_it(daemon: Daemon, heard: Subscriber) -> None:
    """100 that hypothesis makes, and 19 damaged copies of each. Most are beyond the rate."""

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["status", "set", "dance"]), malformed, st.randoms())
    def flood(command: str, payload: bytes, random: Random) -> None:
        for item in damaged(payload, random):
            heard.publish(f"camd/camd/request/{command}", item)

    flood()

    def answers(command: str) -> list[Any]:
        daemon.say(command, '{"transaction":"calm"}')
        said = [item.json for item in heard.on(f"camd/camd/response/{command}")]
        return [i for i in said if i.get("transaction") == "calm" and i["status"] == "ok"]

    # Some of the 2,000 are in order, and {"detection": false} pauses it.
    until(lambda: answers("resume"), "an answer, now that it is calm")
    still_reads(heard)
    until(lambda: answers("status"), "the status")
    assert answers("status")[-1]["data"]["messages"]["requests_ignored"] > 1000
