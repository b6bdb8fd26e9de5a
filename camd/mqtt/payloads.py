"""PURE. From values to the JSON that subscribers read."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from camd.config.settings import RegionSettings
from camd.mqtt import messages
from camd.values import (
    Box,
    Digit,
    Event,
    Frame,
    Moved,
    Problem,
    Reading,
    RegionEvent,
    RegionReading,
    Result,
)

ONLINE = b"online"
OFFLINE = b"offline"

_THOUSANDTH = Decimal("0.001")


def encode(payload: Mapping[str, Any]) -> bytes:
    """Return `payload` as compact UTF-8 JSON. A number that is not finite becomes null. A byte that
    is no UTF-8, in the name of a file, becomes a question mark."""
    text = json.dumps(_finite(payload), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode(errors="replace")


def _finite(value: Any) -> Any:
    """Replace NaN and infinity by None: JSON has neither, and json.dumps would write them all the
    same."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def timestamp(at: float) -> str:
    """Return seconds since the epoch as RFC 3339 in UTC with milliseconds."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return moment.removesuffix("+00:00") + "Z"


def confidence(value: float) -> float:
    """Round down to three decimals: 0.9996 must not look certain. NaN becomes 0."""
    number = float(value)
    if not math.isfinite(number):
        return 0.0
    return float(Decimal(repr(number)).quantize(_THOUSANDTH, ROUND_DOWN))


def box(value: Box) -> list[int]:
    return [int(item) for item in value]


def digit(value: Digit) -> messages.DigitItem:
    return {
        "digit": int(value.digit),
        "confidence": confidence(value.confidence),
        "box": box(value.box),
        "track": value.track,
        "stable": value.stable,
    }


def region_item(value: RegionReading) -> messages.RegionItem:
    return {
        "name": value.name,
        "value": value.value,
        "text": value.text,
        "status": value.status,
        "confidence": None if value.confidence is None else confidence(value.confidence),
    }


def digits(
    *,
    camera: str,
    boot: str,
    seq: int,
    frame: Frame,
    result: Result,
    model_id: str,
    age_ms: float,
) -> messages.Digits:
    """Return the message about one frame. `age_ms`: from its capture to this message."""
    height, width = frame.image.shape[:2]
    payload: messages.Digits = {
        "camera": camera,
        "boot": boot,
        "seq": seq,
        "at": timestamp(frame.at),
        "age_ms": round(max(age_ms, 0.0), 1),
        "size": [width, height],
        "model": model_id,
        "digits": [digit(item) for item in result.digits],
        "lines": [line.text for line in result.lines],
        "turn": result.turn,
        "rejected": len(result.rejected),
    }
    if result.regions:
        payload["regions"] = [region_item(item) for item in result.regions]
    return payload


def reading(
    *, camera: str, boot: str, seq: int, at: float, value: Reading, dropped: int
) -> messages.Reading:
    """Return the message about a reading, which holds since `at`. `dropped`: events lost so far in
    this run."""
    return {
        "camera": camera,
        "boot": boot,
        "seq": seq,
        "at": timestamp(at),
        "lines": list(value.lines),
        "text": value.text,
        "complete": value.complete,
        "turn": value.turn,
        "digits": [digit(item) for item in value.digits],
        "dropped": dropped,
    }


def region(
    *,
    camera: str,
    boot: str,
    seq: int,
    at: float,
    value: RegionReading,
    place: RegionSettings | None = None,
) -> messages.Region:
    """Return the message about a region, which holds since `at`. `place`: what the configuration
    says of it."""
    item = region_item(value)
    return {
        "camera": camera,
        "boot": boot,
        "seq": seq,
        "at": timestamp(at),
        "value": item["value"],
        "text": item["text"],
        "status": item["status"],
        "confidence": item["confidence"],
        "label": place.label if place else None,
        "unit": place.unit if place else None,
        "device_class": place.device_class if place else None,
        "good": value.good,
        "since": None if value.good is None else timestamp(at - value.good_age),
        "rate": None if value.rate is None else rounded(value.rate),
        "problem": problem(value.problem, at),
        "moved": moved(value.moved),
    }


def moved(value: Moved | None) -> messages.Moved | None:
    """Return what there is to say of a region that has moved."""
    if value is None:
        return None
    return {
        "x": round(value.x),
        "y": round(value.y),
        "turn": round(value.turn, 1),
        "scale": round(value.scale, 2),
    }


def problem(value: Problem | None, at: float) -> messages.Problem | None:
    """Return what there is to say of a problem at `at`."""
    return {"since": timestamp(at - value.age), "why": value.why} if value else None


def rounded(rate: float) -> float:
    """Round to the four digits that a rate of whole readings can have."""
    return float(f"{rate:.4g}")


def region_event(
    *, camera: str, boot: str, seq: int, at: float, value: RegionEvent, dropped: int
) -> messages.RegionEvent:
    """Return the message about a last good value that was changed."""
    return {
        "camera": camera,
        "boot": boot,
        "seq": seq,
        "at": timestamp(at),
        "type": value.type,
        "region": value.region,
        "value": value.value,
        "was": value.was,
        "dropped": dropped,
    }


def event(
    *, camera: str, boot: str, seq: int, at: float, value: Event, dropped: int
) -> messages.Event:
    """Return the message about one digit that came, changed or went. `was` is null unless it
    changed."""
    return {
        "camera": camera,
        "boot": boot,
        "seq": seq,
        "at": timestamp(at),
        "type": value.type,
        "track": value.digit.track,
        "digit": int(value.digit.digit),
        "was": value.was,
        "confidence": confidence(value.digit.confidence),
        "box": box(value.digit.box),
        "dropped": dropped,
    }


def response(transaction: Any, data: Mapping[str, Any] | None, error: str) -> messages.Response:
    """Return the answer to a request: `error`, or `data` if there was no error."""
    answer: messages.Response = (
        {"status": "error", "error": error} if error else {"status": "ok", "data": dict(data or {})}
    )
    if transaction is not None:
        answer["transaction"] = transaction
    return answer
