from typing import Any

import pytest

from camd.config.settings import MqttSettings, RegionSettings, Settings
from camd.mqtt import discovery
from camd.mqtt.inbox import Heard, Inbox
from camd.mqtt.requests import BURST
from camd.mqtt.topics import Topics


def inbox(mqtt: dict[str, Any], classes: list[bytes] | None = None) -> Inbox:
    corners = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5))
    settings = Settings(
        name="desk",
        mqtt=MqttSettings(**mqtt),
        region=(RegionSettings(name="meter", corners=corners),),
    )
    on_classes = None if classes is None else classes.append
    return Inbox(settings, Topics.of("camd", "desk"), "0a1b", on_classes)


def test_it_hears_only_what_is_switched_on() -> None:
    few, all_of_it = inbox({}), inbox({"requests": True, "discovery": True}, [])
    topics = Topics.of("camd", "desk")
    new = set(all_of_it.subscriptions) - set(few.subscriptions)
    assert new == {*topics.requests, topics.classes, "homeassistant/status"}


@pytest.mark.parametrize(
    ("payload", "retained", "announce"),
    [(discovery.BIRTH, False, True), (discovery.BIRTH, True, False), (b"offline", False, False)],
)
def test_home_assistant_is_told_again_when_it_is_born(
    payload: bytes, retained: bool, announce: bool
) -> None:
    own = inbox({"discovery": True})
    heard = own.hear("homeassistant/status", payload, retained=retained, now=0.0)
    assert heard == Heard(announce=announce)


def test_answers_of_workers_are_passed_on() -> None:
    classes: list[bytes] = []
    inbox({}, classes).hear("camd/desk/classes", b"{}", retained=False, now=0.0)
    assert classes == [b"{}"]


def test_requests_nobody_fetches_make_room_for_newer_ones_and_are_counted() -> None:
    own = inbox({"requests": True})
    for second in range(BURST + 2):
        own.hear("camd/desk/request/status", b"", retained=False, now=float(second))
    assert own.ignored == 2
    assert [request.command for request in own.requests()] == ["status"] * BURST
    assert own.requests() == []


@pytest.mark.parametrize("announced", [False, True])
def test_a_region_of_an_earlier_run_is_emptied_after_home_assistant_knows(
    *, announced: bool
) -> None:
    own = inbox({"discovery": announced})
    heard = own.hear("camd/desk/region/old", b"{}", retained=True, now=0.0)
    assert heard.answer is not None
    assert (heard.answer.topic, heard.answer.payload) == ("camd/desk/region/old", b"")
    assert heard.gone == announced
    assert own.hear("camd/desk/region/meter", b"{}", retained=True, now=0.0) == Heard()
    assert list(own.gone) == ["old"]
