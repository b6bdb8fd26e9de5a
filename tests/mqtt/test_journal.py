"""Events over restarts and crashes: real files, real processes, a real broker."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import camd
from camd.errors import PublishError
from camd.mqtt.journal import DiskJournal
from camd.mqtt.outbox import Message
from testing.broker import Mosquitto, Subscriber, free_port
from tests.mqtt.scenes import Publishers, event, frame, result


def message(number: int) -> Message:
    return Message("event", str(number).encode(), qos=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "desk.events.sqlite"


def test_what_was_added_and_not_removed_is_there_again(path: Path) -> None:
    journal = DiskJournal(path)
    keys = [journal.add(message(number)) for number in range(5)]
    assert keys[1] is not None
    journal.remove(keys[1])
    journal.close()
    again = DiskJournal(path)
    assert [item.payload for item in again.load()] == [b"0", b"2", b"3", b"4"]
    assert again.add(message(5)) not in keys
    again.close()


def test_one_process_at_a_time(path: Path) -> None:
    first = DiskJournal(path)
    with pytest.raises(PublishError, match="another camd"):
        DiskJournal(path)
    first.close()
    DiskJournal(path).close()


def test_a_damaged_file_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A power cut must not keep the service down until somebody comes."""
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)
    journal = DiskJournal(path)
    assert journal.add(message(1)) is not None
    journal.close()
    assert path.with_suffix(".damaged").read_bytes().startswith(b"not a database")
    assert "set aside as" in caplog.text
    again = DiskJournal(path)
    assert [item.payload for item in again.load()] == [b"1"]
    again.close()


def test_a_place_that_cannot_be_written_is_tried_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("in the way")
    journal = DiskJournal(path)
    assert journal.load() == []
    assert [journal.add(message(n)) for n in range(3)] == [None] * 3
    journal.remove(7)
    assert caplog.text.count("kept in memory only") == 1
    path.parent.unlink()
    assert journal.add(message(4)) is not None
    journal.close()


def test_a_disk_that_fails_is_said_once_and_raises_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = DiskJournal(path)
    journal._open().execute("PRAGMA max_page_count = 1")
    keys = [journal.add(Message("event", bytes(10_000), qos=1)) for _ in range(3)]
    assert keys == [None, None, None]
    journal.remove(1)
    assert len([item for item in caplog.records if item.levelname == "ERROR"]) == 1


def test_what_could_not_be_removed_is_removed_later(path: Path) -> None:
    """Or the next process would send events of days ago."""
    journal = DiskJournal(path)
    keys = [journal.add(message(number)) for number in range(3)]
    journal._open().execute("PRAGMA query_only = ON")
    for key in keys[:2]:
        journal.remove(key or 0)
    journal._open().execute("PRAGMA query_only = OFF")
    journal.remove(keys[2] or 0)
    journal.close()
    again = DiskJournal(path)
    assert again.load() == []
    again.close()


def test_a_restart_loses_nothing(real: Mosquitto, publishers: Publishers) -> None:
    class Nobody:
        host, port = "127.0.0.1", free_port()

    first = publishers(Nobody(), wait=False, outbox="disk")
    for number in range(30):
        first.frame(frame(), result(event(number)), 100.0)
    first.stop(1)
    assert first.stats().events_dropped == 0
    with Subscriber(real.host, real.port) as subscriber:
        second = publishers(real, outbox="disk")
        second.frame(frame(), result(event(30)), 100.0)
        events = [item.json for item in subscriber.wait("camd/desk/event", 31)]
        second.stop()
    assert [item["track"] for item in events] == list(range(31))
    with Subscriber(real.host, real.port) as subscriber:
        publishers(real, outbox="disk").stop()
        subscriber.wait_payload("camd/desk/status", b"online")
        assert not subscriber.on("camd/desk/event"), "delivered once, and forgotten"


EVENTS = """
import sys, itertools
from camd.mqtt.publisher import Publisher
from camd.config.settings import Settings
from tests.mqtt.scenes import event, frame, result
mqtt = {"host": sys.argv[1], "port": int(sys.argv[2]), "outbox": "disk", "outbox_size": 100000}
publisher = Publisher(Settings(name="desk", mqtt=mqtt), boot=sys.argv[3], model_id="a1b2c3d4")
publisher.start()
for number in itertools.count(1):
    publisher.frame(frame(), result(event(number)), 100.0)
    print(number, flush=True)
"""


@pytest.mark.timeout(180)
def test_ten_kills_lose_no_event(real: Mosquitto, publishers: Publishers, state: Path) -> None:
    """Each boot's events all come, from 1 to the last that the killed process had said it has."""
    said: dict[str, int] = {}
    with Subscriber(real.host, real.port) as subscriber:
        for boot in range(10):
            command = [sys.executable, "-c", EVENTS, real.host, str(real.port), f"{boot:04x}"]
            process = subprocess.Popen(
                command, cwd=Path(camd.__file__).parents[1], stdout=subprocess.PIPE
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            said[f"{boot:04x}"] = max(map(int, process.stdout.read().split()), default=1)
            process.wait()
        last = publishers(real, outbox="disk", outbox_size=100_000)
        last.frame(frame(), result(event(0)), 100.0)
        last.stop(60)
        subscriber.wait_payload("camd/desk/status", b"offline")
        got: dict[str, set[int]] = {boot: set() for boot in said}
        for item in subscriber.on("camd/desk/event"):
            got.setdefault(item.json["boot"], set()).add(item.json["seq"])
    for boot, count in said.items():
        assert got[boot] >= set(range(1, count + 1))


def test_settings_put_it_in_the_state_directory(
    publishers: Publishers, real: Mosquitto, state: Path
) -> None:
    publishers(real, outbox="disk")
    assert (state / "desk.events.sqlite").exists()
