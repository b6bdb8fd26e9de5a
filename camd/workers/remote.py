"""A model that runs on other machines: it sends crops over MQTT and waits for workers to answer.

It takes the model's place in the pipeline. So a weak device finds the digits and follows them, and
as many workers as are needed classify them."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from camd.errors import PublishError
from camd.mqtt import crops as codec
from camd.mqtt.crops import BATCH, Classes
from camd.values import Box, Classified, FloatArray

log = logging.getLogger(__name__)

RESEND_S = 1.0
"""Seconds without an answer after which a batch is sent again: its worker may have died."""
GIVE_UP_S = 3.0
"""Seconds without any answer after which a frame is given up; only RESEND_S if the frame before was
given up too, so that the camera's frames are not held up while no worker is there."""
WINDOW = 16
"""Batches that may wait for an answer at once: the outbox keeps few crops, and drops the rest."""
POLL_S = 0.1
"""Seconds between two looks at whether a batch is to be sent again."""


class Answers:
    """Collects what workers answer to the batches of one frame. The MQTT thread calls `receive`,
    the thread that waits for answers calls all else."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._changed = threading.Condition()
        self._answers: dict[int, Classes | None] = {}
        self._counts: Mapping[int, int] = {}

    def receive(self, payload: bytes) -> None:
        """Take a worker's answer. One for another run of camd is ignored, and one too late."""
        try:
            answer = codec.read_answer(payload)
        except ValueError as error:
            log.warning("a worker's answer is ignored: %s", error)
            return
        with self._changed:
            count = self._counts.get(answer.batch)
            if answer.boot == self._boot and count == len(answer.classified):
                self._answers[answer.batch] = answer
                self._changed.notify_all()

    def expect(self, counts: Mapping[int, int]) -> None:
        """Forget all answers and expect new ones; `counts`: how many crops each batch has."""
        with self._changed:
            self._answers = dict.fromkeys(counts)
            self._counts = counts

    def missing(self) -> list[int]:
        """Return the batches without an answer."""
        return [number for number, answer in self._answers.items() if answer is None]

    def wait(self, most: int, seconds: float) -> list[int]:
        """Wait until at most `most` answers are missing, or `seconds` have passed; return which
        are missing."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.missing()) <= most, seconds)
            return self.missing()

    def received(self) -> list[Classes]:
        """Return the answers that have come, in the order of the batches."""
        with self._changed:
            return [item for item in self._answers.values() if item]


class RemoteModel:
    id = "workers"
    scores: Mapping[str, float] = {}  # not known: each worker may have another model

    def __init__(
        self,
        camera: str,
        boot: str,
        answers: Answers,
        send: Callable[[bytes], None],
        leave: Callable[[], bool] = lambda: False,
        *,
        surroundings: Sequence[FloatArray] = (),
        resend_s: float = RESEND_S,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        """`send` publishes a message of crops; `answers` receives what workers answer; `leave`
        returns True once nobody needs the answers any more; `surroundings` are the weights with
        which camd.hypotheses.surroundings judges what they answer."""
        self.surroundings = surroundings
        self._camera = camera
        self._boot = boot
        self._answers = answers
        self._send = send
        self._leave = leave
        self._resend_s = resend_s
        self._give_up_s = give_up_s
        self.open_set = True
        """Whether the workers' models can say "no digit", by their last answers. The shipped one
        can, and workers use that unless told otherwise."""
        self._batch = 0
        self._alone = False

    def classify_at(
        self, crops: NDArray[np.uint8], boxes: Sequence[Box], size: tuple[int, int]
    ) -> Classified:
        """Have the workers classify crops (N, 28, 28) uint8, cut out at `boxes` from a frame of
        `size` (width, height). Several workers do so at the same time.

        Raises PublishError if no worker answers."""
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
        """Send each batch, again and again if need be, until it is answered."""
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
