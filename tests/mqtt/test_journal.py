"""Events over restarts and crashes: real files, real processes, a real broker."""

import logging
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import camd
from camd.mqtt.journal import DiskJournal
from camd.mqtt.outbox import Left, Message
from testing.broker import Mosquitto, Subscriber, free_port
from testing.scenes import Publishers, event, frame, result

LIMIT = 1000
ROOT = Path(camd.__file__).parents[1]


class Nobody:
    """Where no broker is."""

    def __init__(self) -> None:
        self.host, self.port = "127.0.0.1", free_port()


def message(number: int) -> Message:
    return Message("event", str(number).encode(), qos=1)


def leave(path: Path, *numbers: int) -> None:
    journal = DiskJournal(path, LIMIT)
    for number in numbers:
        journal.add(message(number))
    journal.close()


def read(path: Path, limit: int = LIMIT) -> list[bytes]:
    """Return what the next process finds."""
    journal = DiskJournal(path, limit)
    found = [item.payload for item in journal.load().messages]
    journal.close()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "desk.events.sqlite"


def test_what_was_added_and_not_removed_is_there_again(path: Path) -> None:
    journal = DiskJournal(path, LIMIT)
    keys = [journal.add(message(number)) for number in range(5)]
    journal.remove(keys[1])
    journal.close()
    again = DiskJournal(path, LIMIT)
    found = again.load().messages
    assert [item.payload for item in found] == [b"0", b"2", b"3", b"4"]
    assert again.load() == Left(), "once"
    for item in found[:2]:
        assert item.key is not None
        again.remove(item.key)
    again.close()
    assert read(path) == [b"3", b"4"]


def test_no_two_entries_ever_have_the_same_key(path: Path) -> None:
    """A confirmation that comes late would remove another event."""
    leave(path, 0)
    journal = DiskJournal(path, LIMIT)
    keys = [item.key for item in journal.load().messages]
    for number in range(5):
        keys.append(journal.add(message(number)))
        journal.remove(keys[-1] or 0)
    assert len(set(keys)) == len(keys)
    journal.add(message(5))
    for key in keys:
        journal.remove(key or 0)
    journal.close()
    assert read(path) == [b"5"]


def test_a_key_is_not_given_again_where_a_new_file_is_begun(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)
    journal = DiskJournal(path, LIMIT)
    first = journal.add(message(1))
    journal.remove(first)
    assert journal.add(message(2)) != first
    journal.close()
    assert read(path) == [b"2"]


def test_one_process_at_a_time(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The second goes on in memory, and takes over when the first has ended."""
    first = DiskJournal(path, LIMIT)
    first.add(message(1))
    second = DiskJournal(path, LIMIT)
    assert second.load() == Left()
    keys = [second.add(message(number)) for number in range(2, 5)]
    assert not any(second.saved(key) for key in keys)
    second.remove(keys[0])
    assert "another camd" in second.trouble
    assert caplog.text.count("another camd") == 1
    first.close()
    assert [item.payload for item in second.load().messages] == [b"1"]
    assert all(second.saved(key) for key in keys[1:])
    assert not second.trouble
    second.close()
    assert read(path) == [b"1", b"3", b"4"]


@pytest.mark.parametrize("hold", ["SELECT * FROM events", "BEGIN EXCLUSIVE"])
def test_another_program_that_looks_at_the_file(path: Path, hold: str) -> None:
    leave(path, 1)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        held = other.execute(hold)
        journal = DiskJournal(path, LIMIT)
        key = journal.add(message(2))
        assert not journal.saved(key)
        held.close()
    assert [item.payload for item in journal.load().messages] == [b"1"]
    assert journal.saved(key)
    journal.close()


def test_after_the_end_nothing_is_written(path: Path) -> None:
    """The connection's thread may outlive the wait for it."""
    journal = DiskJournal(path, LIMIT)
    key = journal.add(message(1))
    journal.close()
    journal.remove(key)
    journal.add(message(2))
    assert read(path) == [b"1"]


def test_a_place_that_cannot_be_written_is_tried_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.parent.mkdir(exist_ok=True)
    path.parent.write_text("in the way")
    journal = DiskJournal(path, LIMIT)
    assert journal.load() == Left()
    keys = [journal.add(message(n)) for n in range(3)]
    journal.remove(keys[0])
    assert not any(journal.saved(key) for key in keys)
    assert caplog.text.count("kept in memory only") == 1
    path.parent.unlink()
    keys.append(journal.add(message(4)))
    assert all(journal.saved(key) for key in keys[1:])
    journal.close()
    assert read(path) == [b"1", b"2", b"4"]


@contextmanager
def no_room() -> Iterator[None]:
    """The kernel refuses every write to a file."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        signal.signal(signal.SIGXFSZ, before)


def test_a_disk_that_fails_is_said_once_and_costs_nothing_in_the_end(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be removed is removed later, or the next process would send events of days
    ago; what could not be written is written."""
    caplog.set_level(logging.INFO)
    journal = DiskJournal(path, LIMIT)
    keys = [journal.add(message(number)) for number in range(3)]
    with no_room():
        keys += [journal.add(message(number)) for number in range(3, 6)]
        for key in keys[:2]:
            journal.remove(key)
        assert not any(journal.saved(key) for key in keys[3:])
        journal.remove(keys.pop())
        assert "memory only" in journal.trouble
    journal.remove(keys[2])
    assert all(journal.saved(key) for key in keys[3:])
    assert [item.levelname for item in caplog.records] == ["ERROR", "INFO"]
    journal.close()
    assert read(path) == [b"3", b"4"]


def test_that_nothing_waits_is_no_sign_of_a_good_disk(path: Path) -> None:
    journal = DiskJournal(path, LIMIT)
    with no_room():
        journal.remove(journal.add(message(1)))
        assert "memory only" in journal.trouble
    journal.add(message(2))
    assert not journal.trouble
    journal.close()
    assert read(path) == [b"2"]


def test_a_restart_loses_nothing(real: Mosquitto, publishers: Publishers) -> None:
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


def test_a_damaged_file_costs_what_cannot_be_read_and_nothing_that_comes_later(
    real: Mosquitto, publishers: Publishers, state: Path
) -> None:
    """Over a kill, too: what came to a damaged file was lost with it."""
    first = publishers(Nobody(), wait=False, outbox="disk")
    for number in range(60):
        first.frame(frame(), result(event(number)), 100.0)
    first.stop(1)
    damaged = bytearray((state / "desk.events.sqlite").read_bytes())
    damaged[4 * 4096 : 5 * 4096] = bytes(4096)
    (state / "desk.events.sqlite").write_bytes(damaged)
    command = [sys.executable, "-c", EVENTS, "127.0.0.1", str(free_port()), "0a1b"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(29):
        process.stdout.readline()
    process.kill()
    process.wait()
    assert (state / "desk.events.damaged").exists()
    with Subscriber(real.host, real.port) as subscriber:
        last = publishers(real, outbox="disk")
        last.frame(frame(), result(event(0)), 100.0)
        last.stop()
        subscriber.wait_payload("camd/desk/status", b"offline")
        events = [item.json for item in subscriber.on("camd/desk/event")]
    assert len([item for item in events if item["boot"] == "9f3c"]) > 60 - 25
    assert {item["seq"] for item in events if item["boot"] == "0a1b"} >= set(range(1, 30))


def test_what_is_wrong_with_the_file_is_in_health(
    real: Mosquitto, publishers: Publishers, state: Path
) -> None:
    state.mkdir()
    (state / "desk.events.sqlite").write_bytes(b"not a database" * 100)
    publisher = publishers(real, outbox="disk")
    assert "set aside as desk.events.damaged" in publisher.stats().events_file
    publisher.stop()
    holder = DiskJournal(state / "desk.events.sqlite", LIMIT)
    publisher = publishers(real, outbox="disk")
    assert "in use" in publisher.stats().events_file
    publisher.frame(frame(), result(event(0)), 100.0)
    assert publisher.stats().events_unsaved == 1
    holder.close()
    publisher.frame(frame(), result(event(0)), 100.0)
    assert publisher.stats().events_unsaved == 1
    assert publisher.stats().events_file == ""


EVENTS = """
import sys, itertools
from camd.mqtt.publisher import Publisher
from camd.config.settings import Settings
from testing.scenes import event, frame, result
mqtt = {"host": sys.argv[1], "port": int(sys.argv[2]), "outbox": "disk", "outbox_size": 100000}
publisher = Publisher(Settings(name="desk", mqtt=mqtt), boot=sys.argv[3], model_id="a1b2c3d4")
publisher.start()
for number in itertools.count(1):
    publisher.frame(frame(), result(event(number)), 100.0)
    print(number, flush=True)
"""


@pytest.mark.timeout(180)
def test_five_kills_lose_no_event(real: Mosquitto, publishers: Publishers, state: Path) -> None:
    """Each boot's events all come, from 1 to the last that the killed process had said it has."""
    said: dict[str, int] = {}
    with Subscriber(real.host, real.port) as subscriber:
        for boot in range(5):
            command = [sys.executable, "-c", EVENTS, real.host, str(real.port), f"{boot:04x}"]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
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
