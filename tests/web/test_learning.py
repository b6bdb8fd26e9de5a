"""Labelling and learning over HTTP and in a browser, with the real `camd learn`."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from camd import learnt, paths
from camd.classify import svm
from camd.config.settings import LearnSettings
from camd.corrections import Sample, Store, surroundings
from camd.web import learning
from camd.web.feed import Feed
from camd.web.learning import Learning
from testing.broker import LONG
from testing.browser import Browser, chromium
from testing.writer import Writer
from tests.web.serving import Client, serving, settings, until

COUNT = 40
PAPER = np.full((120, 400, 3), 200, np.uint8)


@pytest.fixture(scope="module")
def written() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """4s and 9s of a writer whom camd misreads."""
    digits = np.tile([4, 9], COUNT // 2)
    return digits, Writer.of(1).crops(digits, 3)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setattr(learning, "KIND", 0)  # other tests would leave it no processor
    return tmp_path


def filled(crops: np.ndarray) -> Store:  # type: ignore[type-arg]
    store = Store(paths.crops("desk"), 500)
    for crop in crops:
        around = surroundings(PAPER, (20, 30, 20, 40))
        store.add(Sample(1e9, "water", "unsure", 9, 0.6, "m", (20, 30, 20, 40), crop, around))
        until(lambda: not store._waiting)
    store.close(LONG)
    return store


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def reloads() -> list[str]:
    return []


@pytest.fixture
def client(state: Path, reloads: list[str]) -> Iterator[Client]:
    learns = Learning(None, lambda: reloads.append("reload"))
    feed = Feed(settings(learn=LearnSettings(keep=True)), "a1b2c3d4")
    with serving(feed, learning=learns) as found:
        found.headers["x-camd-token"] = found.ask("/session").json["token"]
        yield found


def test_without_crops_there_is_nothing_to_label(client: Client) -> None:
    said = client.ask("/page/learn").json
    assert (said["keeps"], said["crops"], said["left"], said["job"]) == (True, [], 0, None)
    assert client.ask("/page/learn/label", {"id": 1, "label": 4}).status == 404
    assert client.ask("/page/learn/back", {}).status == 422


def test_what_is_labelled_is_learnt_used_and_taken_back(
    client: Client,
    browser: Browser,
    reloads: list[str],
    written: tuple[np.ndarray, np.ndarray],  # type: ignore[type-arg]
) -> None:
    digits, crops = written
    filled(crops)
    first = client.ask("/page/learn").json["crops"][0]
    assert first["crop"].startswith("data:image/png;base64,")
    assert first["around"].startswith("data:image/jpeg;base64,")
    assert (first["region"], first["guess"], first["why"]) == ("water", 9, "unsure")
    for number, digit in enumerate(digits.tolist(), 1):
        assert client.ask("/page/learn/label", {"id": number, "label": digit}).status == 200
    browser.driver.get(f"http://127.0.0.1:{client.port}/#learn")
    browser.says("label-counts", f"0 to label, {COUNT} digits")
    browser["start-learning"].click()
    until(browser["progress"].is_displayed, "it is at work")
    assert client.ask("/page/learn/start", {}).status == 422  # one at a time
    assert client.ask("/page/learn/back", {}).status == 422
    browser.says("outcome", "The new model is better, and is used now.")
    report = client.ask("/page/learn").json["job"]["report"]
    assert report["swapped"]
    before, after = report["own"]
    assert after["errors"] < before["errors"]
    browser.says("report", f"Your digits, not learnt before {COUNT} {before['errors']:.0f}")
    assert reloads == ["reload"]
    model = learnt.load(settings())
    assert model.id != svm.load(paths.model_file(), with_rows=False).id
    assert (model.classify(crops).labels == digits).mean() > 0.95
    browser["old-model"].click()
    browser.says("model-now", "It has learnt nothing here yet.")
    assert reloads == ["reload", "reload"]
    assert learnt.file(settings()) is None
    assert [line for line in browser.complaints() if "422" not in line] == []


def test_why_nothing_was_learnt_is_said_in_words(
    client: Client,
    written: tuple[np.ndarray, np.ndarray],  # type: ignore[type-arg]
) -> None:
    filled(written[1][:3])
    for number in (1, 2, 3):
        client.ask("/page/learn/label", {"id": number, "label": 4})
    client.ask("/page/learn/start", {})
    until(lambda: not client.ask("/page/learn").json["job"]["running"], "learning")
    job = client.ask("/page/learn").json["job"]
    assert re.search("3 labelled crops .* are too few to learn from: label 10", job["error"])
    assert job["report"] is None


@pytest.mark.parametrize(
    "data", [{}, {"id": 0, "label": 1}, {"id": 1, "label": 10}, {"id": 1, "label": 1, "file": "/x"}]
)
def test_a_label_that_is_none_is_refused(client: Client, data: object) -> None:
    assert client.ask("/page/learn/label", data).status == 422


def test_labelling_needs_the_token_of_the_page(client: Client) -> None:
    for path in ("label", "start", "back"):
        assert client.ask(f"/page/learn/{path}", {}, x_camd_token="guess").status == 403
