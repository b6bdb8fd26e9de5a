"""Makes docs/page-*.jpg anew: the page in a browser, with a frame of the demo clip.

    python -m scripts.page_pictures [FOLDER]

Run it after a change of the page or the model. It needs the extra "dev", and Chromium with its
driver.
"""

import base64
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from camd import paths
from camd.classify import svm
from camd.config.settings import LearnSettings, RegionSettings, Settings, WebSettings
from camd.corrections import Sample, Store, surroundings
from camd.daemon.health import Health
from camd.display import overlay
from camd.display.overlay import Hud
from camd.history import History
from camd.pipeline import Pipeline
from camd.sources import from_uri
from camd.values import Frame, RegionReading
from camd.web.changes import Changes
from camd.web.feed import Feed, State
from camd.web.learning import Learning
from camd.web.server import Page
from scripts.pictures import DOCS, FIRST, FPS, LAST
from testing.broker import free_port, until
from testing.browser import Browser, chromium
from testing.writer import Writer

CONFIG = """\
name = "desk"

[[region]]
name = "article"
corners = [[0.14, 0.12], [0.86, 0.12], [0.86, 0.43], [0.14, 0.43]]
label = "Article"
digits = 5
"""
METER = RegionSettings(
    name="water",
    label="Water",
    unit="m³",
    decimals=3,
    corners=((0.1, 0.5), (0.9, 0.5), (0.9, 0.9), (0.1, 0.9)),
)
QUALITY = 85


def main(arguments: Sequence[str]) -> None:
    folder = Path(*arguments or [DOCS])
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "config.toml"
        config.write_text(CONFIG)
        os.environ["STATE_DIRECTORY"] = place
        _fill()
        feed = _feed()
        web = WebSettings(enabled=True, port=free_port())
        page = Page(web, feed, Changes(config, lambda: None), Learning(None, lambda: None))
        page.start()
        try:
            with chromium() as browser:
                _take(browser, feed, page.address, folder)
        finally:
            page.stop()


def _take(browser: Browser, feed: Feed, address: str, folder: Path) -> None:
    browser.size(1280, 800)
    browser.prefer("light")
    browser.driver.get(address)
    _ready(browser, "marks")
    browser["details"].click()
    _keep(browser, folder / "page-live.jpg")
    browser.size(390, 844)
    browser["details"].click()
    _keep(browser, folder / "page-phone.jpg")
    browser.size(1280, 800)
    browser.prefer("dark")
    browser.driver.get(f"{address}#setup")
    until(lambda: browser.all("#places button"), "the region")
    browser.all("#places button")[0].click()
    _ready(browser, "sketch")
    until(lambda: browser["read"].text, "the number")
    _keep(browser, folder / "page-setup.jpg")
    browser.prefer("light")
    learn = LearnSettings(keep=True)
    feed.settings = feed.settings.model_copy(update={"region": (METER,), "learn": learn})
    browser.driver.get(f"{address}#history")
    until(lambda: len(browser.all(".uplot canvas")) == 2, "the charts")
    browser.all("#spans button")[1].click()
    browser.says("rate-title", "by day")
    _keep(browser, folder / "page-history.jpg")
    browser.driver.get(f"{address}#learn")
    until(lambda: browser.all("#crop[src]"), "a mark")
    _keep(browser, folder / "page-learn.jpg")


def _ready(browser: Browser, canvas: str) -> None:
    until(lambda: browser.all(f"#{canvas} .box"), "marks on the picture")


def _keep(browser: Browser, path: Path) -> None:
    png = np.frombuffer(base64.b64decode(browser.driver.get_screenshot_as_base64()), np.uint8)
    image = np.asarray(cv2.imdecode(png, cv2.IMREAD_COLOR), np.uint8)
    path.write_bytes(overlay.encode_jpeg(image, QUALITY))
    sys.stdout.write(f"wrote {path}\n")


def _fill() -> None:
    """Keep eight days of a water meter, and marks of a writer whose 4s look like 9s."""
    rng, now = np.random.default_rng(3), time.time()
    history, value = History(paths.history("desk"), 10**8), 100.0
    for at in np.arange(now - 8 * 86_400, now, 1200).tolist():
        hour = time.localtime(at).tm_hour
        value += max(0, rng.normal(0.008, 0.008)) * (3 if hour in (7, 8, 18, 19, 20) else 1)
        refused = rng.random() < 0.01
        if refused:
            history.note([RegionReading("water", "decreased")], at)
        else:
            history.note([RegionReading("water", "ok", round(value, 3))], at)
    history.close(60)
    digits = np.array([4, 9, 4, 4, 9, 4])
    store = Store(paths.crops("desk"), 100)
    writer = Writer.of(1)
    for digit, crop in zip(digits.tolist(), writer.crops(digits, 1), strict=True):
        sheet = np.hstack([writer.write(int(one), rng) for one in (1, digit, 7)])
        around = surroundings(sheet, (160, 32, 64, 64))
        store.add(Sample(now, "water", "unsure", 9, 0.63, "39adbcca", (0, 0, 1, 1), crop, around))
    store.close(60)


def _feed() -> Feed:
    settings = Settings(name="desk")
    model = svm.load(paths.model_file())
    pipeline = Pipeline(settings, model, time.perf_counter)
    source = from_uri("demo", settings.camera)
    source.open()
    began = time.monotonic()
    health = Health(began - 3600)
    try:
        for number in range(1, LAST + 1):
            image = source.read()
            if number >= FIRST:
                result = pipeline.process(image, number / FPS)
                health.frame(result, 0.021, began + (number - LAST) / FPS)
        shown = source.colour() if source.colour else image
    finally:
        source.close()
    feed = Feed(settings, model.id, model)
    now = time.monotonic() + 1000  # so it does not grow old
    feed.show(Frame(shown, LAST, time.time(), now), result)
    camera = {"captured": 108_000, "dropped": 12, "corrupt": 0, "reconnects": 0,
              "state": "open", "error": "", "failures": {}}  # fmt: skip
    payload = health.payload(began, camera, {})
    feed.state = State(payload, Hud("desk", FPS, source="/dev/video0", broker="connected"), now)
    return feed


if __name__ == "__main__":
    main(sys.argv[1:])
