"""Home Assistant, played by a subscriber; scripts/test-home-assistant has the real one."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template
from pydantic import ValidationError

from camd import __version__
from camd.config import home_units
from camd.config.live import KEYS, LiveOptions
from camd.config.settings import MqttSettings, RegionSettings, Settings
from camd.mqtt import once, payloads
from camd.mqtt.discovery import announcement, config_topic
from camd.values import Problem, Reading, RegionEvent, RegionReading
from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, retained, until
from testing.process import camd, start
from testing.scenes import Publishers, event, health, result, tell

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
        "incomplete": "binary_sensor",
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


def test_the_number_sends_what_sets_the_last_good_value() -> None:
    number = announcement(described(), "", "")["components"]["good_meter"]
    sent = Template(number["command_template"]).render(value=19.47)
    assert json.loads(sent) == {"region": "meter", "value": 19.47}
    assert number["command_topic"] == "camd/desk/request/region/set"
    assert number["step"] == 0.01


@pytest.mark.parametrize(
    ("unit", "device_class", "rate"),
    [
        ("m³", "water", {"unit_of_measurement": "m³/h", "device_class": "volume_flow_rate"}),
        ("kWh", "energy", {"unit_of_measurement": "kW", "device_class": "power"}),
        ("MJ", "energy", {"unit_of_measurement": "MJ/h"}),
        (None, None, {}),
    ],
)
def test_the_rate_of_what_is_counted_has_a_unit_that_goes_with_it(
    unit: str | None, device_class: str | None, rate: dict[str, str]
) -> None:
    place = RegionSettings(
        name="meter",
        polygon=((0, 0), (1, 0), (1, 1)),
        unit=unit,
        device_class=device_class,
        never_decreasing=True,
    )
    said = announcement(Settings(region=(place,)), "", "")["components"]["rate_meter"]
    known = ("unit_of_measurement", "device_class")
    assert {key: said[key] for key in known if key in said} == rate
    if "device_class" in rate:
        assert home_units.problem(rate["device_class"], rate["unit_of_measurement"]) is None


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


@pytest.mark.parametrize("requests", [True, False])
def test_home_assistant_knows_all_that_is_announced(requests: bool) -> None:
    """By its own schemas: scripts/test-home-assistant has written down what they accept."""
    known = json.loads((Path(__file__).parent / "home_assistant.json").read_text())
    config = announcement(described(requests=requests), "0.1.0", "a1b2c3d4", ["old"])
    assert set(config["device"]) <= set(known["device"])
    assert set(config["origin"]) <= set(known["origin"])
    for name, component in config["components"].items():
        platform = component["platform"]
        assert set(component) - {"platform"} <= set(known["platforms"][platform]), name
        assert component.get("entity_category", "config") in known["entity_category"]
        assert component.get("state_class", "total") in known["state_class"]
        if "device_class" in component:
            assert component["device_class"] in known["device_class"][platform]


def shown(component: str, payload: Any, of: str = "value_template") -> str:
    """Return what Home Assistant makes of a message, None being its word for unknown."""
    template = announcement(described(), "", "")["components"][component][of]
    text = payloads.encode(payload)
    return Template(template).render(value=text.decode(), value_json=json.loads(text))


def described(**options: Any) -> Settings:
    place = ((0, 0), (1, 0), (1, 1))
    meter = RegionSettings(name="meter", polygon=place, never_decreasing=True, decimals=2)
    mqtt = MqttSettings(discovery=True, **{"requests": True, **options})
    return Settings(name="desk", mqtt=mqtt, region=(meter,))


def test_where_the_point_is_read_nothing_is_rounded() -> None:
    place = ((0, 0), (1, 0), (1, 1))
    meter = RegionSettings(name="meter", polygon=place, decimals="read", digits=4)
    mqtt = MqttSettings(discovery=True, requests=True)
    settings = Settings(name="desk", mqtt=mqtt, region=(meter,))
    shown = announcement(settings, "", "")["components"]
    assert "suggested_display_precision" not in shown["region_meter"]
    assert (shown["good_meter"]["step"], shown["good_meter"]["max"]) == (0.001, 9999)


def test_the_templates_make_of_each_message_what_it_says() -> None:
    own: Any = {"camera": "desk", "boot": "9f3c", "seq": 1, "at": 0.0}
    reading = payloads.reading(**own, value=result().reading, dropped=0)
    assert shown("reading", reading) == "7"
    assert shown("confidence", reading) == "99.3"
    empty = payloads.reading(**own, value=Reading(), dropped=0)
    assert (shown("reading", empty), shown("confidence", empty)) == ("", "None")
    long = payloads.reading(**own, value=Reading(("1" * 300,)), dropped=0)
    assert len(shown("reading", long)) == 255
    good = payloads.region(**own, value=RegionReading("meter", "ok", 19.47, "01947", 0.9876))
    assert (shown("region_meter", good), shown("confidence_meter", good)) == ("19.47", "98.7")
    none = payloads.region(**own, value=RegionReading("meter", "unseen"))
    assert (shown("region_meter", none), shown("confidence_meter", none)) == ("None", "None")
    zero = payloads.region(**own, value=RegionReading("meter", "ok", 0, "0", 0.0))
    assert (shown("region_meter", zero), shown("confidence_meter", zero)) == ("0", "0.0")
    assert (shown("rate_meter", good), shown("good_meter", good)) == ("None", "None")
    assert shown("problem_meter", none) == "OFF"
    assert json.loads(shown("problem_meter", none, "json_attributes_template")) == {}
    overdue = RegionReading("meter", "unsure", good=19.4, rate=0.25, problem=Problem(300, "unsure"))
    told = payloads.region(**own | {"at": 1.8e9}, value=overdue)
    assert (shown("rate_meter", told), shown("good_meter", told)) == ("0.25", "19.4")
    assert shown("problem_meter", told) == "ON"
    why = json.loads(shown("problem_meter", told, "json_attributes_template"))
    assert why == {"since": "2027-01-15T07:55:00.000Z", "why": "unsure"}
    corrected = RegionEvent("corrected", "meter", 19.47, 19.4)
    correction = payloads.region_event(**own, value=corrected, dropped=0)
    assert json.loads(shown("change_meter", correction))["event_type"] == "corrected"
    assert shown("event", correction) == ""
    assert shown("change_meter", payloads.event(**own, value=event(), dropped=0)) == ""
    came = json.loads(shown("event", payloads.event(**own, value=event(), dropped=0)))
    assert (came["event_type"], came["digit"], came["track"]) == ("new", 7, 12)
    assert shown("detection", {"detection": True}) == "on"
    assert shown("detection", {"detection": False}) == "off"


def test_the_templates_say_what_is_wrong() -> None:
    said = health()
    assert (shown("camera", said), shown("problem", said)) == ("ON", "OFF")
    assert shown("fps", said) == "0.0"
    said["camera"] = said["camera"] | {"state": "missing", "error": "no such device"}
    assert (shown("camera", said), shown("problem", said)) == ("OFF", "OFF")
    said["problem"] = payloads.problem(Problem(60, "no such device"), 1.8e9)
    assert shown("problem", said) == "ON"
    attributes = json.loads(shown("problem", said, "json_attributes_template"))
    assert (attributes["why"], attributes["since"][-5:]) == ("no such device", ".000Z")
    said = health()
    said["messages"]["error"] = "another camd publishes below camd/desk, too"
    assert shown("problem", said) == "ON"


def test_everything_is_heard_at_qos_1() -> None:
    components = announcement(described(), "", "")["components"].values()
    assert all(item["qos"] == 1 for item in components)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("camd_a", "b"), ("camd", "a_b")), (("a/b", "c"), ("a_b", "c")), (("ä", "c"), ("ö", "c"))],
)
def test_no_two_cameras_are_one_device(one: tuple[str, str], other: tuple[str, str]) -> None:
    topics = [
        config_topic(Settings(name=name, mqtt=MqttSettings(prefix=prefix)))
        for prefix, name in (one, other)
    ]
    assert topics[0] != topics[1]
    for topic in topics:
        assert re.fullmatch(r"homeassistant/device/[A-Za-z0-9_-]+/config", topic)


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
        heard.publish("homeassistant/status", "offline")
        heard.publish("homeassistant/status", "online")
        heard.wait(CONFIG, 2)
        publisher.stop()
        heard.wait_payload("camd/desk/status", b"offline")
        assert len(heard.on(CONFIG)) == 2


@pytest.mark.parametrize("key", KEYS)
def test_is_made_anew_where_an_option_changes_what_it_says(
    real: Mosquitto, publishers: Publishers, tmp_path: Path, key: str
) -> None:
    """As `expire_after` with mqtt.health_s: later ones would leave the sensors unavailable."""
    configured = described(host=real.host, port=real.port)
    section, _, name = key.partition(".")
    before = getattr(configured, section)
    kind = type(before).model_fields[name].annotation
    after = kind(getattr(before, name) / 2) if kind in (int, float) else "dark"
    live = LiveOptions(configured, tmp_path / "live.json")
    changed = live.change({key: after})
    with Subscriber(real.host, real.port) as heard:
        publisher = publishers(real, discovery=True, requests=True, region=configured.region)
        heard.wait(CONFIG)
        publisher.retune(changed)
        publisher.retune(changed)
        publisher.stop()
        heard.wait_payload("camd/desk/status", b"offline")
        told = [item.json for item in heard.on(CONFIG)]
    expected = announcement(changed, __version__, "a1b2c3d4")
    assert told[-1] == expected
    assert len(told) == (1 if expected == announcement(configured, __version__, "a1b2c3d4") else 2)


def test_what_home_assistant_expects_follows_the_option(tmp_path: Path, real: Mosquitto) -> None:
    """Of a whole camd, asked over MQTT."""
    env = {"CAMD_MQTT__DISCOVERY": "true", "CAMD_MQTT__REQUESTS": "true"}
    url = f"mqtt://{real.host}:{real.port}"
    options = ("--device", "demo", "--realtime", "--loop", "--no-window", "--name", "desk")
    with Subscriber(real.host, real.port) as heard:
        process = start("run", *options, "--broker", url, home=tmp_path, env=env)
        heard.wait(CONFIG)
        tell(real, "camd/desk/request/set", b'{"mqtt.health_s":300}', retain=False)
        heard.wait("camd/desk/response/set")
        assert heard.wait(CONFIG, 2)[1].json["components"]["fps"]["expire_after"] > 600
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0


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


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
@pytest.mark.parametrize("lines", ["retain_available false", "max_qos 0"])
def test_remove_reaches_brokers_that_do_less(lines: str, protocol: str) -> None:
    """And Home Assistant, where it is there to hear it."""
    for options in (lines, "max_qos 0\nretain_available false"):
        with (
            mosquitto(f"allow_anonymous true\n{options}\n") as broker,
            Subscriber(broker.host, broker.port) as heard,
        ):
            settings = described(host=broker.host, port=broker.port, protocol=protocol)
            once.publish(settings, CONFIG, b"")
            heard.wait_payload(CONFIG, b"")


@pytest.mark.parametrize("broker", ["mqtt://127.0.0.1:1", "none"])
def test_remove_needs_a_broker(broker: str, tmp_path: Any) -> None:
    done = camd("discovery", "remove", "--broker", broker, home=tmp_path)
    assert done.returncode in (2, 69)
    assert "broker" in done.stderr


def sensor(**options: Any) -> dict[str, Any]:
    meter = RegionSettings(name="meter", polygon=((0, 0), (1, 0), (1, 1)), **options)
    settings = Settings(name="desk", region=(meter,))
    components: dict[str, Any] = announcement(settings, "", "")["components"]
    return components["region_meter"]


def test_a_region_says_what_it_is() -> None:
    water = sensor(
        label="Water meter", unit="m³", device_class="water", icon="mdi:water", decimals=3
    )
    assert water["name"] == "Water meter"
    assert water["unit_of_measurement"] == "m³"
    assert water["device_class"] == "water"
    assert water["icon"] == "mdi:water"
    assert water["state_class"] == "total"
    plain = sensor()
    assert (plain["name"], plain["icon"]) == ("Meter", "mdi:counter")
    assert not {"unit_of_measurement", "device_class"} & set(plain)
    assert plain["state_class"] == "measurement"


@pytest.mark.parametrize(
    ("device_class", "unit", "rising", "state_class"),
    [
        ("energy", "kWh", True, "total_increasing"),
        ("gas", "m³", False, "total"),
        ("temperature", "°C", False, "measurement"),
        ("volume_storage", "L", False, "measurement"),
        ("temperature", "K", True, "measurement"),
    ],
)
def test_the_state_class_is_one_that_goes_with_the_device_class(
    device_class: str, unit: str, *, rising: bool, state_class: str
) -> None:
    said = sensor(device_class=device_class, unit=unit, never_decreasing=rising)
    assert said["state_class"] == state_class


def test_a_region_says_how_it_is_counted_and_where_it_is_listed() -> None:
    assert "entity_category" not in sensor()
    told = sensor(
        device_class="water", unit="L", state_class="total_increasing", entity_category="diagnostic"
    )
    assert (told["state_class"], told["entity_category"]) == ("total_increasing", "diagnostic")
    with pytest.raises(ValidationError, match="state class one of total, total_increasing"):
        sensor(device_class="water", unit="L", state_class="measurement")


def test_entities_are_named_after_their_regions_and_not_after_labels() -> None:
    components = announcement(described(), "", "")["components"]
    labelled = sensor(label="Water meter")
    assert labelled["default_entity_id"] == "sensor.desk_meter"
    assert components["confidence_meter"]["default_entity_id"] == "sensor.desk_meter_confidence"
    assert components["incomplete"]["default_entity_id"] == "binary_sensor.desk_digit_unsure"
    names = [item["default_entity_id"] for item in components.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("device_class", "unit", "why"),
    [
        ("water", "kWh", "CCF, L, MCF, ft³, gal, m³"),
        ("energy", None, "takes as unit one of"),
        ("waters", "m³", "not one of"),
    ],
)
def test_what_home_assistant_would_refuse_is_refused(
    device_class: str, unit: str | None, why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        sensor(device_class=device_class, unit=unit)


@pytest.mark.parametrize(
    ("web", "url"),
    [
        ({"bind": "192.0.2.7"}, "http://192.0.2.7:8711/"),
        ({"bind": "2001:db8::7", "port": 80}, "http://[2001:db8::7]:80/"),
        (
            {"bind": "::", "hosts": ("desk.lan",), "path": "/camd/"},
            "http://desk.lan:8711/camd/",
        ),
        ({"bind": "::"}, None),
        ({"bind": "127.0.0.1"}, None),
        ({"bind": "192.0.2.7", "enabled": False}, None),
    ],
)
def test_home_assistant_links_to_the_page_where_others_can_call_it(
    web: dict[str, Any], url: str | None
) -> None:
    settings = Settings(name="desk", web={"enabled": True, "password": "x"} | web)  # type: ignore[arg-type]
    device = announcement(settings, "0.1.0", "a1b2c3d4")["device"]
    assert device.get("configuration_url") == url
