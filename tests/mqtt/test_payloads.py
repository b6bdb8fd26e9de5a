import json
import math
import os

import numpy as np
import pytest

from camd.mqtt import messages, payloads
from camd.values import Event, Reading, Result
from testing.scenes import ONE, SEVEN, frame, result


def test_digits_is_the_contracts() -> None:
    payload = payloads.digits(
        camera="desk",
        boot="9f3c",
        seq=812,
        frame=frame(),
        result=result(),
        model_id="a1b2c3d4",
        age_ms=18.249,
    )
    assert json.loads(payloads.encode(payload)) == {
        "camera": "desk",
        "boot": "9f3c",
        "seq": 812,
        "at": "2027-01-15T08:00:00.123Z",
        "age_ms": 18.2,
        "size": [1280, 720],
        "model": "a1b2c3d4",
        "digits": [
            {
                "digit": 7,
                "confidence": 0.993,
                "box": [412, 96, 38, 61],
                "track": 12,
                "stable": True,
            },
            {
                "digit": 1,
                "confidence": 0.999,
                "box": [460, 98, 12, 60],
                "track": 13,
                "stable": False,
            },
        ],
        "lines": ["71"],
        "turn": 0,
        "rejected": 1,
    }


def test_reading_is_the_contracts() -> None:
    value = Reading(("1947", "28"), (SEVEN,))
    payload = payloads.reading(
        camera="desk", boot="9f3c", seq=3, at=1_800_000_000.0, value=value, dropped=2
    )
    assert json.loads(payloads.encode(payload)) == {
        "camera": "desk",
        "boot": "9f3c",
        "seq": 3,
        "at": "2027-01-15T08:00:00.000Z",
        "lines": ["1947", "28"],
        "text": "1947 28",
        "complete": True,
        "turn": 0,
        "digits": [payloads.digit(SEVEN)],
        "dropped": 2,
    }


def test_an_empty_scene_has_no_lines() -> None:
    payload = payloads.reading(camera="desk", boot="9f3c", seq=1, at=0, value=Reading(), dropped=0)
    assert (payload["lines"], payload["text"], payload["digits"]) == ([], "", [])


def test_event_is_the_contracts() -> None:
    def of(value: Event) -> messages.Event:
        return payloads.event(
            camera="desk", boot="9f3c", seq=4, at=1_800_000_000.5, value=value, dropped=2
        )

    assert of(Event("change", SEVEN, was=1)) == {
        "camera": "desk",
        "boot": "9f3c",
        "seq": 4,
        "type": "change",
        "track": 12,
        "digit": 7,
        "was": 1,
        "confidence": 0.993,
        "box": [412, 96, 38, 61],
        "at": "2027-01-15T08:00:00.500Z",
        "dropped": 2,
    }
    assert of(Event("end", ONE))["was"] is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.9996, 0.999), (1.0, 1.0), (0.0, 0.0), (0.9, 0.9), (1e-9, 0.0), (math.nan, 0.0)],
)
def test_confidence_never_looks_surer_than_it_is(value: float, shown: float) -> None:
    assert payloads.confidence(value) == shown
    assert payloads.confidence(np.float64(value)) == shown  # type: ignore[arg-type]


def test_three_decimals_stay_what_they_are() -> None:
    for thousandths in range(1001):
        assert payloads.confidence(thousandths / 1000) == thousandths / 1000


def test_numbers_that_json_lacks_become_null() -> None:
    payload = {"fps": math.nan, "latency": {"p50": math.inf}, "ages": [1.5, -math.inf]}
    assert payloads.encode(payload) == b'{"fps":null,"latency":{"p50":null},"ages":[1.5,null]}'


def test_a_name_that_is_no_text_can_be_said_all_the_same() -> None:
    """A file's name may be any bytes; Python writes those that are no UTF-8 as half a pair."""
    payload = {"source": os.fsdecode(b"clip-\xff.mp4"), "names": ["\ud800"]}
    assert payloads.encode(payload) == b'{"source":"clip-?.mp4","names":["?"]}'


def test_boxes_from_numpy_are_plain_numbers() -> None:
    box = tuple(np.array([1, 2, 3, 4], np.int32))
    assert json.dumps(payloads.box(box)) == "[1, 2, 3, 4]"


def test_a_frame_from_the_future_is_not_negative_of_age() -> None:
    payload = payloads.digits(
        camera="c", boot="b", seq=1, frame=frame(), result=Result(), model_id="m", age_ms=-3.0
    )
    assert payload["age_ms"] == 0
