"""A model that lives elsewhere: crops go out over MQTT, and any worker answers.

It takes the place of the model in the pipeline: a weak device cuts and votes, and others, as many
as it takes, classify."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from camd.errors import PublishError
from camd.mqtt import crops as codec
from camd.mqtt.crops import BATCH, Classes
from camd.values import Box

log = logging.getLogger(__name__)

RESEND_S = 1.0
"""A batch without an answer for so long is sent again: its worker may have died."""
GIVE_UP_S = 3.0
"""Longest wait without any answer; RESEND_S while there was none to the last frame either."""
WINDOW = 16
"""Batches that may be out at once; the outbox drops answers and crops beyond its own few."""
POLL_S = 0.1


class RemoteModel:
    """`classify_at` is called by one thread, `receive` by that of MQTT."""

    id = "workers"
    scores: Mapping[str, float] = {}  # of many models, none is known here

    def __init__(self, camera: str, boot: str, leave: Callable[[], bool] = lambda: False) -> None:
        """`leave`: True when nobody wants the answers any more."""
        self._camera = camera
        self._boot = boot
        self._leave = leave
        self.open_set = True
        """As the model of the last answers; at first as the shipped one, which workers load where
        they are told no other."""
        self._batch = 0
        self._alone = False
        self._changed = threading.Condition()
        self._answers: dict[int, Classes | None] = {}
        self._counts: dict[int, int] = {}
        self.send: Callable[[bytes], None] = lambda _payload: None
        """Publishes a message of crops; set before the first call of `classify_at`."""

    def classify_at(
        self, crops: NDArray[np.uint8], boxes: Sequence[Box], size: tuple[int, int]
    ) -> Classes:
        """Have crops (N, 28, 28) uint8, which lie in `boxes` of a frame of `size` (width, height),
        classified, in parallel where there are several workers.

        Raises PublishError where no worker answers."""
        batches: dict[int, slice] = {}
        for start in range(0, len(crops), BATCH):
            self._batch += 1
            batches[self._batch] = slice(start, min(start + BATCH, len(crops)))
        with self._changed:
            self._answers = dict.fromkeys(batches)
            self._counts = {number: part.stop - part.start for number, part in batches.items()}

        def send(number: int) -> None:
            part = batches[number]
            payload = codec.encode(
                crops[part],
                boxes[part],
                camera=self._camera,
                boot=self._boot,
                batch=number,
                at=time.time(),
                size=size,
            )
            self.send(payload)

        answers = self._ask(send)
        if answers:
            self.open_set = all(item.open_set for item in answers)
        return Classes(
            self._boot,
            self._batch,
            answers[0].model if answers else self.id,
            self.open_set,
            np.concatenate([np.empty(0, np.int64), *(item.labels for item in answers)]),
            np.concatenate([np.empty(0, np.float32), *(item.margins for item in answers)]),
            np.concatenate([np.empty(0, np.float32), *(item.confidence for item in answers)]),
        )

    def receive(self, payload: bytes) -> None:
        """Take a worker's answer; those of another run, or too late, are of no use any more."""
        try:
            answer = codec.read_answer(payload)
        except ValueError as error:
            log.warning("a worker's answer is left out: %s", error)
            return
        with self._changed:
            count = self._counts.get(answer.batch)
            if answer.boot == self._boot and count == len(answer.labels):
                self._answers[answer.batch] = answer
                self._changed.notify_all()

    def _ask(self, send: Callable[[int], None]) -> list[Classes]:
        patience = RESEND_S if self._alone else GIVE_UP_S
        asked: dict[int, float] = {}
        left = self._open()
        heard = time.monotonic()
        while left and (now := time.monotonic()) < heard + patience and not self._leave():
            for number in left[:WINDOW]:
                if now >= asked.get(number, float("-inf")) + RESEND_S:
                    asked[number] = now
                    send(number)
            before = len(left)
            with self._changed:
                self._changed.wait_for(lambda: len(self._open()) < before, POLL_S)  # noqa: B023
            left = self._open()
            if len(left) < before:
                heard = time.monotonic()
        with self._changed:
            answers = [item for item in self._answers.values() if item]
        if left:
            level = logging.DEBUG if self._alone or self._leave() else logging.WARNING
            log.log(level, "no worker answers: start one with camd worker")
            self._alone = True
            raise PublishError("no worker answers: start one with camd worker")
        if self._alone and answers:
            log.info("workers answer again")
            self._alone = False
        return answers

    def _open(self) -> list[int]:
        return [number for number, answer in self._answers.items() if answer is None]
