"""PURE. Packs and unpacks what a camera's camd sends to workers, and what they answer.

A message of crops is one line of JSON (messages.Crops: which crops, and where they are in the
frame), and then count * 784 bytes: row by row, ink bright on 0. A message of classes is JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from camd.mqtt import messages, payloads
from camd.values import SIDE, Box, Classified

BATCH = 32
"""Crops in a message: 26 kB, and a few milliseconds of a worker's time."""
MOST_BYTES = 65535

T = TypeVar("T")

# Made when they are first needed, which is never without workers: they cost a camera's start 20 ms.
_crops = cache(lambda: TypeAdapter(messages.Crops))
_classes = cache(lambda: TypeAdapter(messages.Classes))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One message of crops."""

    head: messages.Crops
    crops: NDArray[np.uint8]
    """(N, 28, 28)."""


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """What a worker says of one batch."""

    boot: str
    batch: int
    model: str
    open_set: bool
    """True where the model can say "no digit"."""
    classified: Classified


def encode(
    crops: NDArray[np.uint8],
    boxes: Sequence[Box],
    *,
    camera: str,
    boot: str,
    batch: int,
    at: float,
    size: tuple[int, int],
) -> bytes:
    """Pack crops (N, 28, 28) uint8, cut out at `boxes` from a frame of `size` (width, height).
    `at`: when they are sent, seconds since the epoch."""
    head: messages.Crops = {
        "camera": camera,
        "boot": boot,
        "batch": batch,
        "at": payloads.timestamp(at),
        "size": list(size),
        "count": len(crops),
        "boxes": [payloads.box(box) for box in boxes],
    }
    return payloads.encode(head) + b"\n" + crops.tobytes()


def decode(payload: bytes) -> Batch:
    """Unpack a message of crops. Raises ValueError where it is none, or could not be answered."""
    line, _, body = payload[:MOST_BYTES].partition(b"\n")
    head = _checked(_crops(), line, "crops")
    count = head["count"]
    if len(head["boxes"]) != count or len(body) != count * SIDE * SIDE:
        raise ValueError(f"not a message of crops: it has not the {count} that it says")
    return Batch(head, np.frombuffer(body, np.uint8).reshape(count, SIDE, SIDE))


def answer(head: messages.Crops, model: str, open_set: bool, classified: Classified) -> bytes:
    """Pack what a model's `classify` returned for the crops of the message `head`."""
    body: messages.Classes = {
        "camera": head["camera"],
        "boot": head["boot"],
        "batch": head["batch"],
        "at": head["at"],
        "size": head["size"],
        "model": model,
        "open_set": open_set,
        "labels": classified.labels.tolist(),
        "margins": [round(float(value), 6) for value in classified.margins],
        "confidence": [round(float(value), 6) for value in classified.confidence],
        "boxes": head["boxes"],
    }
    return payloads.encode(body)


def read_answer(payload: bytes) -> Classes:
    """Unpack a worker's answer. Raises ValueError where it is none."""
    body = _checked(_classes(), payload, "classes")
    labels = np.array(body["labels"], np.int64)
    with np.errstate(over="ignore"):  # too large a number becomes infinite, which is refused below
        margins = np.array(body["margins"], np.float32)
        confidence = np.array(body["confidence"], np.float32)
    if not len(labels) == len(margins) == len(confidence):
        raise ValueError("labels, margins and confidence are not of one length")
    if not np.isfinite(margins).all() or not np.isfinite(confidence).all():
        raise ValueError("values out of range")
    said = Classified(labels, margins, confidence)
    return Classes(body["boot"], body["batch"], body["model"], body["open_set"], said)


def _checked(form: TypeAdapter[T], text: bytes, what: str) -> T:
    try:
        return form.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "payload"
        raise ValueError(f"not a message of {what}: {where}: {first['msg']}") from error
