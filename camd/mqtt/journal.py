"""Events on disk, so that they outlive the process: SQLite, one row each, gone once delivered.

Written to the file system at once, which survives a killed process; not flushed to the disk each
time, so a power cut may cost the newest rows, but never the file."""

import contextlib
import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

from camd.errors import PublishError
from camd.mqtt.outbox import Message

log = logging.getLogger(__name__)

_TAKEN = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class DiskJournal:
    """An outbox' Journal. Called by several threads, one at a time (the outbox' lock).

    A disk that fails costs the keeping and not the events: they go on in memory. It is tried
    again with each, and said when it begins and when it is over."""

    def __init__(self, path: Path) -> None:
        """Raises PublishError where another camd uses the file."""
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._failed = False
        self._overdue: list[int] = []
        try:
            self._open()
        except OSError as exc:
            self._fail(exc.strerror or exc)
        except sqlite3.Error as exc:
            if _code(exc) in _TAKEN:
                raise PublishError(
                    f"mqtt.outbox: {path} is in use: is another camd of this name running?"
                ) from exc
            self._fail(exc)

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = _prepared(self._path)
            except sqlite3.DatabaseError as exc:
                if _code(exc) not in _DAMAGED:
                    raise
                aside = self._path.replace(self._path.with_suffix(".damaged"))
                log.error("%s: %s; set aside as %s, a new one is begun", self._path, exc, aside)
                self._db = _prepared(self._path)
        return self._db

    def load(self) -> list[Message]:
        rows = self._try("SELECT topic, payload, key FROM events ORDER BY key")
        return [Message(topic, payload, qos=1, key=key) for topic, payload, key in rows or ()]

    def add(self, message: Message) -> int | None:
        statement = "INSERT INTO events (topic, payload) VALUES (?, ?) RETURNING key"
        rows = self._try(statement, message.topic, message.payload)
        if not rows:
            return None
        if self._failed:
            self._failed = False
            log.info("events are kept on disk again")
        return int(rows[0][0])

    def remove(self, key: int) -> None:
        # What could not be deleted would be sent once more by the next process.
        self._overdue.append(key)
        statement = "DELETE FROM events WHERE key IN (SELECT value FROM json_each(?))"
        if self._try(statement, json.dumps(self._overdue)) is not None:
            self._overdue = []

    def close(self) -> None:
        if self._db:
            self._db.close()

    def _try(self, statement: str, *values: Any) -> list[Any] | None:
        try:
            return self._open().execute(statement, values).fetchall()
        except (OSError, sqlite3.Error) as exc:
            self._fail(exc)
            return None

    def _fail(self, why: object) -> None:
        level = logging.DEBUG if self._failed else logging.ERROR
        log.log(level, "events are kept in memory only: %s", why)
        self._failed = True
        if self._db:
            with contextlib.suppress(sqlite3.Error):
                self._db.rollback()


def _prepared(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        # One process only: two would send, and drop, each other's events.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN EXCLUSIVE")
        # AUTOINCREMENT: a key is never given twice, so a late removal cannot hit another event.
        db.execute(
            "CREATE TABLE IF NOT EXISTS events"
            " (key INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL)"
        )
        db.execute("COMMIT")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _code(exc: sqlite3.Error) -> int:
    """Return the primary code of an error: the extended ones hold it in their lowest byte."""
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF
