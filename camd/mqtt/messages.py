"""PURE: the shape of every payload. One table: mypy holds the builders to it, the JSON Schemas
and the reference in docs/mqtt.md are made from it. Keys may be added, never taken away."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, TypeAdapter, with_config
from typing_extensions import TypedDict  # pydantic wants this one before 3.12

from camd.mqtt.fields import (
    AllRight,
    At,
    Boot,
    Box,
    Camera,
    Confidence,
    Count,
    Milliseconds,
    Number,
    Seq,
    Size,
    Status,
    Turn,
    Value,
)

_described = with_config(ConfigDict(use_attribute_docstrings=True))

EVENT_TYPES = ("new", "change", "end")
REGION_EVENT_TYPES = ("set", "forget", "accepted", "corrected")


@_described
class DigitItem(TypedDict):
    digit: Value
    confidence: Confidence
    box: Box
    track: int | None
    """Its identity from frame to frame."""
    stable: bool
    """True when the votes over frames have settled on it."""


@_described
class RegionItem(TypedDict):
    name: str
    value: Number
    text: str
    status: Status
    confidence: AllRight


@_described
class Digits(TypedDict):
    """What one frame gave, before any vote."""

    camera: Camera
    boot: Boot
    seq: Seq
    at: At
    age_ms: Milliseconds
    """From the capture of the frame to this message."""
    size: Size
    model: str
    digits: list[DigitItem]
    """In reading order."""
    lines: list[str]
    turn: Turn
    rejected: Count
    """Pieces of ink that are not published."""
    regions: NotRequired[list[RegionItem]]
    """What each `[[region]]` says; left out where there are none."""


@_described
class Reading(TypedDict):
    """What the scene says."""

    camera: Camera
    boot: Boot
    seq: Seq
    at: At
    lines: list[str]
    """From top to bottom; empty for an empty scene."""
    text: str
    """The lines, joined by spaces."""
    complete: bool
    """False while something beside these digits may be one more, of which camd is not sure: a
    number may lack a digit."""
    turn: Turn
    digits: list[DigitItem]
    dropped: Count
    """Events lost so far in this boot."""


@_described
class Problem(TypedDict):
    since: At
    """When it was read last, or when camd began to look."""
    why: str
    """The status of the region, or what is wrong with the camera."""


@_described
class Moved(TypedDict):
    x: int
    y: int
    """Of the middle of the region, pixels of the frame, to the right and down."""
    turn: float
    """Degrees, clockwise."""
    scale: Annotated[float, Field(gt=0)]
    """Greater than 1 where the camera has come nearer."""


@_described
class Region(TypedDict):
    """What one `[[region]]` says."""

    camera: Camera
    boot: Boot
    seq: Seq
    at: At
    value: Number
    text: str
    """The digits that were read, a space between two rows."""
    status: Status
    confidence: AllRight
    label: str | None
    """Its name for people; null where the configuration gives none."""
    unit: str | None
    """Of the value; null where the configuration gives none."""
    device_class: str | None
    """What the value is, in Home Assistant's words; null where the configuration does not say."""
    good: Number
    """The last good value: `value` where that is not null; null where none is known."""
    since: At | None
    """When `good` was seen last, or set; null where there is none."""
    rate: float | None
    """Change of the value an hour, over the last `rate_s` seconds; null while nobody can tell."""
    problem: Problem | None
    """What has been wrong for `problem_after_s`; null while there is a good value often enough."""
    moved: Moved | None
    """How the region has moved along with what is around it; null where it is where it was
    drawn."""


@_described
class Event(TypedDict):
    """What became of one digit."""

    camera: Camera
    boot: Boot
    seq: Seq
    at: At
    type: Annotated[str, Field(json_schema_extra={"enum": list(EVENT_TYPES)})]
    track: int | None
    digit: Value
    was: Value | None
    """The digit said before, for a change."""
    confidence: Confidence
    box: Box
    dropped: Count
    """Events lost so far in this boot, when this one was made."""


@_described
class RegionEvent(TypedDict):
    """What became of the last good value of a region, otherwise than by a reading."""

    camera: Camera
    boot: Boot
    seq: Seq
    at: At
    type: Annotated[str, Field(json_schema_extra={"enum": list(REGION_EVENT_TYPES)})]
    """`set` and `forget`: on request. `accepted`: it broke a limit for `accept_after_s`.
    `corrected`: the value before was a misread one, by all that was read since."""
    region: str
    value: int | float | None
    """Null where it is forgotten."""
    was: int | float | None
    """The last good value before, or null."""
    dropped: Count
    """Events lost so far in this boot, when this one was made."""


@_described
class Percentiles(TypedDict):
    p50: Milliseconds
    p99: Milliseconds


@_described
class Frames(TypedDict):
    captured: Count
    processed: Count
    dropped: Count
    """Overwritten by a newer one, or grown too old."""
    corrupt: Count


@_described
class CameraState(TypedDict):
    state: str
    """waiting, open, ended, or why not: missing, busy, permission, unreadable, failed, ..."""
    error: str
    failures: NotRequired[dict[str, Count]]
    """How often it came to each of these."""


@_described
class MessageCounts(TypedDict):
    state: str
    """connected, or what it waits for."""
    error: str
    connected: bool
    alive: bool
    failures: Count
    """Unexpected exceptions, each survived."""
    queued: Count
    sent: Count
    dropped: Count
    """Messages lost: `digits` that found no room, and events."""
    events_dropped: Count
    events_unsaved: NotRequired[Count]
    """Events that the disk did not take when they came, so that they waited in memory only
    (`mqtt.outbox`)."""
    events_file: NotRequired[str]
    """What is wrong with the file of events, or was at the start: why events are kept in memory
    only, or as what a damaged file was set aside. Empty while all is well."""
    requests_ignored: Count
    """Requests without an answer: retained ones, and those beyond the rate."""


@_described
class Health(TypedDict):
    """How camd is doing."""

    boot: Boot
    at: At
    fps: Annotated[float, Field(ge=0)]
    """Frames processed a second."""
    latency_ms: Percentiles
    """From capture to publication."""
    stages_ms: dict[str, Milliseconds]
    """Mean time a stage: `capture`, from the device to the reader; `follow`, where the regions are;
    `segment`, `split` (touching digits), `features`, `kernel`, or instead of these two `workers`,
    `context`, `track`, `lines`; `encode` and `publish`, up to the connection."""
    frames: Frames
    rejected: dict[str, Count]
    """By reason."""
    reconnects: Count
    """How often the camera came back."""
    camera: CameraState
    problem: Problem | None
    """What has been wrong with the camera for `camera.problem_after_s`; null while nothing is."""
    messages: MessageCounts
    uptime_s: Annotated[float, Field(ge=0)]


@_described
class Info(TypedDict):
    """What camd is, and how it is set."""

    boot: Boot
    at: At
    version: str
    model: dict[str, Any]
    """Its id, and its scores where they were measured."""
    source: str
    """Without any password."""
    size: Size
    options: dict[str, Any]
    """Those that decide what is read."""


@_described
class State(TypedDict):
    """What requests can change, as it is now."""

    boot: Boot
    at: At
    detection: bool
    """False while paused."""
    options: dict[str, Any]


@_described
class Response(TypedDict):
    """What became of a request."""

    transaction: NotRequired[Any]
    """As in the request, where it had one."""
    status: Literal["ok", "error"]
    data: NotRequired[dict[str, Any]]
    error: NotRequired[str]


@_described
class Crops(TypedDict):
    """What a device that only cuts sends to workers. This is the first line of the message; behind
    it are 784 bytes a crop, 28 rows of 28, ink bright on 0."""

    camera: Camera
    boot: Boot
    batch: Count
    """Comes back in the answer."""
    at: At
    size: Size
    count: Count
    """Of crops."""
    boxes: list[Box]
    """Where each lies, in pixels of the frame."""


@_described
class Classes(TypedDict):
    """What a worker makes of one message of crops; camera, boot, batch, at, size and boxes as
    there."""

    camera: Camera
    boot: Boot
    batch: Count
    at: At
    size: Size
    model: str
    open_set: bool
    """True where the model knows what is no digit."""
    labels: list[Annotated[int, Field(ge=-1, le=9)]]
    """One a crop; -1 for what is no digit."""
    margins: list[float]
    """By how much each is a digit and none of the others."""
    confidence: list[Annotated[float, Field(ge=0, le=1)]]
    boxes: list[Box]


TOPICS: dict[str, Any] = {
    "digits": Digits,
    "reading": Reading,
    "event": Event | RegionEvent,
    "region": Region,
    "health": Health,
    "info": Info,
    "state": State,
    "response": Response,
    "crops": Crops,
    "classes": Classes,
}
"""What is JSON, by the first part of its topic below the camera's; of `crops` the first line.
`status` is text, `snapshot` a JPEG."""


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the payload of the topic `name`."""
    made = TypeAdapter(TOPICS[name]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
