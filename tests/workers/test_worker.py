"""Edge devices and workers as processes, on a real broker."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.mqtt import crops as codec
from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, until
from testing.pages import film
from testing.process import camd, start
from testing.proxy import PUBACK, PUBLISH, PUBLISH_QOS1, Proxy, proxy
from testing.scenes import batch

CROPS = np.random.default_rng(1).integers(0, 255, (40, 28, 28), np.uint8)


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


def url(broker: Mosquitto | Proxy) -> str:
    return f"mqtt://{broker.host}:{broker.port}"


class Workers:
    def __init__(self, broker: Mosquitto | Proxy, home: Path, count: int) -> None:
        self.processes: list[subprocess.Popen[str]] = []
        for _ in range(count):
            process = start("worker", "--broker", url(broker), home=home)
            self.processes.append(process)
            assert process.stderr is not None
            line = process.stderr.readline()
            assert "taking crops" in line, line

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            assert process.wait(LONG) in (0, -signal.SIGKILL)


@pytest.mark.timeout(180)
def test_workers_read_what_the_device_would_have_read(broker: Mosquitto, tmp_path: Path) -> None:
    clip = film(tmp_path / "clip.mp4", "3 2 5", "  4", frames=20)
    arguments = ("run", "--device", clip, "--broker", url(broker), "--json")
    alone = camd(*arguments, home=tmp_path)
    with Workers(broker, tmp_path, 2), Subscriber(broker.host, broker.port) as heard:
        cut = camd(*arguments, "--segment-only", home=tmp_path)
        heard.wait_payload("camd/camd/status", b"offline")
        texts = [item.json["text"].replace(" ", "") for item in heard.on("camd/camd/reading")]
        assert texts[-1] == "4"
        assert "325" in texts
    assert cut.returncode == 0, cut.stderr

    def digits(said: str) -> list[list[tuple[int, object, object]]]:
        rows = [json.loads(line)["digits"] for line in said.splitlines()]
        return [[(d["digit"], d["box"], d["stable"]) for d in row] for row in rows]

    assert len(digits(cut.stdout)) == 40
    assert digits(cut.stdout) == digits(alone.stdout)


@pytest.mark.timeout(120)
def test_without_a_worker_a_file_ends_with_what_to_do(broker: Mosquitto, tmp_path: Path) -> None:
    clip = film(tmp_path / "clip.mp4", "3 2 5", "  4", frames=20)
    done = camd("run", "--device", clip, "--broker", url(broker), "--segment-only", home=tmp_path)
    assert done.returncode == 69
    assert "camd worker" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_needs_a_broker_that_others_reach(tmp_path: Path) -> None:
    for command in (("run", "--device", "demo", "--segment-only"), ("worker",)):
        done = camd(*command, "--broker", "none", home=tmp_path)
        assert done.returncode == 78
        assert "external" in done.stderr


@pytest.mark.timeout(180)
def test_frames_go_on_with_the_worker_that_is_left(broker: Mosquitto, tmp_path: Path) -> None:
    """What the killed one had not answered, the device sends again."""
    clip = film(tmp_path / "clip.mp4", "3 2 5", "  4", frames=20)
    with Workers(broker, tmp_path, 2) as workers, Subscriber(broker.host, broker.port) as heard:
        device = start(
            *("run", "--device", clip, "--realtime", "--loop", "--segment-only"),
            *("--broker", url(broker)),
            home=tmp_path,
        )
        heard.wait("camd/camd/classes", 10)
        workers.processes[0].send_signal(signal.SIGKILL)
        workers.processes[0].wait(LONG)
        heard.wait("camd/camd/digits", len(heard.on("camd/camd/digits")) + 10)
        device.send_signal(signal.SIGTERM)
        assert device.wait(LONG) == 0
        asked = {codec.decode(item.payload).head["batch"] for item in heard.on("camd/camd/crops")}
        answered = {codec.read_answer(item.payload).batch for item in heard.on("camd/camd/classes")}
        assert len(asked - answered) <= 1, "but for the one under way at the end"


@pytest.mark.timeout(180)
def test_a_reading_that_no_worker_reads_for_any_more_is_emptied(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """It must not pass for the present; the device says why, and does not wait to be ended."""
    config = tmp_path / "config.toml"
    config.write_text("[camera]\ntimeout_s = 1\n[mqtt]\nhealth_s = 1\n[rest]\nafter_s = 0\n")
    clip = film(tmp_path / "clip.mp4", "3 2 5", "  4", frames=20)
    with Workers(broker, tmp_path, 1) as workers, Subscriber(broker.host, broker.port) as heard:
        device = start(
            *("run", "--device", clip, "--realtime", "--loop"),
            *("--segment-only", "--broker", url(broker), "--config", config),
            home=tmp_path,
        )
        until(lambda: any(item.json["lines"] for item in heard.on("camd/camd/reading")))
        workers.processes[0].send_signal(signal.SIGKILL)
        until(lambda: heard.on("camd/camd/reading")[-1].json["lines"] == [])
        until(lambda: "worker" in heard.on("camd/camd/health")[-1].json["camera"]["error"])
        device.send_signal(signal.SIGTERM)
        assert device.wait(LONG) == 0
        assert heard.wait("camd/camd/status", 2)[-1].payload == b"offline"


@pytest.mark.timeout(180)
def test_a_worker_killed_in_mid_batch_has_answered_all_it_acknowledged(
    broker: Mosquitto, tmp_path: Path
) -> None:
    with (
        proxy(broker) as between,
        Workers(between, tmp_path, 1) as workers,
        Subscriber(broker.host, broker.port, "camd/desk/classes") as heard,
    ):
        for number in range(1, 201):
            heard.publish("camd/desk/crops", batch(CROPS[:32], number), qos=1)
        heard.wait("camd/desk/classes", 20)
        workers.processes[0].send_signal(signal.SIGKILL)
        workers.processes[0].wait(LONG)
        acknowledged = {codec.decode(item[item.index(b"{") :]) for item in between.confirmed}
        numbers = {item.head["batch"] for item in acknowledged}
        assert 0 < len(numbers) < 200, "there was more to do"

        def answered() -> set[int]:
            return {codec.read_answer(item.payload).batch for item in heard.heard}

        until(lambda: answered() >= numbers, "each has its answer")


def test_an_answer_is_of_qos_1_and_goes_before_the_acknowledgement(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """So that what was acknowledged has been answered, whenever the worker dies."""
    with (
        proxy(broker) as between,
        Workers(between, tmp_path, 1),
        Subscriber(broker.host, broker.port, "camd/desk/classes") as heard,
    ):
        for number in range(1, 11):
            heard.publish("camd/desk/crops", batch(CROPS, number), qos=1)
            heard.wait("camd/desk/classes", number)
        until(lambda: len(between.confirmed) == 10)
        said = [head[0] for head in between.heads if head[0] >> 4 in (PUBLISH, PUBACK)]
    assert said == [PUBLISH_QOS1, PUBACK << 4] * 10


def test_a_broker_of_qos_0_only_is_served_too(tmp_path: Path) -> None:
    with (
        mosquitto("allow_anonymous true\nmax_qos 0\n") as broker,
        Workers(broker, tmp_path, 1),
        Subscriber(broker.host, broker.port, "camd/desk/classes") as heard,
    ):
        for number in range(1, 4):
            heard.publish("camd/desk/crops", batch(CROPS, number))
            heard.wait("camd/desk/classes", number)


def test_nonsense_does_not_stop_a_worker(broker: Mosquitto, tmp_path: Path) -> None:
    """Nor cost the messages beside it an answer: one of 30 got one."""
    good = batch(CROPS)
    model = svm.load(paths.model_file())
    topic = "camd/desk/classes"
    nonsense = [
        *(b"", b"{}\n", b'{"count":2}\nxx', b"[" * 2000, b'{"count":-1}\n'),
        good.replace(b'"desk"', b'"\\ud800"'),
        good.replace(b'"batch":7', b'"batch":' + b"9" * 4000),
        batch(CROPS[:0]),  # none at all
    ]
    with Workers(broker, tmp_path, 1), Subscriber(broker.host, broker.port, topic) as heard:
        for poison in nonsense:
            heard.publish("camd/desk/crops", poison, qos=1)
            heard.publish("camd/desk/crops", good, qos=1)
        said = [codec.read_answer(item.payload) for item in heard.wait(topic, len(nonsense) + 2)]
    answers = [item for item in said if item.batch == 7 and len(item.classified)]
    assert len(answers) == len(nonsense)
    expected = model.classify(CROPS)
    for answer in answers:
        assert (answer.boot, answer.model) == ("9f3c", model.id)
        assert np.array_equal(answer.classified.labels, expected.labels)
        assert np.allclose(answer.classified.margins, expected.margins, atol=1e-4)


@pytest.mark.timeout(120)
def test_a_worker_outlives_the_broker(broker: Mosquitto, tmp_path: Path) -> None:
    with Workers(broker, tmp_path, 1):
        broker.kill()
        broker.start()
        with Subscriber(broker.host, broker.port) as heard:

            def answered() -> bool:
                message = batch(CROPS)
                heard.publish("camd/desk/crops", message, qos=1)
                return bool(heard.on("camd/desk/classes"))

            until(answered, "an answer")
