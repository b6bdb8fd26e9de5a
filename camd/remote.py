"""A model that lives elsewhere: crops go out over MQTT, and any worker answers.

It takes the place of the model in the pipeline, so that a weak device cuts and votes, and only
the classification, which is nearly all of the work, is done by others."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from camd.errors import PublishError
from camd.mqtt import crops as codec
from camd.mqtt.crops import BATCH, Classes

log = logging.getLogger(__name__)

RESEND_S = 1.0
"""A batch without an answer for so long is sent again: its worker may have died."""
GIVE_UP_S = 3.0


class RemoteModel:
    """`classify` is called by one thread, `receive` by that of MQTT."""

    id = "workers"
    scores: Mapping[str, float] = {}  # of many models, none is known here
    open_set = True  # as the shipped model, which workers load where they are told no other

    def __init__(self, camera: str, boot: str) -> None:
        self._camera = camera
        self._boot = boot
        self.open_set = True
        """As the model of the last answers."""
        self._batch = 0
        self._alone = False
        self._changed = threading.Condition()
        self._answers: dict[int, Classes | None] = {}
        self._counts: dict[int, int] = {}
        self.send: Callable[[bytes], None] = lambda _payload: None
        """Publishes a message of crops; set before the first call of `classify`."""

    def classify(self, crops: NDArray[np.uint8]) -> Classes:
        """Have crops (N, 28, 28) uint8 classified, in parallel where there are several workers.

        Raises PublishError where no worker answers."""
        batches: dict[int, NDArray[np.uint8]] = {}
        for start in range(0, len(crops), BATCH):
            self._batch += 1
            batches[self._batch] = crops[start : start + BATCH]
        with self._changed:
            self._answers = dict.fromkeys(batches)
            self._counts = {number: len(batch) for number, batch in batches.items()}
        answers = self._ask(batches)
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

    def _ask(self, batches: Mapping[int, NDArray[np.uint8]]) -> list[Classes]:
        deadline = time.monotonic() + GIVE_UP_S
        while self._open() and time.monotonic() < deadline:
            for number in self._open():
                self.send(codec.encode(self._camera, self._boot, number, batches[number]))
            with self._changed:
                self._changed.wait_for(lambda: not self._open(), RESEND_S)
        with self._changed:
            answers = [item for item in self._answers.values() if item]
        if len(answers) < len(batches):
            log.log(
                logging.DEBUG if self._alone else logging.WARNING,
                "no worker answers: start one with camd worker",
            )
            self._alone = True
            raise PublishError("no worker answers: start one with camd worker")
        if self._alone:
            log.info("workers answer again")
        self._alone = False
        return answers

    def _open(self) -> list[int]:
        return [number for number, answer in self._answers.items() if answer is None]
