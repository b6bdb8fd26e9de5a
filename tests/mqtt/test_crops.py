"""Whatever comes between device and workers: it is taken, or refused with a ValueError."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.mqtt import crops as codec
from camd.mqtt.crops import BATCH, Batch
from camd.values import Classified
from camd.workers.remote import Answers
from testing.payloads import check

HEAD: dict[str, Any] = {
    "camera": "desk", "boot": "9f3c", "batch": 7, "at": "2027-01-15T08:00:00.123Z",
    "size": [1280, 720], "count": 2, "boxes": [[0, 0, 10, 20], [30, 0, 10, 20]],
}  # fmt: skip
ANSWER: dict[str, Any] = HEAD | {
    "model": "a1b2c3d4", "open_set": True, "labels": [7, -1], "margins": [1.5, -0.5],
    "confidence": [0.99, 0.5],
}  # fmt: skip
CROPS = bytes(2 * 28 * 28)
LISTS = ("labels", "margins", "confidence")

halves = st.text(st.characters(exclude_categories=()), max_size=5)  # of surrogate pairs, too
EVIL = ["\ud800", 7, 0.5, 1e308, float("nan"), -1, 1 << 70, 10**4299, "9" * 50, "٣", None, [], {}]
values = st.sampled_from(EVIL) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | halves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(halves, inner, max_size=3),
    max_leaves=12,
)
depths = st.integers(1, 3000)


def others(good: dict[str, Any]) -> st.SearchStrategy[bytes]:
    """Give JSON, most of it like `good` but for some of its values."""
    keys = st.sampled_from(sorted(good))
    changes = st.one_of(
        st.builds(lambda key, value: {key: value}, keys, values),
        st.builds(dict.fromkeys, st.sampled_from([LISTS]), values),
        st.dictionaries(keys, values, max_size=3),
    )
    alike = changes.map(lambda changed: good | changed)
    short = keys.map(lambda gone: {key: good[key] for key in good if key != gone})
    text = (alike | short | values).map(lambda value: json.dumps(value).encode())
    nested = st.builds(lambda depth, mark: mark * depth, depths, st.sampled_from([b"[", b'{"a":']))
    return alike.map(lambda value: json.dumps(value).encode()) | text | nested | st.binary()


def answered(batch: Batch) -> bytes:
    """As a worker does."""
    ones = np.ones(len(batch.crops), np.float32)
    said = Classified(np.ones(len(ones), np.int64), ones, ones)
    return codec.answer(batch.head, "a1b2c3d4", True, said)


def test_a_message_of_crops_is_answered() -> None:
    said = answered(codec.decode(json.dumps(HEAD).encode() + b"\n" + CROPS))
    check("classes", said)
    classes = codec.read_answer(said)
    assert (classes.boot, classes.batch, classes.model) == ("9f3c", 7, "a1b2c3d4")
    assert classes.classified.labels.tolist() == [1, 1]


@given(others(HEAD), st.just(b"\n" + CROPS) | st.binary(max_size=2000))
@settings(deadline=None, max_examples=300)
def test_what_is_taken_for_crops_can_be_answered(line: bytes, rest: bytes) -> None:
    try:
        batch = codec.decode(line + rest)
    except ValueError:
        return
    codec.read_answer(answered(batch))


@given(others(ANSWER))
@settings(deadline=None, max_examples=300)
def test_no_answer_ends_the_session_of_a_device(payload: bytes) -> None:
    """It is called in the connection's thread."""
    answers = Answers("9f3c")
    answers.expect({7: 2})
    answers.receive(payload)
    answers.receive(json.dumps(ANSWER).encode())
    assert not answers.missing()
    for item in answers.received():
        assert item.classified.labels.shape == (2,)
        assert np.isfinite(item.classified.margins).all()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("camera", "\ud800"),
        ("camera", 7),
        ("boot", "9f3c0"),
        ("boot", "\ud800"),
        ("batch", -1),
        ("batch", 1e400),
        ("batch", [7]),
        ("at", "now"),
        ("size", [1280]),
        ("size", 1280),
        ("count", 3),
        ("count", 10**18),
        ("boxes", []),
        ("boxes", 0),
        ("boxes", [[0, 0, 1, 1], [0, 0, 1]]),
        ("boxes", [[0, 0, 1, 1], [0, 0, 1, float("nan")]]),
    ],
)
def test_what_is_no_message_of_crops_is_refused(key: str, value: object) -> None:
    line = json.dumps(HEAD | {key: value}).encode()
    with pytest.raises(ValueError, match="not a message of crops"):
        codec.decode(line + b"\n" + CROPS)


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 5000, b"9" * 5000])
def test_what_is_no_object_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a message of crops"):
        codec.decode(line + b"\n" + CROPS)
    with pytest.raises(ValueError, match="not a message of classes"):
        codec.read_answer(line)


@pytest.mark.parametrize("body", [b"", CROPS[1:], CROPS + b"\0", CROPS[:784], bytes(100_000)])
def test_crops_of_another_number_than_said_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="the 2 that it says"):
        codec.decode(json.dumps(HEAD).encode() + b"\n" + body)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("labels", 7),
        ("labels", [7]),
        ("labels", [[7], [7]]),
        ("labels", [7, 10]),
        ("labels", [7, 1 << 70]),
        ("labels", None),
        ("margins", 1.0),
        ("margins", [1.0]),
        ("margins", [1.0, float("nan")]),
        ("margins", [1.0, 1e300]),
        ("margins", [1.0, "one"]),
        ("confidence", 0.5),
        ("confidence", [0.5, 1.5]),
        ("confidence", [0.5, float("inf")]),
        ("open_set", "perhaps"),
        ("model", None),
        ("boot", "\ud800"),
    ],
)
def test_what_is_no_message_of_classes_is_refused(key: str, value: object) -> None:
    payload = json.dumps(ANSWER | {key: value}).encode()
    with pytest.raises(ValueError, match=r"classes|length|range"):
        codec.read_answer(payload)


@pytest.mark.parametrize("value", [7, 0.5, None, "7", {}, [[0]], "\ud800"])
def test_values_in_place_of_all_the_lists_are_refused(value: object) -> None:
    """As numbers they are of one shape, and have no length."""
    lists = dict.fromkeys(LISTS, value)
    with pytest.raises(ValueError, match="classes"):
        codec.read_answer(json.dumps(ANSWER | lists).encode())


def test_the_most_crops_fit_into_a_message() -> None:
    crops = np.zeros((BATCH, 28, 28), np.uint8)
    boxes = [(number, 0, 10, 20) for number in range(BATCH)]
    sent = codec.encode(
        crops, boxes, camera="d" * 64, boot="9f3c", batch=10**9, at=1.8e9, size=(10**5, 10**5)
    )
    assert len(sent) < codec.MOST_BYTES
    assert len(codec.decode(sent).crops) == BATCH
