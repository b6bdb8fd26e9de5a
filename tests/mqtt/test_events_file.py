"""The file of events in every state that it may be found in: real files, really damaged."""

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.mqtt.events_file import (
    ASIDE,
    FLOOR_BYTES,
    TABLE,
    TRIES,
    EventsFile,
    damages,
    salvage,
    set_aside,
)
from camd.mqtt.journal import DiskJournal
from camd.mqtt.outbox import Message

LIMIT = 1000
PAGE = 4096
MANY = 120
"""Events: some nine leaves below one root."""
ON_A_PAGE = 12
"""Events; on some pages one more."""


def event(number: int) -> Message:
    payload = f'{{"boot":"9f3c","seq":{number},"digit":7,"dropped":0,"more":"{"x" * 230}"}}'
    return Message("camd/desk/event", payload.encode(), qos=1)


def fill(path: Path, count: int) -> list[bytes]:
    """Leave `count` events there, as a process does that ends in order; return their payloads."""
    file = EventsFile(path, LIMIT)
    messages = [event(number) for number in range(count)]
    file.add(messages)
    file.close()
    return [message.payload for message in messages]


def left(path: Path, limit: int = LIMIT) -> list[bytes]:
    """Return what the next process finds there; it keeps one event more, and loses none."""
    journal = DiskJournal(path, limit)
    found = [message.payload for message in journal.load().messages]
    key = journal.add(event(-1))
    assert journal.saved(key), journal.trouble
    journal.close()
    again = DiskJournal(path, limit + 1)
    assert [message.payload for message in again.load().messages] == [*found, event(-1).payload]
    again.close()
    return found


def statements(path: Path, *lines: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for line in lines:
            db.execute(line)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.events.sqlite"


def noise(page: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(len(page))


def zeros(page: bytes, _rng: random.Random) -> bytes:
    return bytes(len(page))


def half(page: bytes, rng: random.Random) -> bytes:
    """As a write that was cut off."""
    return page[: len(page) // 2] + rng.randbytes(len(page) // 2)


def header(page: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(12) + page[12:]


@pytest.mark.parametrize("damage", [noise, zeros, half, header])
def test_a_damaged_page_costs_what_stands_on_it_and_no_more(
    path: Path, damage: Callable[[bytes, random.Random], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    """Each page in turn. The first holds what the file is, the second where the others are."""
    rng = random.Random(7)
    payloads = fill(path, MANY)
    good = path.read_bytes()
    for page in range(len(good) // PAGE):
        start = page * PAGE
        mended = damage(good[start : start + PAGE], rng)
        path.write_bytes(good[:start] + mended + good[start + PAGE :])
        caplog.clear()
        found = left(path)
        assert set(found) <= set(payloads)
        assert found == [item for item in payloads if item in found], "in order"
        if page > 1:
            assert len(found) >= MANY - ON_A_PAGE - 1
        if len(found) < MANY:
            assert len(caplog.records) == 1, "said, and once"
        path.unlink()


def test_many_damaged_pages(path: Path) -> None:
    """The first and the last of the leaves, and each third between them."""
    fill(path, 3 * MANY)
    good = bytearray(path.read_bytes())
    pages = len(good) // PAGE
    broken = sorted({*range(2, pages, 3), pages - 1})
    for page in broken:
        good[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    path.write_bytes(good)
    assert len(left(path)) >= 3 * MANY - len(broken) * (ON_A_PAGE + 1)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off(path: Path, share: float) -> None:
    payloads = fill(path, MANY)
    good = path.read_bytes()
    path.write_bytes(good[: int(len(good) * share)])
    found = left(path)
    assert found == [item for item in payloads if item in found]
    leaves = int(len(good) * share) // PAGE - 2
    assert len(found) >= leaves * ON_A_PAGE


damages_to_bytes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=2 * PAGE)),
    max_size=4,
)


@given(damages_to_bytes, damages_to_bytes, st.floats(0, 1) | st.just(1.0))
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_it_the_next_events_are_kept(
    in_file: list[tuple[float, bytes]], in_log: list[tuple[float, bytes]], share: float
) -> None:
    """Bytes replaced anywhere, in the file and in the log that a killed process leaves beside."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "desk.events.sqlite"
        file = EventsFile(path, LIMIT)
        file.add(event(number) for number in range(20))
        for ending, edits in (("", in_file), ("-wal", in_log)):
            bad = bytearray(Path(f"{path}{ending}").read_bytes())
            for where, replaced in edits:
                start = int(where * len(bad))
                bad[start : start + len(replaced)] = replaced
            Path(folder, f"other{ending}").write_bytes(bad[: int(share * len(bad))])
        file.close()
        left(Path(folder) / "other")


def spoil(path: Path) -> None:
    for ending in ("", "-wal"):
        beside = Path(f"{path}{ending}")
        beside.write_bytes(random.Random(1).randbytes(beside.stat().st_size))


def large(number: int) -> Message:
    """Some dozens of them are more than SQLite keeps in memory of a file."""
    return Message("camd/desk/event", b'"%060000d"' % number, qos=1)


def test_nothing_is_lost_where_the_file_is_damaged_while_camd_runs(path: Path) -> None:
    """What waits is in memory, too; a new file gets all of it."""
    journal = DiskJournal(path, LIMIT)
    keys = [journal.add(large(number)) for number in range(50)]
    spoil(path)
    journal.remove(keys[0])
    assert "set aside as desk.events.damaged" in journal.trouble
    keys.append(journal.add(event(50)))
    assert all(journal.saved(key) for key in keys[1:])
    journal.remove(keys[1])
    expected = [message.payload for message in (*map(large, range(2, 50)), event(50))]
    assert left(killed(path)) == expected


def killed(path: Path) -> Path:
    """Return a copy of what a process leaves that is killed now."""
    copy = path.with_name("killed")
    copy.mkdir()
    for each in path.parent.glob(f"{path.name}*"):
        (copy / each.name).write_bytes(each.read_bytes())
    return copy / path.name


def insert(row: str) -> str:
    return f"INSERT INTO events (topic, payload) VALUES ({row})"  # noqa: S608


ROWS = [
    "'camd/desk/event', NULL",
    "NULL, '{}'",
    "'camd/#', '{}'",
    "'camd/+/event', '{}'",
    "'', '{}'",
    "char(0), '{}'",
    "'a' || char(10), '{}'",
    "char(65534), '{}'",
    "char(131071), '{}'",
    "CAST(x'ff' AS TEXT), '{}'",
    "x'23', '{}'",
    "'camd/desk/event', 'seven'",
    "'camd/desk/event', '{'",
    "'camd/desk/event', x'ff'",
    "'camd/desk/event', printf('%.5000c', '[')",
    "'camd/desk/event', zeroblob(70000)",
    "'camd/desk/event', zeroblob(3000000)",
    "printf('%.70000c', 'a'), '{}'",
    "printf('%.300000c', 'a'), '{}'",
]
"""What no broker takes, paho refuses to send, or subscribers cannot read."""


@pytest.mark.parametrize("table", ["of camd", "of somebody else"])
@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_is_no_event_is_dropped_counted_and_said(
    path: Path, row: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Sent, it would end each connection, and nothing behind it would ever arrive."""
    if table == "of camd":
        fill(path, 0)
        row = row.replace("NULL", "x'00'")
    else:
        statements(path, "CREATE TABLE events (key INTEGER PRIMARY KEY, topic, payload)")
    good, bad = insert(f"'camd/desk/event', '{event(1).payload.decode()}'"), insert(row)
    statements(path, good, bad, bad, good, bad)
    journal = DiskJournal(path, LIMIT)
    found = journal.load()
    assert [message.payload for message in found.messages] == [event(1).payload] * 2
    assert found.dropped == 3
    assert "3 rows that are no events" in caplog.text or table != "of camd"
    journal.close()
    caplog.clear()
    assert left(path) == [event(1).payload] * 2
    assert not caplog.records, "said once"


def test_null_where_none_can_be(path: Path) -> None:
    """Only damage, or somebody who forces it, brings it into our own table."""
    payloads = fill(path, 3)
    force, change = "PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = replace(sql, {})"
    statements(path, force, change.format("'BLOB NOT NULL', 'BLOB'"))
    statements(path, "UPDATE events SET payload = NULL WHERE key = 2")
    statements(path, force, change.format("'BLOB', 'BLOB NOT NULL'"))
    assert left(path) == [payloads[0], payloads[2]]


def test_only_the_newest_are_read_however_many_there_are(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    payloads = fill(path, 50)
    journal = DiskJournal(path, 7)
    found = journal.load()
    assert [message.payload for message in found.messages] == payloads[-7:]
    assert found.dropped == 43
    assert "7 events are kept, 43 are dropped (mqtt.outbox_size)" in caplog.text
    journal.close()
    assert left(path) == payloads[-7:]


def test_more_bad_rows_than_are_looked_at(path: Path) -> None:
    payloads = fill(path, 3)
    bad = "INSERT INTO events (topic, payload) VALUES ('#', ?)"
    with closing(sqlite3.connect(path)) as db, db:
        db.executemany(bad, [(b"{}",)] * (TRIES + 20))
    assert left(path) == payloads, "the oldest are looked for, too"


def test_a_file_larger_than_events_ever_are_is_not_read_through(path: Path) -> None:
    payloads = fill(path, 3)
    statements(path, insert(f"'a', zeroblob({FLOOR_BYTES})"), insert("'b', '{}'"))
    journal = DiskJournal(path, 3)
    found = journal.load()
    journal.close()
    assert [message.payload for message in found.messages] == [*payloads[1:], b"{}"]
    assert found.dropped == 2
    assert path.with_suffix(".damaged").stat().st_size > FLOOR_BYTES
    assert left(path) == [*payloads[1:], b"{}"]


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_a_large_file_beside_it_is_not_read(path: Path, ending: str) -> None:
    fill(path, 3)
    beside = Path(f"{path}{ending}")
    with beside.open("wb") as file:
        file.truncate(FLOOR_BYTES + 1)
    assert left(path, 5) == []
    assert not beside.exists() or beside.stat().st_size < 1 << 20
    assert Path(f"{path.with_suffix('.damaged')}{ending}").stat().st_size == FLOOR_BYTES + 1


ENDLESS = """
CREATE VIEW events AS WITH RECURSIVE n(key) AS (SELECT 1 UNION ALL SELECT key + 1 FROM n)
SELECT key, 'a' AS topic, 'b' AS payload FROM n
"""
OTHERS = [
    ["CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('mine')"],
    ["CREATE TABLE events (at, what)", "INSERT INTO events VALUES (1, 'x')"],
    [ENDLESS],
    ["CREATE VIRTUAL TABLE events USING fts5(key, topic, payload)"],
    [TABLE, "CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'no'); END"],
]


@pytest.mark.parametrize("made", OTHERS)
def test_the_database_of_another_program_is_set_aside_as_it_is(path: Path, made: list[str]) -> None:
    statements(path, *made)
    with closing(sqlite3.connect(path)) as db:
        before = [*db.iterdump()]
    assert left(path) == []
    with closing(sqlite3.connect(path.with_suffix(".damaged"))) as db:
        assert [*db.iterdump()] == before


def test_the_file_of_an_earlier_camd_is_taken_over(path: Path) -> None:
    statements(
        path,
        "CREATE TABLE events"
        " (key INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL)",
        "INSERT INTO events VALUES (9007199254740991, 'camd/desk/event', '{}')",
    )
    assert left(path) == [b"{}"]


def test_keys_that_cannot_be_counted_on_from(path: Path) -> None:
    """SQLite gives no key behind its highest, and would call the disk full for ever."""
    fill(path, 0)
    row = "INSERT INTO events VALUES ({}, 'camd/desk/event', '{{}}')"
    statements(path, *(row.format(key) for key in (-1, 0, 5, (1 << 63) - 1)))
    assert left(path) == [b"{}"]


@pytest.mark.parametrize("content", [b"", b"x", b"not a database" * 1000, bytes(5000)])
def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert left(path) == []
    aside = path.with_suffix(".damaged")
    assert not content or aside.read_bytes() == content


def test_as_many_files_are_kept_aside_as_said(path: Path) -> None:
    for number in range(ASIDE + 2):
        path.write_bytes(b"damaged %d" % number)
        set_aside(path)
    kept = {each.read_bytes() for each in path.parent.glob("*.damaged*")}
    assert kept == {b"damaged %d" % number for number in (0, 1, 2, 3, ASIDE + 1)}


def test_the_log_beside_a_file_goes_with_it(path: Path) -> None:
    """It would be taken for that of the new one."""
    file = EventsFile(path, LIMIT)
    file.add([event(1)])
    copy = killed(path)
    file.close()
    log = Path(f"{copy}-wal").read_bytes()
    aside = set_aside(copy)
    assert Path(f"{aside}-wal").read_bytes() == log
    assert left(copy) == []
    assert [*salvage(aside, LIMIT).rows.values()] == [event(1)]


def in_the_way(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def not_writable(path: Path) -> None:
    path.symlink_to("/proc/version")


def nowhere(path: Path) -> None:
    path.symlink_to("/proc/nothing/of/that/name")


def a_log_in_the_way(path: Path) -> None:
    fill(path, 0)
    Path(f"{path}-wal").mkdir()


@pytest.mark.parametrize(
    "what", [in_the_way, a_pipe, a_device, not_writable, nowhere, a_log_in_the_way]
)
def test_what_cannot_be_a_file_is_left_and_said_and_tried_again(
    path: Path, what: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    what(path)
    journal = DiskJournal(path, LIMIT)
    keys = [journal.add(event(number)) for number in range(3)]
    assert not any(journal.saved(key) for key in keys)
    assert journal.trouble.startswith("events are kept in memory only: ")
    assert caplog.text.count("kept in memory only") == 1
    for beside in (path, Path(f"{path}-wal")):
        if beside.is_dir():
            beside.rmdir()
        elif what is not a_log_in_the_way:
            beside.unlink(missing_ok=True)
    keys.append(journal.add(event(3)))
    assert all(journal.saved(key) for key in keys)
    assert not journal.trouble
    journal.close()
    assert left(path) == [event(number).payload for number in range(4)]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_CORRUPT_INDEX])
def test_what_the_medium_does_not_give_back_any_more_is_damage(code: int) -> None:
    """Waiting mends no bad sector; a new file stands on others."""
    assert damages(code)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_IOERR_WRITE])
def test_what_is_around_the_file_is_no_damage(code: int) -> None:
    assert not damages(code)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that others than root can reach."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o777)
        yield Path(made)


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Root may write everything."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_place_that_is_read_only(folder: Path, what: str, unprivileged: None) -> None:
    path = folder / "state" / "desk.events.sqlite"
    payloads = fill(path, 3)
    closed, mode = (path, 0o444) if what == "file" else (path.parent, 0o555)
    closed.chmod(mode)
    journal = DiskJournal(path, LIMIT)
    key = journal.add(event(3))
    assert not journal.saved(key)
    assert "memory only" in journal.trouble
    closed.chmod(0o777)
    later = journal.add(event(4))
    assert journal.saved(key)
    assert journal.saved(later)
    assert [message.payload for message in journal.load().messages] == payloads
    journal.close()
    assert sorted(left(path)) == sorted([*payloads, event(3).payload, event(4).payload])
