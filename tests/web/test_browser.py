"""The page in a real browser, served by a real camd."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from camd import paths
from camd.config.layers import load
from camd.config.settings import LearnSettings, RegionSettings, Settings
from camd.corrections import Store
from camd.history import History
from camd.values import RegionEvent, RegionReading, Result
from camd.web.access import hashed
from camd.web.changes import Changes
from camd.web.feed import Feed
from testing.broker import LONG, free_port, mosquitto, until
from testing.browser import Browser, chromium
from testing.pages import film
from testing.process import start
from testing.scenes import frame, result
from tests.test_corrections import sample
from tests.web.ingress import ingress
from tests.web.serving import PASSWORD, serving, settings, state

SIZES = ((390, 844), (1280, 800), (3840, 2160))
CORNERS = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))
REGION = """
name = "desk"
[[region]]
name = "water"
corners = [[0.1, 0.2], [0.6, 0.2], [0.6, 0.4], [0.1, 0.4]]
"""
COMMENT = "# the till in the kitchen\n"


@pytest.fixture(scope="module")
def opened() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(opened: Browser) -> Browser:
    """Nothing of another test is open in it, nor complained of."""
    opened.driver.get("about:blank")
    opened.complaints()
    opened.size(1280, 800)
    return opened


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    # On a machine with much to do, frames come so seldom that tracks would be forgotten.
    slow = "[track]\nforget_ms = 60_000\nmemory_ms = 60_000\n"
    path.write_text(f'{COMMENT}name = "till"\n{slow}[web]\nport = {free_port()}\n')
    return path


@pytest.fixture
def camd(tmp_path: Path, config: Path) -> Iterator[str]:
    """The address of a page whose camera sees 325."""
    clip = film(tmp_path / "clip.mp4", "3 2 5")
    process = start(
        "run", "--device", clip, "--realtime", "--loop", "--broker", "none", "--web",
        "--config", config, home=tmp_path,
    )  # fmt: skip
    assert process.stderr
    try:
        address = ""
        while "page: " not in address:
            address = process.stderr.readline()
            assert address, "ended"
        yield address.partition("page: ")[2].strip()
    finally:
        process.terminate()
        try:
            process.communicate(timeout=50)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def clicked(browser: Browser, name: str, x: float, y: float) -> None:
    """Click at shares of an element's width and height."""
    area = browser[name]
    wide, high = area.size["width"], area.size["height"]
    actions = ActionChains(browser.driver)
    actions.move_to_element_with_offset(area, round((x - 0.5) * wide), round((y - 0.5) * high))
    actions.click().perform()


def replace_mqtt(settings: Settings, host: str, port: int) -> Settings:
    mqtt = settings.mqtt.model_copy(update={"broker": "external", "host": host, "port": port})
    return settings.model_copy(update={"mqtt": mqtt})


def drawn(browser: Browser, *points: tuple[float, float]) -> None:
    there = len(browser.all("#sketch .handle"))
    for number, point in enumerate(points, there + 1):
        clicked(browser, "sketch", *point)
        until(lambda number=number: len(browser.all("#sketch .handle")) == number, "a point")


def test_a_region_is_drawn_seen_saved_used_and_taken_back(
    browser: Browser, camd: str, config: Path
) -> None:
    browser.driver.get(camd)
    browser.says("reading", "325")
    browser.says("name", "till")
    browser.driver.get(f"{camd}#setup")
    browser.says("no-places", "whole picture")
    browser["new-region"].click()
    drawn(browser, (0.05, 0.1), (0.95, 0.1), (0.95, 0.9))
    browser.says("hint", "Click the bottom left corner")
    drawn(browser, (0.05, 0.9))
    browser.says("read", "325")
    assert browser["preview"].get_attribute("src").startswith("data:image/jpeg")
    browser["place-name"].send_keys("Total")
    browser.says("name-problem", "small letters")
    assert not browser["save"].is_enabled()
    browser["place-name"].send_keys(Keys.CONTROL, "a")
    browser["place-name"].send_keys("total")
    browser["option-unit"].send_keys("kg")
    browser["option-decimals"].send_keys(Keys.CONTROL, "a")
    browser["option-decimals"].send_keys("1")
    browser.says("read", "32.5")
    browser["save"].click()
    browser.says("saved", "Saved")
    text = config.read_text()
    assert text.startswith(COMMENT)
    saved = load(config).settings.region
    assert [(one.name, one.unit, one.decimals) for one in saved] == [("total", "kg", 1)]
    assert saved[0].corners
    browser.driver.get(f"{camd}#live")
    browser.says("regions", "32.5 kg")

    browser.driver.get(f"{camd}#setup")
    browser.says("places", "total")
    browser["take-back"].click()
    browser.says("saved", "taken back")
    assert load(config).settings.region == ()
    assert config.read_text().startswith(COMMENT)
    assert browser.complaints() == []


@pytest.fixture
def page(config: Path) -> Iterator[str]:
    """The address of a page without regions, of a camera that shows one picture."""
    feed = Feed(settings())
    feed.show(frame(clock=time.monotonic() + 1000), result())
    feed.state = state(time.monotonic() + 1000, camera="open")
    with serving(feed, Changes(config, lambda: None)) as client:
        yield f"http://127.0.0.1:{client.port}/"


def test_points_are_moved_with_the_mouse_and_the_keys_and_undone(
    browser: Browser, page: str
) -> None:
    browser.size(390, 844)
    browser.driver.get(f"{page}#setup")
    browser.says("no-places", "whole picture")
    browser["new-region"].click()
    browser["box"].click()
    until(lambda: len(browser.all("#sketch .handle")) == 4, "the box")
    handle = browser.all("#sketch .handle")[0]

    def at() -> tuple[float, ...]:
        handle = browser.all("#sketch .handle")[0]
        return tuple(float(handle.get_attribute(name) or 0) for name in ("cx", "cy"))

    before = at()
    ActionChains(browser.driver).drag_and_drop_by_offset(handle, -60, -40).perform()
    until(lambda: at()[0] < before[0] - 50, "moved by the mouse")
    moved = at()
    browser.all("#sketch .handle")[0].send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    until(lambda: at()[0] > moved[0], "moved by a key")
    assert browser.run("return document.activeElement.dataset.point") == "0"
    for _ in range(3):
        browser["step-back"].click()
    until(lambda: at() == pytest.approx(before, abs=0.1), "undone")
    assert browser.complaints() == []


def test_two_windows_do_not_write_over_each_other(
    browser: Browser, page: str, config: Path
) -> None:
    browser.driver.get(f"{page}#setup")
    browser.says("no-places", "whole picture")
    browser["new-mask"].click()
    drawn(browser, (0.1, 0.1), (0.3, 0.1), (0.3, 0.3))
    config.write_text(config.read_text() + "[log]\nlevel = 'debug'\n")  # somebody else
    browser["place-name"].send_keys("clock")
    until(browser["save"].is_enabled, "it can be saved")
    browser["save"].click()
    browser.says("editor-problem", "changed meanwhile")
    assert load(config).settings.mask == ()


def test_an_old_picture_is_taken_away(browser: Browser) -> None:
    feed = Feed(settings())
    feed.show(frame(clock=time.monotonic() + 1000), result())
    feed.state = state(time.monotonic() + 1000, camera="open")
    with serving(feed) as client:
        browser.driver.get(f"http://127.0.0.1:{client.port}/")
        browser.says("reading", "7")
        until(lambda: "none" not in browser["frame"].get_attribute("class"), "the picture")
        feed.show(frame(clock=time.monotonic() - 1000), result())
        feed.state = state(time.monotonic() + 1000, camera="missing")
        feed.end(Result(), 0)
        browser.says("message", "No picture since")
        browser.says("state-camera", "missing")
        assert "none" in browser["frame"].get_attribute("class")
        assert not browser["picture"].is_displayed()
    browser.says("message", "camd does not answer")


def test_nothing_is_shown_before_the_password(browser: Browser) -> None:
    feed = Feed(settings())
    feed.show(frame(clock=time.monotonic() + 1000), result())
    feed.state = state(time.monotonic() + 1000, camera="open")
    with serving(feed, password=hashed(PASSWORD)) as client:
        browser.driver.get(f"http://127.0.0.1:{client.port}/")
        until(browser["login"].is_displayed, "the login")
        assert browser["name"].text == "camd"
        browser["password"].send_keys("cow", Keys.ENTER)
        browser.says("login-problem", "not the password")
        browser["password"].send_keys(PASSWORD, Keys.ENTER)
        browser.says("reading", "7")
        browser.says("name", "desk")
        ask = "fetch(arguments[0]).then((answer) => arguments[1](answer.status))"
        for path in ("api/snapshot.jpg", "page/setup"):
            assert browser.driver.execute_async_script(ask, path) == 200
        browser["log-out"].click()
        until(browser["login"].is_displayed, "the login again")
        assert client.ask("/api/readings").status == 401


def test_the_history_is_drawn_and_can_be_turned_back(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    place = RegionSettings(name="water", label="Water", unit="m³", corners=CORNERS)
    now = time.time()
    history = History(paths.history("desk"), 10**8)
    for hour in range(80, -1, -1):
        history.note([RegionReading("water", "ok", 500 - hour)], now - 3600 * hour)
    history.note([RegionReading("water", "decreased")], now)
    history.close(LONG)
    feed = Feed(settings(region=(place,)))
    feed.state = state(time.monotonic() + 1000)
    with serving(feed) as client:
        browser.size(390, 844)
        browser.driver.get(f"http://127.0.0.1:{client.port}/#history")
        until(lambda: len(browser.all(".uplot canvas")) == 2, "two charts")
        browser.says("value-title", "Value, m³")
        browser.says("rate-title", "Change by hour, m³")
        browser.says("history-note", "decreased")
        rows = "return document.getElementById('history-rows').textContent"
        assert "5001" in browser.run(rows)  # the newest hour: 500, and 1 more than before
        browser["earlier"].click()
        until(lambda: "476" in browser.run(rows), "the day before")
        browser.all("#spans button")[1].click()
        browser.says("rate-title", "Change by day")
        assert browser.run("return document.documentElement.scrollWidth") <= 390
        assert "/api/history.csv?region=water" in str(browser["csv"].get_attribute("href"))
    assert browser.complaints() == []


def filled(folder: Path) -> Feed:
    """A camera with a region, a history and crops to be labelled, in the state directory."""
    place = RegionSettings(name="water", label="Water", unit="m³", corners=CORNERS)
    history = History(paths.history("desk"), 10**8)
    for hour in range(30, -1, -1):
        history.note([RegionReading("water", "ok", 500 - hour)], time.time() - 3600 * hour)
    history.close(LONG)
    store = Store(paths.crops("desk"), 100)
    for number in (4, 9, 7):
        store.add(sample(number))
    store.close(LONG)
    feed = Feed(settings(region=(place,), learn=LearnSettings(keep=True)))
    said = RegionReading("water", "ok", 500, "500", 0.99, ((90, 90), (500, 90), (500, 300)))
    scene = replace(result(), regions=(said,))
    feed.show(frame(clock=time.monotonic() + 1000), scene)
    feed.state = state(time.monotonic() + 1000, camera="open", broker="connected")
    return feed


def test_marks_are_labelled_with_one_key_each(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    with serving(filled(tmp_path)) as client:
        browser.driver.get(f"http://127.0.0.1:{client.port}/#learn")
        browser.says("crop-why", "camd was unsure: 4, 50 %")
        store = Store(paths.crops("desk"), 100)
        body = browser.all("body")[0]
        for key, said in (("7", "2 to label, 1 digits"), ("n", "1 to label, 1 digits and 1")):
            body.send_keys(key)
            browser.says("label-counts", said)
        browser["skip"].click()
        browser.says("no-crop", "Nothing is to be labelled")
        until(lambda: store.counts().left == 0, "all are labelled")
        body.send_keys("u")
        browser.says("label-counts", "1 to label")
        until(lambda: store.counts().left == 1, "one is taken back")
        browser.all("#labels button")[9].click()
        until(lambda: [one.label for one in store.labelled()] == [9, -1, 7], "the labels")
        assert not browser["start-learning"].is_enabled()  # they are too few
    assert browser.complaints() == []


def test_a_value_is_corrected_and_the_broker_is_tried(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    asked: list[tuple[str, float | None]] = []

    def set_good(region: str, value: float | None) -> RegionEvent:
        asked.append((region, value))
        return RegionEvent("set", region, value, None)

    feed = filled(tmp_path)
    with mosquitto() as broker, serving(feed) as client:
        feed.settings = replace_mqtt(feed.settings, broker.host, broker.port)
        browser.driver.get(f"http://127.0.0.1:{client.port}/")
        browser.says("regions", "500 m³")
        browser.all("#value-setter summary")[0].click()
        browser["value-given"].send_keys("501,5", Keys.ENTER)
        until(lambda: bool(feed.obey(set_good)) or asked, "the wish")
        browser.says("value-done", "Set to 501.5")
        browser["value-given"].send_keys("much", Keys.ENTER)
        browser.says("value-problem", "Give a number")
        assert asked == [("water", 501.5)]
        browser.driver.get(f"http://127.0.0.1:{client.port}/#setup")
        browser["try-mqtt"].click()
        browser.says("mqtt-findings", "came back")
        assert browser.complaints() == []


def test_the_camera_is_set_up_tried_and_taken_back(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text(REGION)
    with serving(filled(tmp_path), Changes(config, lambda: None)) as client:
        browser.driver.get(f"http://127.0.0.1:{client.port}/#setup")
        until(lambda: browser.all("#places button"), "the region")
        browser["try-camera"].click()
        browser.says("camera-findings", "sharpness")
        browser["set-camera"].click()
        until(browser["options"].is_displayed, "the form")
        assert not browser["places-card"].is_displayed()
        browser["set-camera-rotate"].send_keys("180")
        browser["set-camera-mirror"].click()
        device = browser["set-camera-device"]
        device.send_keys(Keys.CONTROL, "a")
        device.send_keys("/etc/passwd", Keys.ENTER)
        browser.says("options-problem", "a file is named in config.toml only")
        device.send_keys(Keys.CONTROL, "a")
        device.send_keys("rtsp://camera.lan/live", Keys.ENTER)
        browser.says("saved", "Saved")
        camera = load(config).settings.camera
        assert (camera.rotate, camera.mirror) == (180, True)
        assert camera.device == "rtsp://camera.lan/live"
        browser["take-back"].click()
        browser.says("saved", "taken back")
        assert config.read_text() == REGION
        assert [line for line in browser.complaints() if "422" not in line] == []


def test_axe_finds_nothing(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text(REGION)
    axe = (Path(__file__).parent / "axe.min.js").read_text()
    found = {}
    with serving(filled(tmp_path), Changes(config, lambda: None)) as client:
        browser.driver.get(f"http://127.0.0.1:{client.port}/")
        browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
        for part, ready in (
            ("live", "#marks .box"), ("history", ".uplot canvas"), ("learn", "#crop[src]"),
            ("setup", "#places button"), ("camera", "#set-camera"),
        ):  # fmt: skip
            if part != "camera":
                browser.run(f"location.hash = '{part}'")
                until(lambda ready=ready: browser.all(ready), part)
            if part == "live":
                browser["details"].click()
                browser.all("#value-setter summary")[0].click()
            elif part == "setup":
                browser.all("#places button")[0].click()
                until(browser["editor"].is_displayed, "the editor")
            elif part == "camera":
                browser["cancel"].click()
                until(browser["set-camera"].is_displayed, "the cards")
                browser["set-camera"].click()
            for look, size in (("light", (1280, 800)), ("dark", (390, 844))):
                browser.prefer(look)
                browser.size(*size)
                run = (
                    "axe.run().then((said) => arguments[0]([said.passes.length, said.violations]))"
                )
                passed, violations = browser.driver.execute_async_script(run)
                assert passed > 15
                for rule in violations:
                    nodes = [node["html"][:150] for node in rule["nodes"][:3]]
                    found[part, look, rule["id"]] = nodes
    browser.prefer("light")
    assert found == {}


def test_it_works_within_home_assistants_ingress(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text(REGION)
    changes = Changes(config, lambda: None)
    feed = filled(tmp_path)
    with serving(feed, changes, password=hashed(PASSWORD)) as client, ingress(client.port) as url:
        browser.driver.get(f"{url}#history")
        until(browser["login"].is_displayed, "the login")
        browser["password"].send_keys(PASSWORD, Keys.ENTER)
        until(lambda: len(browser.all(".uplot canvas")) == 2, "the charts")
        browser.all("#pages a")[0].click()
        browser.says("regions", "500 m³")  # events come through
        until(lambda: browser.all("#marks .box"), "a picture")
        browser.all("#pages a")[3].click()
        until(lambda: browser.all("#places button"), "the region")
        browser.all("#places button")[0].click()
        until(browser["save"].is_enabled, "it can be saved")
        browser["save"].click()  # a change is taken
        browser.says("saved", "Saved")
        assert browser.complaints() == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_fits_on_screens_of_every_size(browser: Browser, size: tuple[int, int]) -> None:
    feed = Feed(settings())
    feed.show(frame(clock=time.monotonic() + 1000), result())
    feed.state = state(time.monotonic() + 1000, camera="open", broker="connected")
    with serving(feed) as client:
        browser.size(*size)
        browser.driver.get(f"http://127.0.0.1:{client.port}/")
        browser.says("reading", "7")
        browser["details"].click()
        browser.says("why", "too small")
        wide = browser.run("return document.documentElement.scrollWidth")
        assert wide <= size[0]
        assert browser["picture"].size["width"] >= 0.6 * min(size[0], 16 / 9 * (size[1] - 200))
        for button in browser.all("button, a.button, nav a"):
            if button.is_displayed():
                assert button.size["height"] >= 24, button.text  # WCAG 2.5.8
