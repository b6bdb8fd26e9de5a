"""What the page shows while somebody watches: the picture with what is marked on it, and the state
of all else."""

import json
from collections.abc import Mapping
from typing import Any

from camd import __version__
from camd.geometry import Corners
from camd.mqtt import payloads
from camd.web import answers
from camd.web.feed import Feed, Scene
from camd.web.log_tail import LogLine

HANGING_S = 10.0
"""The loop says each second how it is doing. After so many seconds without a word it is busy with
something else: it starts anew, or a driver holds it."""
BOUNDARY = "camd-1f0c9a55d7f24b3e"
"""Between the parts of a picture's answer. A JPEG ends with its own mark, and JSON as it is written
here has no line ends; so neither can hold a line with it."""


def state(feed: Feed, now: float, *, live: bool) -> dict[str, Any]:
    """Return all that is small, as it is sent when it changes. `now`: seconds, monotonic."""
    settings, told = feed.settings, feed.state
    scene = feed.scene
    found: dict[str, Any] = {
        "version": __version__,
        "name": settings.name,
        "model": feed.model_id,
        "live": live,
        # While pictures come, when the last one came says nothing new.
        "seen": payloads.timestamp(scene.frame.at) if scene and not live else None,
        "hanging": told is None or now - told.clock > HANGING_S,
        "lines": list(feed.result.reading.lines),
        "complete": feed.result.reading.complete,
        "since": payloads.timestamp(feed.at) if feed.at else None,
        "regions": answers.regions(settings, feed.result, feed.at, live=live)["regions"],
        "health": None,
    }
    if told:
        found["health"] = answers.health(settings, told, live=live)
        found["sourceName"] = told.hud.source
        found["stages"] = told.health["stages_ms"]
    return found


def label(scene: Scene) -> str:
    """Tell pictures apart, also over a new start, after which frames are counted from 1 again."""
    return f"{scene.frame.number}-{round(1000 * scene.frame.at)}"


def marks(feed: Feed, scene: Scene) -> dict[str, Any]:
    """Return what is drawn over the picture of `scene`; places are pixels of the frame."""
    result = scene.result
    high, wide = scene.frame.image.shape[:2]
    paused = feed.state is not None and feed.state.hud.paused
    return {
        "label": label(scene),
        "number": scene.frame.number,
        "at": payloads.timestamp(scene.frame.at),
        "size": [wide, high],
        "digits": [] if paused else [payloads.digit(item) for item in result.digits],
        "lines": [] if paused else [line.text for line in result.lines],
        "rejected": []
        if paused
        else [
            {"box": payloads.box(item.box), "reason": str(item.reason)} for item in result.rejected
        ],
        "regions": [
            {"name": item.name, "said": item.said, "ok": item.status == "ok", "outline": outline}
            for item in result.regions
            if (outline := [[round(x), round(y)] for x, y in item.outline])
        ],
        "masks": [
            {"name": mask.name, "outline": _pixels(mask.polygon, (wide, high))}
            for mask in feed.settings.mask
        ],
    }


def together(scene: Mapping[str, Any], jpeg: bytes) -> bytes:
    """Return marks and picture as one body of the type multipart/form-data: so a browser never
    draws the marks of one frame on the picture of another."""
    head = payloads.encode(scene)
    return b"".join(
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="marks"\r\n\r\n'.encode(),
            head,
            f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture";'
            ' filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode(),
            jpeg,
            f"\r\n--{BOUNDARY}--\r\n".encode(),
        )
    )


def log_lines(lines: list[LogLine]) -> list[dict[str, Any]]:
    return [
        {"number": line.number, "at": payloads.timestamp(line.at), "level": line.level,
         "text": line.text}
        for line in lines
    ]  # fmt: skip


def event(name: str, data: Any) -> str:
    """Return a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _pixels(points: Corners, size: tuple[int, int]) -> list[list[int]]:
    return [[round(x * size[0]), round(y * size[1])] for x, y in points]
