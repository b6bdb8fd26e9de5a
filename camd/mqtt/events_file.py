"""The file of events: SQLite, one row an event. Opened, checked, read, and set aside where it is
damaged.

What is written reaches the file system at once, which survives a killed process; it is not flushed
to the disk each time, so a power cut may cost the newest rows, but never the file."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from camd.mqtt.outbox import Message

MOST_BYTES = 65535
"""Most bytes of a topic, and of a payload. An event has some hundred: a longer one is not
camd's."""
ROOM_BYTES = 4096
"""Most bytes in the file for one event, on average."""
FLOOR_BYTES = 64 << 20
"""A file smaller than this never counts as too large."""
TRIES = 5000
"""Most keys that are tried after a damaged page, and most rows that are no events. It is more than
one page holds, and takes some tenths of a second."""
ASIDE = 5
"""Most damaged files that are kept; the latest of them is replaced by one more."""

TABLE = "CREATE TABLE events (key INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL)"
_HIGHEST = 1 << 53
"""Highest key of a row. SQLite has higher ones, but cannot count on from its very highest."""
_LEAST_BYTES = 512
"""The smallest database."""
_BESIDE = ("-wal", "-journal", "-shm")
"""Endings of the files that SQLite keeps beside a database."""
_LAST = "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
# MQTT 5, 1.5.4 and 4.7.1: a broker may end the connection over any of the others.
_TOPIC = re.compile(rf"[^#+\x00-\x1f\x7f-\x9f\ufdd0-\ufdef{_LAST}]+")

_TAKEN = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_AROUND = (
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
)
"""Errors that say nothing against the file: what is wrong is around it."""
_UNREADABLE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)


class DamagedError(Exception):
    """The file cannot be used, now or later: it is damaged, or of another program."""


@dataclass
class Found:
    """What a file holds."""

    rows: dict[int, Message] = field(default_factory=dict)
    """By key, in order."""
    bad: int = 0
    """Rows that are no events."""
    dropped: int = 0
    """Rows that are left out: the bad ones, and events beyond the limit."""
    flaw: str = ""
    """Why not all of it could be read."""


class EventsFile:
    """An open file. Every method raises OSError where the file cannot be used now, and DamagedError
    where it never can."""

    def __init__(self, path: Path, limit: int) -> None:
        """Open the file, or begin it; keep its newest `limit` events, and delete all other rows.

        It takes no more time than a file of so many events may. Nobody else can use the file until
        it is closed: two would send, and drop, each other's events."""
        self._path = path
        if path.exists() and not path.is_file():
            raise OSError("it is not a file")
        if 0 < _size(path) < _LEAST_BYTES:
            raise DamagedError("it is no database")  # SQLite would take it for an empty one
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _quickly_opened(path, limit):
            raise DamagedError("the files that SQLite keeps beside it are too large")
        with _translated():
            self._db = _connected(path)
            try:
                self.found = self._prepare(limit)
            except BaseException:
                self._db.close()
                raise

    def _prepare(self, limit: int) -> Found:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self._transaction("EXCLUSIVE"):
            if not self._schema():
                self._db.execute(TABLE)
        if self._schema() != {TABLE}:
            raise DamagedError("it is of another program, or of an earlier camd")
        if _size(self._path) > _most_bytes(limit):
            raise DamagedError(f"it has more than {_most_bytes(limit) >> 20} MiB")
        (said,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise DamagedError(said.splitlines()[-1])
        found = _newest(self._db, limit)
        if found.flaw:
            raise DamagedError(found.flaw)
        (rows,) = self._db.execute("SELECT count(*) FROM events").fetchone()
        found.dropped = rows - len(found.rows)
        found.bad = min(found.bad, found.dropped)
        if found.dropped:
            others = "key NOT IN (SELECT value FROM json_each(?))"
            keys = json.dumps(list(found.rows))
            self._db.execute(f"DELETE FROM events WHERE {others}", (keys,))  # noqa: S608
        return found

    def add(self, messages: Iterable[Message]) -> list[int]:
        """Return the keys of the rows made: all of them, or none and an error."""
        insert = "INSERT INTO events (topic, payload) VALUES (?, ?)"
        with _translated(), self._transaction():
            keys = [
                self._db.execute(insert, (message.topic, message.payload)).lastrowid
                for message in messages
            ]
        return [int(key or 0) for key in keys]

    def remove(self, keys: Iterable[int]) -> None:
        with _translated(), self._transaction():
            self._db.executemany("DELETE FROM events WHERE key = ?", ((key,) for key in keys))

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    def _schema(self) -> set[str]:
        return {sql for (sql,) in self._db.execute("SELECT sql FROM sqlite_master")}

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._db.execute(f"BEGIN {kind}")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if damages(code):
            raise DamagedError(str(exc)) from exc
        if (code & 0xFF) in _TAKEN:
            raise OSError("it is in use: by another camd of this name?") from exc
        raise OSError(str(exc)) from exc


def salvage(path: Path, limit: int) -> Found:
    """Return the newest `limit` events that can be read of a damaged file."""
    found = Found()
    if not _quickly_opened(path, limit):
        return found
    with suppress(sqlite3.Error), closing(_connected(path)) as db:
        # Without this SQLite refuses all of a file that was cut short.
        db.execute("PRAGMA writable_schema = ON")
        # A view of this name would be a query, and may have no end.
        stored = "SELECT count(*) FROM sqlite_master WHERE name = 'events' AND rootpage > 0"
        if db.execute(stored).fetchone() == (1,):
            found = _newest(db, limit)
            if len(found.rows) < limit:
                others = _newest(db, limit - len(found.rows), from_oldest=True)
                found.rows = dict(sorted((found.rows | others.rows).items()))
            found.dropped = found.bad
            if found.rows and not found.flaw:  # too large to be counted, but keys have no gaps
                ends = "SELECT (SELECT min(key) FROM events), (SELECT max(key) FROM events)"
                oldest, newest = db.execute(ends).fetchone()
                found.dropped = newest - oldest + 1 - len(found.rows)
    return found


def set_aside(path: Path) -> Path:
    """Rename the file, with what SQLite keeps beside it, and return its new name.

    Raises OSError."""
    names = [path.with_suffix(f".damaged{number or ''}") for number in range(ASIDE)]
    aside = next((name for name in names if not name.exists()), names[-1])
    path.replace(aside)
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").replace(f"{aside}{ending}")
    return aside


def damages(code: int) -> bool:
    """Whether an error of SQLite, by its extended code, says that the file itself is bad."""
    return code in _UNREADABLE or (code & 0xFF) not in (*_TAKEN, *_AROUND)


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA cell_size_check = ON")
    return db


def _quickly_opened(path: Path, limit: int) -> bool:
    """Tell whether little is beside the file: SQLite reads all of that first."""
    return all(_size(Path(f"{path}{ending}")) <= _most_bytes(limit) for ending in _BESIDE)


def _most_bytes(limit: int) -> int:
    return max(FLOOR_BYTES, limit * ROOM_BYTES)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _newest(db: sqlite3.Connection, limit: int, *, from_oldest: bool = False) -> Found:
    """Return the newest `limit` events, or the oldest. After a damaged page the keys are tried one
    by one, so the events behind it are found, too."""
    found = Found()
    order, step, edge = ("ASC", 1, 1) if from_oldest else ("DESC", -1, _HIGHEST)
    rows_ahead = f"FROM events WHERE key BETWEEN ? AND ? ORDER BY key {order} LIMIT ?"
    db.text_factory = bytes  # else a text that is no UTF-8 ends the query
    longest = db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 4 * MOST_BYTES)
    with suppress(sqlite3.Error):
        (edge,) = db.execute(f"SELECT key {rows_ahead}", (1, _HIGHEST, 1)).fetchone() or (0,)
    tries = TRIES
    at_once = limit
    while tries > 0 and len(found.rows) < limit and 1 <= edge <= _HIGHEST:
        at_once = min(at_once, limit - len(found.rows), tries)
        ahead = (edge, _HIGHEST, at_once) if from_oldest else (1, edge, at_once)
        rows = 0
        try:
            for key, topic, payload in db.execute(
                f"SELECT key, topic, payload {rows_ahead}", ahead
            ):
                if (key - edge) * step < 0:
                    raise sqlite3.DatabaseError("its rows are not in order")
                rows += 1
                edge = key + step
                if message := _message(topic, payload):
                    found.rows[key] = message
                else:
                    found.bad += 1
                    tries -= 1
            if rows < at_once:
                break
            at_once *= 2
        except sqlite3.Error as exc:
            if at_once > 1:  # Python gives up the row before the one that failed, too
                at_once = 1
                continue
            tries -= 1
            edge += step
            if not isinstance(exc, sqlite3.DataError):
                found.flaw = found.flaw or str(exc)
            else:  # far too large; counted twice where a key is missing
                found.bad += 1
    if tries <= 0:
        found.flaw = found.flaw or "too many of its rows are no events"
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
    found.rows = dict(sorted(found.rows.items()))
    return found


def _message(topic: object, payload: object) -> Message | None:
    """Return the event of a row, or None where it is none that can be sent."""
    if not isinstance(topic, bytes) or not isinstance(payload, bytes):
        return None
    if len(topic) > MOST_BYTES or len(payload) > MOST_BYTES:
        return None
    try:
        name = topic.decode()
        json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return Message(name, payload, qos=1) if _TOPIC.fullmatch(name) else None
