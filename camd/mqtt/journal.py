"""Events on disk, so that they outlive the process: SQLite, one row each, gone once delivered.

Written to the file system at once, which survives a killed process; not flushed to the disk each
time, so a power cut may cost the newest rows, but never the file."""

import contextlib
import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

from camd.errors import ConfigError
from camd.mqtt.outbox import Message

log = logging.getLogger(__name__)

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
"""A disk that is full, or over its quota or the limit of the process."""


class DiskJournal:
    """An outbox' Journal. Called by several threads, one at a time (the outbox' lock).

    A disk that fails costs the keeping and not the events: they go on in memory. It is tried
    again with each, and said when it begins and when it is over."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where the file cannot be used, or another camd uses it. A full disk is
        neither: it may be emptied."""
        self._failed = self._prepared = False
        self._overdue: list[int] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except OSError as exc:
            raise ConfigError(f"mqtt.outbox: cannot keep events in {path}: {exc.strerror}") from exc
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF in _FULL:
                self._fail(exc)
                return
            raise ConfigError(
                f"mqtt.outbox: cannot keep events in {path} ({exc}): "
                "is another camd of this name running?"
            ) from exc
        except sqlite3.DatabaseError as exc:
            raise ConfigError(
                f"mqtt.outbox: {path} is damaged ({exc}): move it out of the way"
            ) from exc

    def _prepare(self) -> None:
        # One process only: two would send, and drop, each other's events.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("BEGIN EXCLUSIVE")
        # AUTOINCREMENT: a key is never given twice, so a late removal cannot hit another event.
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS events"
            " (key INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL)"
        )
        self._db.execute("COMMIT")
        self._prepared = True

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
        self._db.close()

    def _try(self, statement: str, *values: Any) -> list[Any] | None:
        try:
            if not self._prepared:
                self._prepare()
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as exc:
            self._fail(exc)
            return None

    def _fail(self, exc: sqlite3.Error) -> None:
        level = logging.DEBUG if self._failed else logging.ERROR
        log.log(level, "events are kept in memory only: %s", exc)
        self._failed = True
        with contextlib.suppress(sqlite3.Error):
            self._db.rollback()
