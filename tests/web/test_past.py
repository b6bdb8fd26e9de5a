"""The history over HTTP: ranges, steps, and a table."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from camd import paths
from camd.config.settings import RegionSettings
from camd.history import DAY, History
from camd.values import RegionReading
from camd.web.feed import Feed
from testing.broker import LONG
from tests.web.serving import Client, serving, settings
from tests.web.test_app import checked

NOW = 1_700_000_000 // DAY * DAY
CORNERS = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    places = tuple(RegionSettings(name=name, corners=CORNERS, unit="kWh") for name in ("a", "b"))
    history = History(paths.history("desk"), 10**8, lambda: NOW)
    for n in range(48):
        status, value = ("decreased", None) if n == 5 else ("ok", 0.1 * n)
        history.note([RegionReading("a", status, value)], NOW + 1800 * n)  # type: ignore[arg-type]
    history.note([RegionReading("gone", "ok", 7)], NOW)
    history.close(LONG)
    with serving(Feed(settings(region=places))) as found:
        yield found


def test_the_history_of_a_region_has_a_range_and_a_step(client: Client) -> None:
    said = checked(client, "/api/history")  # the last day, of the first region
    assert (said["region"], said["unit"], said["points"], said["step"]) == ("a", "kWh", [], 300)
    path = f"/api/history?region=a&since={NOW}&until=2023-11-15T00:00:00Z&step="
    hours = client.ask(path + "hour").json["points"]
    assert len(hours) == 24
    assert [hours[2][name] for name in ("at", "value", "change", "good", "refused", "why")] == [
        "2023-11-14T02:00:00.000Z", 0.4, 0.1, 1, 1, "decreased",
    ]  # fmt: skip
    assert hours[3]["change"] == 0.3
    assert len(client.ask(path + "0").json["points"]) == 48
    assert len(client.ask(path + "7200").json["points"]) == 12
    assert client.ask("/api/history?region=gone&since=0").json["points"][0]["value"] == 7
    assert client.ask("/api/history?region=b&since=0&step=month").json["points"] == []


def test_the_history_can_be_had_as_a_table(client: Client) -> None:
    answer = client.ask(f"/api/history.csv?since={NOW}&until={NOW + DAY}&step=day")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="desk-a.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(answer.body.decode().splitlines()))
    assert [(row["region"], row["value"], row["refused"]) for row in rows] == [("a", "4.7", "1")]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("region=../x", "region: one of these: a, b, gone"),
        ("since=yesterday", "since: a time"),
        ("until=99999999999999", "until: a time"),
        ("since=2023-13-01T00:00:00Z", "since: a time"),
        ("since=20&until=10", "before until"),
        ("step=week", "step: seconds, hour, day or month"),
        ("step=-5", "step: seconds"),
    ],
)
def test_a_range_that_is_none_is_refused(client: Client, query: str, says: str) -> None:
    answer = client.ask(f"/api/history?{query}")
    assert answer.status == 422
    assert says in answer.json["error"]


def test_a_damaged_file_is_said_in_words(client: Client) -> None:
    path = paths.history("desk")
    path.write_bytes(b"no database " * 1000)
    answer = client.ask("/api/history?region=a")
    assert answer.status == 503
    assert "cannot be read" in answer.json["error"]
