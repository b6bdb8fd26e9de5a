"""Setting values of regions over HTTP."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from camd.config.settings import RegionSettings
from camd.values import RegionEvent
from camd.web import values
from camd.web.feed import Feed
from tests.web.serving import Client, serving, settings

CORNERS = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))
ASKED: list[tuple[str, float | None]] = []


@pytest.fixture
def feed() -> Iterator[Feed]:
    """A feed whose loop runs."""
    place = RegionSettings(name="water", corners=CORNERS, max=500, decimals=1)
    feed, stop = Feed(settings(region=(place,))), threading.Event()
    ASKED.clear()

    def set_good(region: str, value: float | None) -> RegionEvent:
        ASKED.append((region, value))
        return RegionEvent("set" if value is not None else "forget", region, value, 123.4)

    def loop() -> None:
        while not stop.wait(0.01):
            feed.obey(set_good)

    thread = threading.Thread(target=loop)
    thread.start()
    yield feed
    stop.set()
    thread.join()


@pytest.fixture
def client(feed: Feed) -> Iterator[Client]:
    with serving(feed) as client:
        client.headers["x-camd-token"] = client.ask("/session").json["token"]
        yield client


def test_a_value_is_set_and_forgotten_by_the_loop(client: Client) -> None:
    answer = client.ask("/api/region/set", {"region": "water", "value": 130.5})
    assert answer.json == {"region": "water", "value": 130.5, "was": 123.4}
    answer = client.ask("/api/region/forget", {"region": "water"})
    assert answer.json == {"region": "water", "value": None, "was": 123.4}
    assert ASKED == [("water", 130.5), ("water", None)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"region": "gas", "value": 1}, "region: one of these: water"),
        ({"region": "water", "value": 501}, "value: beyond"),
        ({"region": "water", "value": "5"}, "value: Input should be a valid number"),
        ({"region": "water"}, "value: Field required"),
        ({"region": "water", "value": 5, "more": 1}, "more: Extra inputs"),
    ],
)
def test_a_value_that_cannot_be_is_refused(client: Client, data: Any, says: str) -> None:
    answer = client.ask("/api/region/set", data)
    assert answer.status == 422
    assert says in answer.json["error"]
    assert ASKED == []


def test_a_loop_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "WAIT_S", 0.05)
    feed = Feed(settings(region=(RegionSettings(name="water", corners=CORNERS),)))
    with serving(feed) as client:
        token = client.ask("/session").json["token"]
        answer = client.ask("/api/region/forget", {"region": "water"}, x_camd_token=token)
        assert "camd is busy" in answer.json["error"]
    feed.obey(lambda *_: pytest.fail("nobody waits for this any more"))


def test_a_change_needs_the_token_or_the_password(client: Client) -> None:
    data = {"region": "water", "value": 1}
    assert client.ask("/api/region/set", data, x_camd_token="guess").status == 403
