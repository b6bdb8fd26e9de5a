"""Home Assistant's side of it, played by a subscriber; its schemas are no dependency of ours."""

import json
from typing import Any

import pytest

from camd.mqtt.discovery import announcement, config_topic
from camd.settings import MqttSettings, Settings
from tests.broker import Mosquitto, Subscriber, retained, until
from tests.mqtt.scenes import Publishers
from tests.process import camd

CONFIG = "homeassistant/device/camd_desk/config"


def announced(**options: Any) -> dict[str, Any]:
    return announcement(Settings(name="desk", mqtt=MqttSettings(**options)), "0.1.0", "a1b2c3d4")


def test_the_announcement_is_retained_and_names_what_is_published(
    real: Mosquitto, publishers: Publishers
) -> None:
    publisher = publishers(real, discovery=True, requests=True)
    until(lambda: publisher.stats().sent >= 2, "it is sent")
    config = retained(real.host, real.port, CONFIG).json
    assert config["device"]["identifiers"] == ["camd_desk"]
    assert config["origin"]["name"] == "camd"
    assert config["availability"] == [{"topic": "camd/desk/status"}]
    components = config["components"]
    assert {key: item["platform"] for key, item in components.items()} == {
        "reading": "sensor",
        "confidence": "sensor",
        "snapshot": "image",
        "event": "event",
        "camera": "binary_sensor",
        "problem": "binary_sensor",
        "fps": "sensor",
        "detection": "switch",
    }
    topics = {
        value
        for item in components.values()
        for key, value in item.items()
        if key.endswith("_topic")
    }
    assert topics == {
        f"camd/desk/{name}"
        for name in ("reading", "snapshot", "event", "health", "state", "request/set")
    }
    assert len({item["unique_id"] for item in components.values()}) == len(components)


def test_no_switch_without_requests() -> None:
    """And one that was there before goes: nothing but its platform is left of it."""
    assert announced()["components"]["detection"] == {"platform": "switch"}


def test_the_switch_sends_what_set_understands() -> None:
    switch = announced(requests=True)["components"]["detection"]
    assert json.loads(switch["payload_on"]) == {"detection": True}
    assert json.loads(switch["payload_off"]) == {"detection": False}


def test_what_health_says_expires_when_health_stops() -> None:
    components = announced(health_s=10)["components"]
    on_health = [
        item for item in components.values() if item.get("state_topic", "")[-6:] == "health"
    ]
    assert len(on_health) == 3
    assert all(item["expire_after"] > 20 for item in on_health)


def test_two_cameras_are_two_devices() -> None:
    topics = {
        config_topic(Settings(name=name, mqtt=MqttSettings(prefix=prefix)))
        for name in ("a", "b")
        for prefix in ("camd", "house/camd")
    }
    assert len(topics) == 4
    assert all(topic.count("/") == 3 for topic in topics)


def test_is_sent_again_when_home_assistant_starts(real: Mosquitto, publishers: Publishers) -> None:
    with Subscriber(real.host, real.port) as heard:
        publisher = publishers(real, discovery=True)
        heard.wait(CONFIG)
        heard._client.publish("homeassistant/status", "offline")
        heard._client.publish("homeassistant/status", "online")
        heard.wait(CONFIG, 2)
        publisher.stop()
        heard.wait_payload("camd/desk/status", b"offline")
        assert len(heard.on(CONFIG)) == 2


def test_none_where_it_is_off(real: Mosquitto, publishers: Publishers) -> None:
    with Subscriber(real.host, real.port) as heard:
        publishers(real).stop()
        heard.wait_payload("camd/desk/status", b"offline")
        assert not heard.on(CONFIG)


def test_remove_takes_it_back(real: Mosquitto, publishers: Publishers, tmp_path: Any) -> None:
    publisher = publishers(real, discovery=True)
    url = f"mqtt://{real.host}:{real.port}"
    with Subscriber(real.host, real.port) as heard:
        heard.wait(CONFIG)
        done = camd("discovery", "remove", "--name", "desk", "--broker", url, home=tmp_path)
        assert done.returncode == 0, done.stderr
        heard.wait_payload(CONFIG, b"")
    publisher.stop()
    with Subscriber(real.host, real.port) as newcomer:
        newcomer.wait("camd/desk/status")
        assert not newcomer.on(CONFIG)


@pytest.mark.parametrize("broker", ["mqtt://127.0.0.1:1", "none"])
def test_remove_needs_a_broker(broker: str, tmp_path: Any) -> None:
    done = camd("discovery", "remove", "--broker", broker, home=tmp_path)
    assert done.returncode in (2, 69)
    assert "broker" in done.stderr
