"""Reads and writes the JSON file beside a clip that tells what the clip shows, frame by frame.
docs/evaluation.md describes it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from camd.errors import DataError
from camd.evaluate.truth import read_json
from camd.values import Box

VIDEOS = (".avi", ".mp4", ".mkv", ".mov", ".webm")
"""Files with these endings are taken for clips."""

State: TypeAlias = Literal["steady", "moving", "covered"]


@dataclass(frozen=True, slots=True)
class Place:
    digit: int
    box: Box


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of frames that all show the same."""

    first: int
    last: int
    """First and last frame; the clip starts with frame 1."""
    lines: tuple[str, ...]
    """What is written on the sheet, as camd should read it; empty where there is no sheet."""
    state: State = "steady"
    """"steady": the whole sheet can be seen, and it lies still. "moving": it moves, or is partly
    outside the picture. "covered": something is in front of it."""
    places: tuple[Place, ...] | None = None
    """Where the digits of the sheet are, with those that are covered; None when not known."""


@dataclass(frozen=True, slots=True)
class Clip:
    video: Path
    kind: str
    """Clips of the same kind are summed up together."""
    spans: tuple[Span, ...]
    """In order of time, without overlap. Frames that are in none of them do not count."""


def load_clips(directory: Path) -> tuple[Clip, ...]:
    """Read NAME.json for every NAME.avi, .mp4, .mkv, .mov or .webm that has one, sorted by name.

    Raises DataError when there is none, or when a file cannot be read or is wrong."""
    try:
        videos = sorted(path for path in directory.iterdir() if path.suffix.lower() in VIDEOS)
    except OSError as exc:
        raise DataError(f"{directory} cannot be read: {exc.strerror}") from exc
    clips = tuple(_load(video) for video in videos if video.with_suffix(".json").exists())
    if not clips:
        raise DataError(
            f"{directory} holds no clip with its truth: NAME.mp4 and beside it NAME.json, with "
            '{"readings": [{"from": 1, "to": 90, "lines": ["1947", "28"]}]}'
        )
    return clips


def write_truth(path: Path, kind: str, spans: Sequence[Span]) -> None:
    data = {"kind": kind, "readings": [_entry(span) for span in spans]}
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


def _load(video: Path) -> Clip:
    path = video.with_suffix(".json")
    data = read_json(path)
    entries = data.get("readings") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not entries:
        raise DataError(f'{path} must hold {{"readings": [{{"from": 1, "to": 90, "lines": []}}]}}')
    spans = tuple(_span(entry, f"{path}, reading {n}") for n, entry in enumerate(entries, 1))
    for before, after in pairwise(spans):
        if after.first <= before.last:
            raise DataError(
                f"{path}: the reading from {after.first} starts before that from {before.first} "
                f"ends ({before.last})"
            )
    kind = data.get("kind")
    return Clip(video, kind if isinstance(kind, str) else "", spans)


def _span(entry: Any, where: str) -> Span:
    if not isinstance(entry, dict):
        raise DataError(f'{where}: expected {{"from": 1, "to": 90, "lines": ["1947"]}}')
    first, last, lines = entry.get("from"), entry.get("to"), entry.get("lines")
    if not isinstance(first, int) or not isinstance(last, int) or not 1 <= first <= last:
        raise DataError(f'{where}: "from" and "to" must be numbers of frames, the first is 1')
    if not isinstance(lines, list) or not all(_is_line(line) for line in lines):
        raise DataError(f'{where}: "lines" must be a list, each a string of 0 to 9 and spaces')
    state = entry.get("state", "steady")
    if state not in get_args(State):
        raise DataError(f'{where}: "state" must be one of {", ".join(get_args(State))}')
    digits = entry.get("digits")
    return Span(
        first, last, tuple(lines), state, None if digits is None else tuple(_places(digits, where))
    )


def _is_line(line: object) -> bool:
    return isinstance(line, str) and bool(line.strip()) and set(line) <= set("0123456789 ")


def _places(digits: Any, where: str) -> Iterator[Place]:
    for each in digits if isinstance(digits, list) else [None]:
        if (
            not isinstance(each, list)
            or len(each) != 5
            or not all(isinstance(number, int) for number in each)
            or not 0 <= each[0] <= 9
        ):
            raise DataError(f'{where}: "digits" must be a list of [digit, x, y, width, height]')
        digit, x, y, width, height = each
        yield Place(digit, (x, y, width, height))


def _entry(span: Span) -> dict[str, Any]:
    entry: dict[str, Any] = {"from": span.first, "to": span.last, "lines": list(span.lines)}
    if span.state != "steady":
        entry["state"] = span.state
    if span.places is not None:
        entry["digits"] = [[place.digit, *place.box] for place in span.places]
    return entry
