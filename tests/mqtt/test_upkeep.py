"""What others, and earlier runs of our own, have left below our name."""

import logging
from typing import Any

import pytest

from camd.config.settings import MqttSettings, RegionSettings, Settings
from camd.mqtt.upkeep import Upkeep
from testing.broker import Mosquitto, Subscriber, retained, until
from testing.proxy import proxy
from testing.scenes import Embedded, Publishers, health, tell

STATUS = "camd/desk/status"
REGION = RegionSettings(name="meter", polygon=((0, 0), (1, 0), (1, 1)))


def upkeep(**options: Any) -> Upkeep:
    settings = Settings(name="desk", mqtt=MqttSettings(**options), region=(REGION,))
    return Upkeep(settings, "9f3c")


def test_a_will_that_comes_late_is_contradicted(
    any_broker: Mosquitto | Embedded, publishers: Publishers
) -> None:
    with Subscriber(any_broker.host, any_broker.port) as heard:
        publisher = publishers(any_broker)
        heard.wait_payload(STATUS, b"online")
        tell(any_broker, STATUS, b"offline")
        heard.wait(STATUS, 3)
        publisher.stop()
        heard.wait(STATUS, 4)
        said = [item.payload for item in heard.on(STATUS)]
        assert said == [b"online", b"offline", b"online", b"offline"]


def test_a_machine_that_lost_its_power_and_is_back_is_online(
    real: Mosquitto, publishers: Publishers
) -> None:
    """The broker misses the dead connection only when the new one is there, and sends its will."""
    with proxy(real) as between, Subscriber(real.host, real.port) as heard:
        publishers(between, keepalive_s=5, client_id="before")
        heard.wait_payload(STATUS, b"online")
        between.frozen = True
        publishers(real, client_id="after")
        heard.wait(STATUS, 4)
        said = [item.payload for item in heard.on(STATUS)]
        assert said == [b"online", b"online", b"offline", b"online"]
    assert retained(real.host, real.port, STATUS).payload == b"online"


def test_another_camd_of_the_same_name_is_named(
    real: Mosquitto, publishers: Publishers, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = publishers(real)
    other = b'{"boot":"0bad"}'
    until(lambda: tell(real, "camd/desk/health", other) or publisher.stats().error)
    tell(real, "camd/desk/health", other)
    assert "camd/desk" in publisher.stats().error
    assert publisher.stats().connected
    until(lambda: publisher.health(health()) or not publisher.stats().error, "it is gone again")
    assert len([item for item in caplog.records if item.levelno == logging.WARNING]) == 1


def test_a_rival_is_named_at_once_and_forgotten_when_it_was_silent_for_a_whole_turn() -> None:
    """Both publish `health` in turns: between two of ours there is one of the other's."""
    ours = upkeep()
    own, other = b'{"boot":"9f3c"}', b'{"boot":"0bad"}'

    def hear(payload: bytes) -> bool:
        ours.hear("camd/desk/health", payload, retained=False)
        return bool(ours.rival)

    assert [hear(item) for item in (own, own)] == [False, False]
    assert [hear(item) for item in (other, own, other, own)] == [True] * 4
    assert "camd/desk" in ours.rival
    assert [hear(item) for item in (own, own)] == [False, False]
    assert hear(other), "and named again"


def test_our_own_health_is_no_rivals(real: Mosquitto, publishers: Publishers) -> None:
    tell(real, "camd/desk/health", b'{"boot":"0bad"}')  # of the run before
    publisher = publishers(real)
    publisher.health(health())
    until(lambda: publisher.stats().sent == 2)
    assert publisher.stats().error == ""


def test_the_state_goes_with_the_requests(real: Mosquitto, publishers: Publishers) -> None:
    first = publishers(real, requests=True)
    first.state(detection=True, options={})
    until(lambda: first.stats().queued == 0)
    first.stop()
    assert retained(real.host, real.port, "camd/desk/state").payload
    with Subscriber(real.host, real.port) as heard:
        publishers(real)
        heard.wait_payload("camd/desk/state", b"")


def test_what_is_ours_stays() -> None:
    for topic in (
        "reading",
        "region/meter",
        "region/a/b",
        "region/Ä",
        "region/",
        "region/" + "x" * 65,
    ):
        assert not upkeep().hear(f"camd/desk/{topic}", b"{}", retained=True)
    assert not upkeep(requests=True).hear("camd/desk/state", b"{}", retained=True)
    assert not upkeep().hear("camd/desk/state", b"{}", retained=False)
    assert not upkeep().hear("camd/desk/region/old", b"", retained=True)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b"[" * 5000, b'{"boot":[]}'])
def test_a_health_that_is_none_is_a_rivals(payload: bytes) -> None:
    ours = upkeep()
    ours.hear("camd/desk/health", payload, retained=False)
    assert "camd/desk" in ours.rival
