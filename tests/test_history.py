"""The history of regions: a real file of SQLite, killed, filled and damaged."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from camd import history
from camd.history import DAY, History, points
from camd.values import RegionReading
from testing.broker import LONG, until
from testing.process import ROOT

NOW = 1_700_000_000 // DAY * DAY
"""A midnight, of 14 November 2023."""


def said(value: float | None, status: str = "ok", name: str = "meter") -> list[RegionReading]:
    return [RegionReading(name, status, value)]  # type: ignore[arg-type]


def filled(path: Path, values: Iterable[tuple[float, float | None]], most: int = 2**30) -> None:
    store = History(path, most, lambda: NOW)
    for at, value in values:
        store.note(said(value, "ok" if value is not None else "decreased"), at)
    store.close(LONG)


def test_each_change_is_kept_and_what_stays_the_same_is_not(tmp_path: Path) -> None:
    path = tmp_path / "state" / "desk.history.sqlite"
    filled(path, [(NOW, 5), (NOW + 1, 5), (NOW + 2, None), (NOW + 3, None), (NOW + 4, 7)])
    found = points(path, "meter", NOW - 10, NOW + 10, 0)
    assert [(one.at - NOW, one.value, one.why, one.change) for one in found] == [
        (0, 5, "", None),
        (2, None, "decreased", None),
        (4, 7, "", 2),
    ]
    assert history.regions(path) == ["meter"]
    assert points(path, "nothing", 0, 2e9, 60) == []
    assert points(tmp_path / "none", "meter", 0, 2e9, 60) == []


def test_a_value_that_stays_is_noted_again_so_that_a_gap_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "h"
    filled(path, [(NOW + n, 5) for n in range(0, 1000, 10)])
    assert [one.at - NOW for one in points(path, "meter", 0, 2e9, 0)] == [0, 300, 600, 900]


def test_points_are_put_together_by_steps_and_by_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    path = tmp_path / "h"
    values = [(NOW + 600 * n, None if n == 4 else 10 + n) for n in range(144)]
    filled(path, values)
    first, *rest = points(path, "meter", NOW, NOW + DAY, 3600)
    assert (first.at, first.value, first.low, first.high) == (NOW, 15, 10, 15)
    assert (first.good, first.refused, first.why, first.change) == (5, 1, "decreased", None)
    assert {one.change for one in rest} == {6}
    days = points(path, "meter", NOW, NOW + DAY, "day")
    assert [one.at - NOW for one in days] == [-3600, 23 * 3600]  # midnight is at 23:00 UTC
    months = points(path, "meter", NOW, NOW + DAY, "month")  # the 14th
    assert [one.at - NOW for one in months] == [-13 * DAY - 3600]
    # The change counts from the last value before the range.
    assert points(path, "meter", NOW + 7200, NOW + DAY, 3600)[0].change == 6
    monkeypatch.undo()
    time.tzset()


def test_what_is_old_is_thinned_out_and_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "h"
    old = NOW - 800 * DAY
    values = [(old + 60 * n, float(n)) for n in range(3000)]
    values += [(NOW - 8 * DAY + 60 * n, 5000.0 + n) for n in range(100)]
    values += [(NOW - 60, None), (NOW + 30 * DAY, 1.0)]  # the last: of a wrong clock
    with monkeypatch.context() as late:
        late.setattr(history, "thin_out", lambda *_: None)
        filled(path, values)
    with sqlite3.connect(path, isolation_level=None) as database:
        history.thin_out(database, NOW)
        spans = dict(database.execute("SELECT span, count(*) FROM point GROUP BY span"))
    assert spans == {DAY: 3, 600: 10, 0: 1}
    days = points(path, "meter", old, old + 3 * DAY, DAY)
    assert [one.value for one in days] == [1439, 2879, 2999]
    assert (days[0].low, days[0].high, days[0].good) == (0, 1439, 1440)
    with sqlite3.connect(path, isolation_level=None) as database:
        history.thin_out(database, NOW + 2000 * DAY)
    assert points(path, "meter", old, old + 3 * DAY, DAY) == days


def test_the_file_is_bounded_and_the_oldest_points_go_first(tmp_path: Path) -> None:
    path = tmp_path / "h"
    filled(path, [(NOW - 10_000 + n, n) for n in range(8999)])
    store = History(path, 200_000, lambda: NOW)
    store.note(said(8999), NOW - 1000)
    until(lambda: path.stat().st_size <= 200_000, "it is small")
    store.close(LONG)
    found = points(path, "meter", NOW - 20_000, NOW, 0)
    assert 2000 < len(found) < history.MOST_POINTS
    assert found[-1].value == 8999


def test_what_is_committed_outlasts_a_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "h"
    script = f"""
import time
from pathlib import Path
from camd.history import History
from camd.values import RegionReading
history = History(Path({str(path)!r}), 2**30)
for n in range(10**6):
    history.note([RegionReading("meter", "ok", n)], {NOW} + n)
    time.sleep(0.001)
"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
    try:
        until(lambda: path.exists() and points(path, "meter", 0, 2e9, 0), "a commit")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = points(path, "meter", 0, 2e9, 0)
    assert [one.value for one in kept] == list(range(len(kept)))
    filled(path, [(NOW + 2e6, 5)])
    assert points(path, "meter", 0, 2e9, 0)[-1].value == 5


def test_a_disk_that_takes_nothing_loses_nothing_that_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history, "COMMIT_S", 0.02)
    path = tmp_path / "h"
    filled(path, [(NOW, 1)])
    real = history._opened

    def full(path: Path) -> sqlite3.Connection:
        database = real(path)
        database.execute("PRAGMA max_page_count = 1")
        return database

    monkeypatch.setattr(history, "_opened", full)
    store = History(path, 2**30, lambda: NOW)
    with caplog.at_level(logging.INFO):
        for n in range(1, 5000):
            store.note(said(1 + n), NOW + n)
        until(lambda: "memory only" in caplog.text, "a full disk")
        assert [one.value for one in points(path, "meter", 0, 2e9, 0)] == [1]
        monkeypatch.setattr(history, "_opened", real)
        until(lambda: "on disk again" in caplog.text, "room again")
    store.close(LONG)
    assert [one.value for one in points(path, "meter", NOW, 2e9, 0)] == list(range(1, 5001))


def test_a_damaged_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "h"
    path.write_bytes(b"no database " * 1000)
    with pytest.raises(OSError, match="cannot be read"):
        points(path, "meter", 0, 2e9, 0)
    store = History(path, 2**30, lambda: NOW)
    store.note(said(1), NOW)
    until(lambda: "damaged" in caplog.text, "the log")
    store.close(LONG)
    assert points(path, "meter", 0, 2e9, 0)[0].value == 1
    assert path.with_name("h.broken").read_bytes().startswith(b"no database")


def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h"
    filled(path, [(NOW, 1), (NOW + 1000, 2), (NOW + 500, 2), (NOW + 600, 3)])
    found = [(one.at - NOW, one.value) for one in points(path, "meter", 0, 2e9, 0)]
    assert found == [(0, 1), (500, 2), (600, 3), (1000, 2)]


def test_a_range_is_shown_with_a_step_that_people_know() -> None:
    assert [history.step_for(s) for s in (60, 3600, DAY, 7 * DAY, 365 * DAY, 1e10)] == [
        1, 10, 300, 1800, DAY, 7 * DAY
    ]  # fmt: skip
