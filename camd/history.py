"""What regions said, kept for years in a file of SQLite: each good value and each refusal, and of
what is old only as much as a chart shows.

A thread of its own writes; a disk may take seconds, and no frame waits for it. What is committed
outlasts a SIGKILL, since SQLite writes ahead (WAL). While the disk takes nothing, the newest points
wait in memory.
"""

import logging
import math
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from camd.values import RegionReading

log = logging.getLogger(__name__)

COMMIT_S = 5.0
"""Least time between two writes, seconds: memory cards wear out. So much is lost with the power."""
AGAIN_S = 300.0
"""A region that says the same is noted again after so long: else a chart could not tell it from a
camd that did not run."""
WAITING = 10_000
"""Points that wait in memory for a disk; the oldest go first. 1 MB."""
TIDY_S = 3600.0
"""How often what is old is thinned out, and the size is looked at."""
DAY = 86_400
AGES = ((7 * DAY, 600), (90 * DAY, 3600), (2 * 365 * DAY, DAY))
"""Points older than so many seconds are kept one for so many seconds: a week of all, three months
by ten minutes, two years by hours, and days for ever. A region has some 35,000 of them after two
years, 3 MB; what a display that changes each second says takes 50 MB a week."""
AHEAD = 2 * DAY
"""Points that lie further in the future come from a clock that was wrong; they go, seconds."""
FULLEST = 0.9
"""Share of the greatest size that is left once the oldest points had to go."""
MOST_POINTS = 5000
"""In one answer. A chart at 4K has fewer pixels across."""
NICE = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, DAY)
"""Steps between points that a range is shown with, seconds."""

Step = int | Literal["hour", "day", "month"]
"""Between points: seconds, or a part of the calendar where camd runs."""

_CALENDAR = {"hour": "%Y-%m-%d %H:00:00", "day": "%Y-%m-%d 00:00:00", "month": "%Y-%m-01 00:00:00"}
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS region (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS point (
    region INTEGER NOT NULL,
    at REAL NOT NULL,          -- seconds since the epoch, of the last good value in there
    span INTEGER NOT NULL,     -- seconds that it stands for; 0: one moment
    value REAL,                -- the last good one; NULL where there was none
    low REAL, high REAL,
    good INTEGER NOT NULL,     -- how many points it was made of
    refused INTEGER NOT NULL,
    why TEXT                   -- status of the last refusal
);
CREATE INDEX IF NOT EXISTS point_at ON point (region, at);
PRAGMA user_version = 1;
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Point:
    """What a region said at one moment, or in one stretch of time."""

    at: float
    """Seconds since the epoch; of a stretch its beginning."""
    value: float | None
    """The last good value; None where there was none."""
    low: float | None
    high: float | None
    """The least and greatest good value."""
    change: float | None
    """From the good value before to this one; None where either is missing."""
    good: int
    """How often a good value was noted."""
    refused: int
    """How often a value was refused."""
    why: str
    """The status of the last refusal; empty without one."""


@dataclass(frozen=True, slots=True)
class _Noted:
    region: str
    at: float
    value: float | None
    status: str


class History:
    """One file at a time, that of the running configuration. `note` never blocks; no call raises
    for want of a disk."""

    def __init__(self, path: Path, most_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """`most_bytes`: the greatest size of the file. `clock` gives seconds since the epoch."""
        self._path = path
        self._most = most_bytes
        self._clock = clock
        self._last: dict[str, _Noted] = {}
        self._waiting: deque[_Noted] = deque(maxlen=WAITING)
        self._changed = threading.Condition()
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="camd-history", daemon=True)
        self._thread.start()

    def note(self, regions: Iterable[RegionReading], at: float) -> None:
        """Keep what regions say at `at` seconds since the epoch, where it differs from before."""
        for said in regions:
            last = self._last.get(said.name)
            same = last is not None and (last.value, last.status) == (said.value, said.status)
            if last is not None and same and 0 <= at - last.at < AGAIN_S:
                continue
            noted = _Noted(said.name, at, said.value, said.status)
            self._last[said.name] = noted
            with self._changed:
                self._waiting.append(noted)
                self._changed.notify()

    def close(self, timeout: float) -> None:
        """Write what waits, within `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        """Runs in the thread."""
        tidied = -math.inf
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing, TIDY_S)
                closing = self._closing
            due = time.monotonic() - tidied >= TIDY_S
            if self._write(tidy=due and not closing) and due:
                tidied = time.monotonic()
            with self._changed:
                if closing:
                    return
                # What comes within the next seconds is written together.
                self._changed.wait_for(lambda: self._closing, COMMIT_S)

    def _write(self, *, tidy: bool) -> bool:
        """Write all that waits, or nothing; tell whether it is written."""
        some = list(self._waiting)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(_opened(self._path)) as database:
                _insert(database, some)
                if tidy:
                    thin_out(database, self._clock())
                    _shrink(database, self._most)
        except (sqlite3.Error, OSError) as error:
            if _broken(error):
                _set_aside(self._path)
            elif not self._failing:
                log.warning("what regions say is kept in memory only: %s: %s", self._path, error)
            self._failing = True
            return False
        with self._changed:
            for noted in some:
                # Others may have been pushed out meanwhile.
                if self._waiting and self._waiting[0] is noted:
                    self._waiting.popleft()
        if self._failing:
            log.info("what regions say is kept on disk again")
        self._failing = False
        return True


def regions(path: Path) -> list[str]:
    """Return the names of all regions that are in the file. Raises OSError."""
    with _reading(path) as database:
        return [name for (name,) in database.execute("SELECT name FROM region ORDER BY name")]


def points(path: Path, region: str, since: float, until: float, step: Step) -> list[Point]:
    """Return what `region` said from `since` to `until`, seconds since the epoch, one point a
    `step`; with 0 each one that was kept. At most MOST_POINTS, the newest ones. Raises OSError."""
    with _reading(path) as database:
        found = list(_points(database, region, since, until, step))
        before = _before(database, region, since) if len(found) < MOST_POINTS else None
    result = []
    for at, value, low, high, good, refused, why in found:
        change = None if value is None or before is None else value - before
        before = before if value is None else value
        result.append(Point(at, value, low, high, change, good, refused, why or ""))
    return result


def step_for(seconds: float, points: int = 400) -> int:
    """Return a step with which a range of so many seconds has about so many points."""
    return next((step for step in NICE if seconds / step <= points), 7 * DAY)


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        if database.execute("PRAGMA user_version").fetchone() == (0,):
            database.executescript(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


class _reading:  # noqa: N801
    """A connection that changes nothing; what is wrong with the file is an OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        try:
            if self._path.exists():
                address = f"{self._path.absolute().as_uri()}?mode=ro"
                self._database = sqlite3.connect(address, uri=True)
                if self._database.execute("PRAGMA user_version").fetchone() != (0,):
                    return self._database
                self._database.close()
        except sqlite3.Error as error:
            raise OSError(f"{self._path} cannot be read: {error}") from error
        # There is nothing yet.
        self._database = sqlite3.connect(":memory:")
        self._database.executescript(_SCHEMA)
        return self._database

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._database:
            self._database.close()
        if isinstance(error, sqlite3.Error):
            raise OSError(f"{self._path} cannot be read: {error}") from error


def _insert(database: sqlite3.Connection, some: Iterable[_Noted]) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        for noted in some:
            database.execute("INSERT OR IGNORE INTO region (name) VALUES (?)", (noted.region,))
            good = noted.value is not None
            database.execute(
                "INSERT INTO point SELECT id, ?, 0, ?, ?, ?, ?, ?, ? FROM region WHERE name = ?",
                (
                    noted.at,
                    *(noted.value,) * 3,
                    int(good),
                    int(not good),
                    None if good else noted.status,
                    noted.region,
                ),
            )
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def thin_out(database: sqlite3.Connection, now: float) -> None:
    """Keep of what is old one point for each of the stretches of AGES, and none of the future."""
    database.execute("BEGIN IMMEDIATE")
    try:
        gone = database.execute("DELETE FROM point WHERE at > ?", (now + AHEAD,)).rowcount
        for age, span in AGES:
            # A stretch is thinned out as a whole, or not yet.
            _thin(database, math.floor((now - age) / span) * span, span)
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    if gone:
        log.info("history: %d points of a future that a wrong clock told are left out", gone)


def _thin(database: sqlite3.Connection, until: float, span: int) -> None:
    database.execute(
        "CREATE TEMP TABLE old AS SELECT *, CAST(at / ? AS INTEGER) AS stretch FROM point"
        " WHERE at < ? AND span < ?",
        (span, until, span),
    )
    database.execute("DELETE FROM point WHERE at < ? AND span < ?", (until, span))
    database.execute(
        "INSERT INTO point SELECT region, coalesce(last, at), ?, value, low, high, good, refused,"
        f" why FROM ({_TOGETHER.format(source='old', key='stretch')})",
        (span,),
    )
    database.execute("DROP TABLE old")


_TOGETHER = """
SELECT every.region AS region, every.key AS key, every.at AS at, good.last AS last,
       good.value AS value, every.low AS low, every.high AS high, every.good AS good,
       every.refused AS refused, bad.why AS why
FROM (SELECT region, {key} AS key, max(at) AS at, min(low) AS low, max(high) AS high,
             sum(good) AS good, sum(refused) AS refused
      FROM {source} GROUP BY region, key) AS every
LEFT JOIN (SELECT region, {key} AS key, max(at) AS last, value FROM {source}
           WHERE value IS NOT NULL GROUP BY region, key) AS good
       ON good.region = every.region AND good.key = every.key
LEFT JOIN (SELECT region, {key} AS key, max(at) AS last, why FROM {source}
           WHERE why IS NOT NULL GROUP BY region, key) AS bad
       ON bad.region = every.region AND bad.key = every.key
"""
"""Makes one row of all that have the same key. Beside a max() SQLite gives the other columns of the
row that has it."""


def _points(
    database: sqlite3.Connection, region: str, since: float, until: float, step: Step
) -> Iterator[tuple[float, float | None, float | None, float | None, int, int, str | None]]:
    where = "region = (SELECT id FROM region WHERE name = :name) AND at >= :since AND at < :until"
    given = {"name": region, "since": since, "until": until, "most": MOST_POINTS}
    if step == 0:
        rows = f"SELECT at AS key, value, low, high, good, refused, why FROM point WHERE {where}"
    else:
        key = f"CAST(at / {step:d} AS INTEGER) * {step:d}" if isinstance(step, int) else _key(step)
        source = f"(SELECT *, {key} AS stretch FROM point WHERE {where})"
        together = _TOGETHER.format(source=source, key="stretch")
        rows = f"SELECT key, value, low, high, good, refused, why FROM ({together})"
    yield from database.execute(
        f"SELECT * FROM ({rows} ORDER BY key DESC LIMIT :most) ORDER BY key",
        given,
    )


def _key(step: str) -> str:
    """Return the SQL of the moment when the hour, day or month of a point began here."""
    begin = f"strftime('{_CALENDAR[step]}', at, 'unixepoch', 'localtime')"
    return f"CAST(strftime('%s', {begin}, 'utc') AS INTEGER)"


def _before(database: sqlite3.Connection, region: str, since: float) -> float | None:
    """Return the last good value before `since`."""
    row = database.execute(
        "SELECT value FROM point WHERE region = (SELECT id FROM region WHERE name = ?)"
        " AND at < ? AND value IS NOT NULL ORDER BY at DESC LIMIT 1",
        (region, since),
    ).fetchone()
    return None if row is None else float(row[0])


def _shrink(database: sqlite3.Connection, most: int) -> None:
    """Let the oldest points go where the file is too large."""

    def size() -> int:
        pages, free, bytes_ = (
            int(database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * bytes_

    while size() > most:
        count = database.execute("SELECT count(*) FROM point").fetchone()[0]
        gone = math.ceil(count * max(0.01, 1 - FULLEST * most / size()))
        database.execute(
            "DELETE FROM point WHERE rowid IN (SELECT rowid FROM point ORDER BY at LIMIT ?)",
            (gone,),
        )
        if gone >= count:
            break
    database.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _broken(error: Exception) -> bool:
    """Tell whether the file is damaged, or is none of SQLite."""
    code = getattr(error, "sqlite_errorcode", None)
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _set_aside(path: Path) -> None:
    """Rename a file that cannot be read, so that a new one is begun; the last such file is kept."""
    aside = path.with_name(path.name + ".broken")
    log.error("%s is damaged: it is %s now, and the history begins anew", path, aside.name)
    try:
        path.replace(aside)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    except OSError as error:
        log.error("%s cannot be renamed: %s", path, error.strerror)
