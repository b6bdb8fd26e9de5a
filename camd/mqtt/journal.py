"""Events on disk, so that they outlive the process: SQLite, one row each, gone once delivered.

Written to the file system at once, which survives a killed process; not flushed to the disk each
time, so a power cut may cost the newest rows, but never the file."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

from camd.errors import ConfigError
from camd.mqtt.outbox import Message

log = logging.getLogger(__name__)


class DiskJournal:
    """An outbox' Journal. Called by several threads, one at a time (the outbox' lock).

    A disk that fails costs the keeping and not the events: they go on in memory."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError where the file cannot be used, or another camd uses it."""
        self._failed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except OSError as exc:
            raise ConfigError(f"mqtt.outbox: cannot keep events in {path}: {exc.strerror}") from exc
        except sqlite3.OperationalError as exc:
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

    def load(self) -> list[Message]:
        rows = self._try("SELECT topic, payload, key FROM events ORDER BY key")
        return [Message(topic, payload, qos=1, key=key) for topic, payload, key in rows or ()]

    def add(self, message: Message) -> int | None:
        statement = "INSERT INTO events (topic, payload) VALUES (?, ?) RETURNING key"
        rows = self._try(statement, message.topic, message.payload)
        return int(rows[0][0]) if rows else None

    def remove(self, key: int) -> None:
        self._try("DELETE FROM events WHERE key = ?", key)

    def close(self) -> None:
        self._db.close()

    def _try(self, statement: str, *values: Any) -> list[Any] | None:
        try:
            rows = self._db.execute(statement, values).fetchall()
        except sqlite3.Error as exc:
            log.log(
                logging.DEBUG if self._failed else logging.ERROR,
                "events are kept in memory only: %s", exc,
            )  # fmt: skip
            self._failed = True
            return None
        self._failed = False
        return rows
