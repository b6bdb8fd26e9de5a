"""Crops to workers and answers back; the workers are played by threads."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from camd.config.settings import RegionSettings, Settings
from camd.errors import PublishError
from camd.mqtt import crops as codec
from camd.mqtt.crops import BATCH
from camd.pipeline import Pipeline
from camd.values import Box, Classified
from camd.workers.remote import WINDOW, Answers, RemoteModel
from tests.sheets import paper, write

SIZE = (640, 480)


def crops(count: int) -> NDArray[np.uint8]:
    """Crops that tell which one they are."""
    made = np.zeros((count, 28, 28), np.uint8)
    made[:, 0, 0] = np.arange(count) % 10
    return made


def boxes(count: int) -> list[Box]:
    return [(number, 0, 10, 20) for number in range(count)]


def work(payload: bytes) -> bytes:
    batch = codec.decode(payload)
    count = len(batch.crops)
    said = Classified(
        labels=batch.crops[:, 0, 0].astype(np.int64),
        margins=np.ones(count, np.float32),
        confidence=np.full(count, 0.9, np.float32),
    )
    return codec.answer(batch.head, "a1b2c3d4", True, said)


@dataclass
class Workers:
    """Answer each message at once, except those `lost`, by their number."""

    answers: Answers = field(default_factory=lambda: Answers("9f3c"))
    lost: Callable[[int], bool] = lambda _: False
    sent: list[bytes] = field(default_factory=list)

    def send(self, payload: bytes) -> None:
        self.sent.append(payload)
        if not self.lost(len(self.sent)):
            threading.Thread(target=lambda: self.answers.receive(work(payload))).start()

    def model(self, **options: Any) -> RemoteModel:
        return RemoteModel("desk", "9f3c", self.answers, self.send, **options)


def test_each_crop_gets_its_own_answer_however_many_there_are() -> None:
    """More than may be out at once, and more than the outbox would hold."""
    count = 5 * WINDOW * BATCH // 2 + 7
    workers = Workers()
    said = workers.model().classify_at(crops(count), boxes(count), SIZE)
    assert said.labels.tolist() == [number % 10 for number in range(count)]
    # On a busy machine an answer may be so late that its batch is sent once more.
    assert len(workers.sent) >= -(-count // BATCH)


def test_no_more_than_a_window_is_out_at_once() -> None:
    workers = Workers(lost=lambda _: True)
    model, sent = workers.model(), workers.sent
    count = 3 * WINDOW * BATCH
    asked = threading.Thread(target=lambda: model.classify_at(crops(count), boxes(count), SIZE))
    asked.start()
    answered = 0
    while asked.is_alive():
        assert len(sent) - answered <= WINDOW
        if answered < len(sent):
            workers.answers.receive(work(sent[answered]))
            answered += 1
        else:
            time.sleep(0.001)
    assert answered == 3 * WINDOW


def test_the_message_says_where_each_crop_lies() -> None:
    workers = Workers()
    workers.model().classify_at(crops(BATCH + 2), boxes(BATCH + 2), SIZE)
    heads = sorted((codec.decode(item).head for item in workers.sent), key=lambda h: h["batch"])
    assert [head["count"] for head in heads] == [BATCH, 2]
    assert heads[0]["size"] == [640, 480]
    assert [box[0] for head in heads for box in head["boxes"]] == list(range(BATCH + 2))


def test_what_was_lost_is_sent_again() -> None:
    workers = Workers(lost=lambda number: number % 3 != 0)
    model = workers.model(resend_s=0.05)
    assert len(model.classify_at(crops(100), boxes(100), SIZE)) == 100
    assert len(workers.sent) > 4


def test_no_answer_is_given_up_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    workers = Workers(lost=lambda _: True)
    model = workers.model(give_up_s=0.2, resend_s=0.1)
    for _ in range(3):
        with pytest.raises(PublishError, match="camd worker"):
            model.classify_at(crops(1), boxes(1), SIZE)
    assert len(caplog.records) == 1
    workers.lost = lambda _: False
    assert model.classify_at(crops(1), boxes(1), SIZE).labels.tolist() == [0]


def test_nobody_waits_for_workers_who_wants_to_leave(caplog: pytest.LogCaptureFixture) -> None:
    model = Workers(lost=lambda _: True).model(leave=lambda: True)
    with pytest.raises(PublishError):
        model.classify_at(crops(1), boxes(1), SIZE)
    assert not caplog.records, "it is no fault of the workers"


def test_a_frame_without_ink_asks_nobody() -> None:
    workers = Workers()
    assert len(workers.model().classify_at(crops(0), [], SIZE)) == 0
    assert not workers.sent


@pytest.mark.parametrize("way", ["polygon", "corners"])
def test_boxes_are_those_of_the_frame_where_a_region_is_cut_out(way: str) -> None:
    place = ((0.3, 0.4), (0.9, 0.4), (0.9, 0.9), (0.3, 0.9))
    region = RegionSettings.model_validate({"name": "meter", way: place})
    sheet = write(paper(*SIZE), "1", (300, 300))
    workers = Workers()
    Pipeline(Settings(region=(region,)), workers.model()).process(sheet, 0)
    ((x, y, width, height),) = codec.decode(workers.sent[0]).head["boxes"]
    ink = sheet.min(axis=2) < 128
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert abs(x - columns[0]) <= 4
    assert abs(y - rows[0]) <= 4
    assert abs(x + width - columns[-1]) <= 4
    assert abs(y + height - rows[-1]) <= 4


def test_an_answer_to_another_run_is_none() -> None:
    """Batches are numbered anew by each run, and the answers to the last one may still come."""
    answers = Answers("9f3c")
    foreign = codec.encode(
        crops(1), boxes(1), camera="desk", boot="0a1b", batch=1, at=1.8e9, size=SIZE
    )
    ours = foreign.replace(b"0a1b", b"9f3c")
    answers.expect({1: 1})
    answers.receive(work(foreign))
    assert answers.missing() == [1]
    answers.receive(work(ours))
    assert not answers.missing()


@pytest.mark.parametrize("count", [0, 2])
def test_an_answer_for_another_number_of_crops_is_none(count: int) -> None:
    answers = Answers("9f3c")
    other = codec.encode(
        crops(count), boxes(count), camera="desk", boot="9f3c", batch=1, at=1.8e9, size=SIZE
    )
    answers.expect({1: 1})
    answers.receive(work(other))
    assert answers.missing() == [1]
