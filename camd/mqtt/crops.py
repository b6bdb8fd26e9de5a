"""PURE: crops to bytes and back: what an edge device sends to workers, and what they answer.

A message of crops is one line of JSON (camera, boot, batch, count) and then count * 784 bytes,
row by row, ink bright on 0. A message of classes is JSON."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 28
BATCH = 32
"""Crops in a message: 25 kB, and a few milliseconds of a worker's time."""
MOST_BYTES = 65535


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """What a worker says of one batch."""

    boot: str
    batch: int
    model: str
    open_set: bool
    """True where the model knows what is no digit."""
    labels: NDArray[np.int64]
    """(N,) 0..9, or -1 for what is no digit."""
    margins: NDArray[np.float32]
    confidence: NDArray[np.float32]


def encode(camera: str, boot: str, batch: int, crops: NDArray[np.uint8]) -> bytes:
    """Pack crops (N, 28, 28) uint8."""
    head = {"camera": camera, "boot": boot, "batch": batch, "count": len(crops)}
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + crops.tobytes()


def decode(payload: bytes) -> tuple[str, int, NDArray[np.uint8]]:
    """Return boot, batch and crops (N, 28, 28). Raises ValueError where it is no such message."""
    line, _, body = payload[:MOST_BYTES].partition(b"\n")
    try:
        head = json.loads(line)
        boot, batch, count = str(head["boot"]), int(head["batch"]), int(head["count"])
        crops = np.frombuffer(body, np.uint8).reshape(count, SIDE, SIDE)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError("not a message of crops") from error
    return boot, batch, crops


def answer(boot: str, batch: int, model: str, open_set: bool, classified: Any) -> bytes:
    """Pack what a model's `classify` gave."""
    body = {
        "boot": boot,
        "batch": batch,
        "model": model,
        "open_set": open_set,
        "labels": classified.labels.tolist(),
        "margins": [round(float(value), 6) for value in classified.margins],
        "confidence": [round(float(value), 6) for value in classified.confidence],
    }
    return json.dumps(body, separators=(",", ":")).encode()


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
    return Classes(*head, labels, margins, confidence)
