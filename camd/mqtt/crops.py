"""PURE: crops to bytes and back: what an edge device sends to workers, and what they answer.

A message of crops is one line of JSON (messages.Crops: which they are and where they lie) and then
count * 784 bytes, row by row, ink bright on 0. A message of classes is JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.mqtt import messages, payloads
from camd.values import SIDE, Box, Classified

BATCH = 32
"""Crops in a message: 26 kB, and a few milliseconds of a worker's time."""
MOST_BYTES = 65535


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
    """True where the model knows what is no digit."""
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
    """Pack crops (N, 28, 28) uint8 that lie in `boxes` of a frame of `size` (width, height), sent
    `at` seconds since the epoch."""
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
    """Raises ValueError where it is no message of crops."""
    line, _, body = payload[:MOST_BYTES].partition(b"\n")
    try:
        said = json.loads(line)
        count = int(said["count"])
        head: messages.Crops = {
            "camera": str(said["camera"]),
            "boot": str(said["boot"]),
            "batch": int(said["batch"]),
            "at": str(said["at"]),
            "size": np.array(said["size"], np.int64).reshape(2).tolist(),
            "count": count,
            "boxes": np.array(said["boxes"], np.int64).reshape(count, 4).tolist(),
        }
        crops = np.frombuffer(body, np.uint8).reshape(count, SIDE, SIDE)
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError("not a message of crops") from error
    return Batch(head, crops)


def answer(head: messages.Crops, model: str, open_set: bool, classified: Classified) -> bytes:
    """Pack what a model's `classify` gave for the crops of `head`."""
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
    """Raises ValueError where it is no such message."""
    try:
        body = json.loads(payload)
        labels = np.array(body["labels"], np.int64)
        margins = np.array(body["margins"], np.float32)
        confidence = np.array(body["confidence"], np.float32)
        head = str(body["boot"]), int(body["batch"]), str(body["model"]), bool(body["open_set"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError("not a message of classes") from error
    if not labels.shape == margins.shape == confidence.shape == (len(labels),):
        raise ValueError("labels, margins and confidence are not of one length")
    if np.any((labels < -1) | (labels > 9)) or not np.all(np.isfinite(margins + confidence)):
        raise ValueError("values out of range")
    return Classes(*head, Classified(labels, margins, confidence))
