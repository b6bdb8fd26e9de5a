"""PURE. What the page's API answers: the shape of each answer, and how it is made. The document at
/api/openapi.json is made from the same shapes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic wants this one before 3.12

from camd.config.settings import Settings
from camd.display.regions import why
from camd.mqtt import payloads
from camd.mqtt.fields import At, Camera, Count, Turn
from camd.mqtt.messages import CameraState, DigitItem, Frames, Percentiles, RegionItem
from camd.regions.value import MOST_VALUE
from camd.values import RegionReading, Result
from camd.web.feed import State

_described = with_config(ConfigDict(use_attribute_docstrings=True))

Live = Annotated[
    bool, Field(description="true while the camera gives pictures; else nothing is read")
]
Since = Annotated[
    At | None, Field(description="since when this is so; null before a first picture")
]


@_described
class Readings(TypedDict):
    """What the whole picture says."""

    camera: Camera
    live: Live
    at: Since
    lines: list[str]
    """From top to bottom; empty where regions are read instead."""
    text: str
    """The lines, joined by spaces."""
    complete: bool
    """False while something beside these digits may be one more."""
    turn: Turn
    digits: list[DigitItem]


@_described
class RegionAnswer(RegionItem):
    label: str
    """Its name for people."""
    unit: str | None
    why: str
    """Why there is no value, in words; empty where there is one."""


@_described
class Regions(TypedDict):
    """What each region says."""

    camera: Camera
    live: Live
    at: Since
    regions: list[RegionAnswer]
    """In the order of the configuration."""


@_described
class Health(TypedDict):
    """How camd is doing."""

    camera: Camera
    live: Live
    paused: bool
    """Somebody has paused the reading."""
    resting: bool
    """Nothing moves, so few frames are read."""
    broker: str
    """connected, what it waits for, or empty without one."""
    source: CameraState
    fps: Annotated[float, Field(ge=0)]
    """Frames read a second."""
    latency_ms: Percentiles
    """From capture to result."""
    frames: Frames
    rejected: dict[str, Count]
    """Pieces of ink that are no digits, by reason, since the start."""
    reconnects: Count
    uptime_s: Annotated[float, Field(ge=0)]


@_described
class PointItem(TypedDict):
    at: At
    value: Annotated[float | None, Field(description="the last good one; null without one")]
    low: Annotated[float | None, Field(description="the least good one")]
    high: Annotated[float | None, Field(description="the greatest good one")]
    change: Annotated[float | None, Field(description="from the good value before to this one")]
    good: Annotated[Count, Field(description="how often a good value was noted")]
    refused: Annotated[Count, Field(description="how often a value was refused")]
    why: Annotated[str, Field(description="status of the last refusal; empty without one")]


@_described
class History(TypedDict):
    """What a region said in a range of time."""

    camera: Camera
    region: str
    unit: str | None
    since: At
    until: At
    step: Annotated[
        Annotated[int, Field(ge=0)] | Literal["hour", "day", "month"],
        Field(description="between points, seconds, or a part of the calendar; 0: all"),
    ]
    points: list[PointItem]
    """The oldest first; the newest 5000."""


class Forgetting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    region: str = Field(max_length=200, description="its name")


class Setting(Forgetting):
    value: float = Field(gt=-MOST_VALUE, lt=MOST_VALUE, description="what it shows")


@_described
class Changed(TypedDict):
    """What a person's value has changed."""

    region: str
    value: float | None
    """Null where it is forgotten."""
    was: float | None
    """Null where there was none."""


@_described
class Problem(TypedDict):
    """Why a request was not answered."""

    error: str


def readings(settings: Settings, result: Result, at: float, *, live: bool) -> Readings:
    value = result.reading
    return {
        "camera": settings.name,
        "live": live,
        "at": _since(at),
        "lines": list(value.lines),
        "text": value.text,
        "complete": value.complete,
        "turn": value.turn,
        "digits": [payloads.digit(item) for item in value.digits],
    }


def regions(settings: Settings, result: Result, at: float, *, live: bool) -> Regions:
    said = {item.name: item for item in result.regions}
    answers = []
    for place in settings.region:
        value = said.get(place.name, RegionReading(place.name, "unseen"))
        item: RegionAnswer = {
            **payloads.region_item(value),
            "label": place.label or _label(place.name),
            "unit": place.unit,
            "why": "" if value.status == "ok" else why(value.status),
        }
        answers.append(item)
    return {"camera": settings.name, "live": live, "at": _since(at), "regions": answers}


def health(settings: Settings, state: State, *, live: bool) -> Health:
    payload: Mapping[str, Any] = state.health
    return {
        "camera": settings.name,
        "live": live,
        "paused": state.hud.paused,
        "resting": state.resting,
        "broker": state.hud.broker,
        "source": payload["camera"],
        "fps": payload["fps"],
        "latency_ms": payload["latency_ms"],
        "frames": payload["frames"],
        "rejected": payload["rejected"],
        "reconnects": payload["reconnects"],
        "uptime_s": payload["uptime_s"],
    }


def _label(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip() or name
    return words[0].upper() + words[1:]


def _since(at: float) -> str | None:
    return payloads.timestamp(at) if at else None
