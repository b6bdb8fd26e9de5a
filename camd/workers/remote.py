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
from camd.values import Box, Classified

log = logging.getLogger(__name__)

RESEND_S = 1.0
"""A batch without an answer for so long is sent again: its worker may have died."""
GIVE_UP_S = 3.0
"""Longest wait without any answer; RESEND_S while there was none to the last frame either."""
WINDOW = 16
"""Batches that may be out at once; the outbox drops answers and crops beyond its own few."""
POLL_S = 0.1


class Answers:
    """What workers answered to the batches of one frame. `receive` is called by the thread of
    MQTT, all else by the one that waits."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._changed = threading.Condition()
        self._answers: dict[int, Classes | None] = {}
        self._counts: Mapping[int, int] = {}

    def receive(self, payload: bytes) -> None:
        """Take a worker's answer; those of another run, or too late, are of no use any more."""
        try:
            answer = codec.read_answer(payload)
        except ValueError as error:
            log.warning("a worker's answer is left out: %s", error)
            return
        with self._changed:
            count = self._counts.get(answer.batch)
            if answer.boot == self._boot and count == len(answer.classified):
                self._answers[answer.batch] = answer
                self._changed.notify_all()

    def expect(self, counts: Mapping[int, int]) -> None:
        """Forget what came so far, and wait for batches: how many crops each has."""
        with self._changed:
            self._answers = dict.fromkeys(counts)
            self._counts = counts

    def missing(self) -> list[int]:
        """Give the batches without an answer."""
        return [number for number, answer in self._answers.items() if answer is None]

    def wait(self, most: int, seconds: float) -> list[int]:
        """Wait, at most for `seconds`, until at most so many are missing; give the missing."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.missing()) <= most, seconds)
            return self.missing()

    def received(self) -> list[Classes]:
        """Give what has come, in the order of the batches."""
        with self._changed:
            return [item for item in self._answers.values() if item]


class RemoteModel:
    id = "workers"
    scores: Mapping[str, float] = {}  # of many models, none is known here

    def __init__(
        self,
        camera: str,
        boot: str,
        answers: Answers,
        send: Callable[[bytes], None],
        leave: Callable[[], bool] = lambda: False,
        *,
        resend_s: float = RESEND_S,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        """`send` publishes a message of crops, `answers` receives what workers say of it; `leave`:
        True when nobody wants the answers any more."""
        self._camera = camera
        self._boot = boot
        self._answers = answers
        self._send = send
        self._leave = leave
        self._resend_s = resend_s
        self._give_up_s = give_up_s
        self.open_set = True
        """As the model of the last answers; at first as the shipped one, which workers load where
        they are told no other."""
        self._batch = 0
        self._alone = False

    def classify_at(
        self, crops: NDArray[np.uint8], boxes: Sequence[Box], size: tuple[int, int]
    ) -> Classified:
        """Have crops (N, 28, 28) uint8, which lie in `boxes` of a frame of `size` (width, height),
        classified, in parallel where there are several workers.

        Raises PublishError where no worker answers."""
        batches: dict[int, slice] = {}
        for start in range(0, len(crops), BATCH):
            self._batch += 1
            batches[self._batch] = slice(start, min(start + BATCH, len(crops)))
        self._answers.expect({number: part.stop - part.start for number, part in batches.items()})

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
            self._send(payload)

        self._ask(send)
        answers = self._answers.received()
        if answers:
            self.open_set = all(item.open_set for item in answers)
        return Classified.joined(item.classified for item in answers)

    def _ask(self, send: Callable[[int], None]) -> None:
        """Send the batches until each has its answer."""
        patience = self._resend_s if self._alone else self._give_up_s
        asked: dict[int, float] = {}
        left = self._answers.missing()
        if not left:
            return
        heard = time.monotonic()
        while left and (now := time.monotonic()) < heard + patience and not self._leave():
            for number in left[:WINDOW]:
                if now >= asked.get(number, float("-inf")) + self._resend_s:
                    asked[number] = now
                    send(number)
            before = len(left)
            left = self._answers.wait(before - 1, POLL_S)
            if len(left) < before:
                heard = time.monotonic()
        if left:
            level = logging.DEBUG if self._alone or self._leave() else logging.WARNING
            log.log(level, "no worker answers: start one with camd worker")
            self._alone = True
            raise PublishError("no worker answers: start one with camd worker")
        if self._alone:
            log.info("workers answer again")
            self._alone = False
