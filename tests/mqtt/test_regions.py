"""What a house relies on: one retained number a region, and none of a region that is no more."""

from dataclasses import replace
from typing import Any

import pytest
from paho.mqtt import publish

from camd.config.settings import MqttSettings, RegionSettings, Settings
from camd.mqtt import payloads
from camd.mqtt.discovery import announcement
from camd.mqtt.outbox import CLEARING
from camd.mqtt.upkeep import MOST_GONE
from camd.values import RegionReading, Result
from testing.broker import Mosquitto, Subscriber, retained, until
from testing.scenes import Publishers, frame

CONFIG = "homeassistant/device/camd_desk/config"
METER = "camd/desk/region/meter"
GOOD = RegionReading("meter", "ok", 12.5, "0125", 0.9876)


def place(name: str, **options: Any) -> RegionSettings:
    return RegionSettings(name=name, polygon=((0, 0), (1, 0), (1, 1)), **options)


def test_a_region_says_what_its_value_is(real: Mosquitto, publishers: Publishers) -> None:
    water = place("meter", label="Water meter", unit="m³", device_class="water")
    publisher = publishers(real, region=[water])
    publisher.frame(frame(), says(GOOD), 100.0)
    until(lambda: publisher.stats().queued == 0)
    told = retained(real.host, real.port, METER).json
    assert (told["label"], told["unit"], told["device_class"]) == ("Water meter", "m³", "water")


def says(*regions: RegionReading) -> Result:
    return Result(regions=regions)


def test_a_region_is_published_on_change_only(real: Mosquitto, publishers: Publishers) -> None:
    with Subscriber(real.host, real.port) as heard:
        publisher = publishers(real, region=[place("meter"), place("other")])
        other = RegionReading("other", "empty")
        for said in (
            GOOD,
            GOOD,
            replace(GOOD, confidence=0.9),
            replace(GOOD, status="step", value=None, text="9125"),
            RegionReading("meter", "unseen"),
        ):
            publisher.frame(frame(), says(said, other), 100.0)
            until(lambda: publisher.stats().queued == 0)
        publisher.stop()
        heard.wait_payload("camd/desk/status", b"offline")
        told = [item.json for item in heard.on(METER)]
        assert [(item["seq"], item["value"], item["text"], item["status"]) for item in told] == [
            (1, 12.5, "0125", "ok"),
            (2, None, "9125", "step"),
            (3, None, "", "unseen"),
        ]
        assert [item["confidence"] for item in told] == [0.987, 0.987, None]
        assert len(heard.on("camd/desk/region/other")) == 1
        assert heard.on("camd/desk/digits")[0].json["regions"][1] == {
            "name": "other",
            "value": None,
            "text": "",
            "status": "empty",
            "confidence": None,
        }
    assert retained(real.host, real.port, METER).json["status"] == "unseen"


def test_a_broker_that_forgot_a_region_is_told_again(
    real: Mosquitto, publishers: Publishers
) -> None:
    publisher = publishers(real, region=[place("meter")])
    publisher.frame(frame(), says(GOOD), 100.0)
    until(lambda: publisher.stats().queued == 0)
    real.kill()
    real.start()
    with Subscriber(real.host, real.port) as heard:
        assert heard.wait(METER)[0].json["value"] == 12.5


def test_a_region_that_is_no_more_is_taken_back(real: Mosquitto, publishers: Publishers) -> None:
    first = publishers(real, region=[place("meter"), place("new")], discovery=True)
    first.frame(frame(), says(GOOD, replace(GOOD, name="new")), 100.0)
    until(lambda: first.stats().queued == 0)
    first.stop()
    with Subscriber(real.host, real.port) as heard:
        second = publishers(real, region=[place("new")], discovery=True)
        heard.wait_payload(METER, b"")
        until(lambda: "region_meter" in heard.on(CONFIG)[-1].json["components"])
        components = heard.on(CONFIG)[-1].json["components"]
        # Home Assistant removes a component of which only the platform is left.
        assert components["region_meter"] == {"platform": "sensor"}
        assert components["confidence_meter"] == {"platform": "sensor"}
        assert components["region_new"]["state_topic"] == "camd/desk/region/new"
        second.stop()
    with Subscriber(real.host, real.port) as newcomer:
        newcomer.wait("camd/desk/region/new")
        assert not newcomer.on(METER)


@pytest.mark.parametrize("count", [64, 2 * CLEARING + 100])
def test_all_regions_that_are_no_more_are_taken_back(
    real: Mosquitto, publishers: Publishers, count: int
) -> None:
    """As many as there can be, and more than wait here or, for one client, in mosquitto."""
    topics = {f"camd/desk/region/old-{number}" for number in range(count)}
    own = {"camera": "desk", "boot": "0000", "seq": 1, "at": 0.0}
    said = payloads.encode(payloads.region(**own, value=GOOD))
    publish.multiple(
        [{"topic": topic, "payload": said, "retain": True} for topic in topics],
        hostname=real.host,
        port=real.port,
    )
    with Subscriber(real.host, real.port, "camd/desk/#") as heard:
        publisher = publishers(real, region=[place("meter")], discovery=True)
        publisher.frame(frame(), says(GOOD), 100.0)
        until(lambda: topics <= {item.topic for item in heard.heard if not item.payload})
        publisher.stop()
        heard.wait_payload("camd/desk/status", b"offline")
    with Subscriber(real.host, real.port, "camd/desk/#") as newcomer:
        newcomer.wait("camd/desk/status")
        newcomer.wait(METER)
        assert not topics & {item.topic for item in newcomer.heard}
    config = retained(real.host, real.port, CONFIG).json
    gone = [key for key, item in config["components"].items() if len(item) == 1]
    old = {key.partition("_")[2] for key in gone if key.partition("_")[2].startswith("old-")}
    assert len(old) == min(count, MOST_GONE)


def test_each_region_is_a_few_entities() -> None:
    regions = (place("meter", never_decreasing=True, decimals=2), place("tank-level"))
    settings = Settings(name="desk", mqtt=MqttSettings(discovery=True), region=regions)
    components = announcement(settings, "0.1.0", "a1b2c3d4")["components"]
    meter, sure = components["region_meter"], components["confidence_meter"]
    assert (meter["platform"], meter["state_class"]) == ("sensor", "total_increasing")
    assert meter["suggested_display_precision"] == 2
    assert meter["state_topic"] == sure["state_topic"] == METER
    assert components["region_tank-level"]["state_class"] == "measurement"
    assert components["region_tank-level"]["name"] == "Tank level"
    named = [item["unique_id"] for item in components.values() if len(item) > 1]
    assert len(set(named)) == len(named)
    # What is not counted has no rate, and without requests there is nothing to set.
    assert components["rate_meter"]["platform"] == "sensor"
    assert components["rate_tank-level"] == {"platform": "sensor"}
    assert components["good_meter"] == {"platform": "number"}


def test_a_region_named_like_the_confidence_of_another_is_another() -> None:
    def entities(*names: str) -> int:
        settings = Settings(region=tuple(map(place, names)))
        return len(announcement(settings, "", "")["components"])

    each = entities("a") - entities()
    assert entities("a", "a_confidence", "confidence_a") == entities() + 3 * each
