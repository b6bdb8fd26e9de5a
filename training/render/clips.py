"""Renders clips from a script, and what each frame shows: sheets come, move, turn, are covered by a
hand and go, while light and focus change."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.errors import DataError
from camd.evaluate.clip_truth import Place, Span, State, write_truth
from camd.values import Box, Image
from training.render.camera import (
    Light,
    Optics,
    Pose,
    Table,
    boxes_in_frame,
    homography,
    photograph,
)
from training.render.paper import Canvas, Sheet

STEADY = 60.0
"""A digit that moves by fewer pixels a second counts as steady."""
SHUTTER = 0.01
"""How long the shutter is open for each frame, seconds."""

T = TypeVar("T", Pose, Light, Optics)
Keys: TypeAlias = Sequence[tuple[float, T]]
"""Pairs (second, value) in order of time. Between two of them, the value changes smoothly from one
to the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """One sheet in front of the camera, from the first of its poses to the last."""

    sheet: Sheet
    poses: Keys[Pose]


@dataclass(frozen=True, slots=True, eq=False)
class Script:
    seconds: float
    table: Table
    visits: tuple[Visit, ...]
    """In order of time; there is only one sheet at a time."""
    lights: Keys[Light]
    optics: Keys[Optics]
    arms: tuple[tuple[float, float], ...] = ()
    """For each time that a hand passes over the sheet: the seconds when it comes and when it has
    gone."""


def render(script: Script, rng: np.random.Generator, fps: float) -> Iterator[tuple[Image, Span]]:
    """Yield each frame with what it shows. Frames are as large as the table of the script. `rng`
    makes the noise."""
    height, width = script.table.image.shape[:2]
    for number in range(round(script.seconds * fps)):
        at = number / fps
        visit = next((v for v in script.visits if v.poses[0][0] <= at < v.poses[-1][0]), None)
        covering = next(
            (arm((width, height), (at - a) / (b - a)) for a, b in script.arms if a <= at <= b), None
        )
        optics = keyed(script.optics, at)
        if visit is None:
            sheet, pose = None, Pose(0, 0, 1)
        else:
            sheet, pose = visit.sheet, keyed(visit.poses, at)
            later = keyed(visit.poses, at + SHUTTER)
            optics = replace(optics, motion=(later.x - pose.x, later.y - pose.y))
        image = photograph(
            sheet, pose, script.table, keyed(script.lights, at), optics, rng, covering
        )
        yield image, _truth(visit, covering, (width, height), number, fps)


def write(path: Path, kind: str, frames: Iterable[tuple[Image, Span]], fps: float) -> None:
    """Write the clip to `path`, and what it shows to a JSON file beside it. The clip is an AVI file
    with Motion JPEG, which most webcams give, too."""
    writer = cv2.VideoWriter()
    spans = []
    for image, span in frames:
        if not writer.isOpened():
            motion_jpeg = cv2.VideoWriter.fourcc(*"MJPG")
            quality = [int(cv2.VIDEOWRITER_PROP_QUALITY), 85]
            size = image.shape[1::-1]
            if not writer.open(str(path), cv2.CAP_OPENCV_MJPEG, motion_jpeg, fps, size, quality):
                raise DataError(f"{path} cannot be written")
        writer.write(image)
        spans.append(span)
    writer.release()
    write_truth(path.with_suffix(".json"), kind, spans)


def _truth(
    visit: Visit | None,
    covering: Canvas | None,
    size: tuple[int, int],
    number: int,
    fps: float,
) -> Span:
    nothing = Span(number + 1, number + 1, ())
    if visit is None or not visit.sheet.digits:
        return nothing
    at = number / fps
    boxes = boxes_in_frame(visit.sheet, keyed(visit.poses, at))
    places = tuple(
        Place(written.digit, box)
        for written, box in zip(visit.sheet.digits, boxes, strict=True)
        if _reaches_in(box, size)
    )
    if not places:
        return nothing
    whole = all(_wholly_in(box, size) for box in boxes)
    state: State = "steady" if whole and _speed(visit, at, fps) < STEADY else "moving"
    if any(_covered(place.box, covering) for place in places):
        state = "covered"
    return replace(nothing, lines=visit.sheet.lines, state=state, places=places)


def _speed(visit: Visit, at: float, fps: float) -> float:
    """Return the speed of the fastest digit over the time of one frame, pixels a second."""
    middles = [
        [x + width / 2, y + height / 2]
        for x, y, width, height in (written.box for written in visit.sheet.digits)
    ]
    before, after = (
        cv2.perspectiveTransform(
            np.array([middles], np.float64), homography(visit.sheet, keyed(visit.poses, moment))
        )[0]
        for moment in (at - 0.5 / fps, at + 0.5 / fps)
    )
    step: NDArray[np.float64] = np.linalg.norm(after - before, axis=1)
    return float(step.max() * fps)


def keyed(keys: Keys[T], at: float) -> T:
    """Return the value at `at` seconds."""
    for (start, one), (end, other) in pairwise(keys):
        if at < end:
            return mix(one, other, ease((at - start) / (end - start)))
    return keys[-1][1]


def mix(one: T, other: T, share: float) -> T:
    """Return the mixture of two values: `one` for a `share` of 0, `other` for 1."""

    def between(a: Any, b: Any) -> Any:
        if isinstance(a, tuple):
            return tuple(map(between, a, b))
        return a + (b - a) * share

    return type(one)(
        **{f.name: between(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)}
    )


def ease(share: float) -> float:
    """Return 0 below 0, 1 above 1, and a smooth curve in between."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def arm(size: tuple[int, int], share: float) -> Canvas:
    """Draw a forearm with a fist that reaches into the frame from below: (H, W, 4), BGR and how far
    it covers each pixel. A `share` from 0 to 1 moves it from left to right."""
    width, height = size
    x, y = width * (1.4 * share - 0.2), height * (1 - 0.75 * math.sin(math.pi * share))
    shape = np.zeros((height, width), np.float32)
    thick = round(0.13 * height)
    foot = round(x + 0.15 * width), height + thick
    cv2.line(shape, (round(x), round(y)), foot, 1.0, thick, cv2.LINE_AA)
    cv2.circle(shape, (round(x), round(y)), round(0.62 * thick), 1.0, -1, cv2.LINE_AA)
    cover = cv2.GaussianBlur(shape, (0, 0), 2)
    depth = cv2.GaussianBlur(shape, (0, 0), 0.2 * thick)
    skin = np.array((140, 165, 205), np.float32) * (0.45 + 0.6 * depth)[:, :, None]
    return np.asarray(np.dstack([skin, cover]), np.float32)


def _reaches_in(box: Box, size: tuple[int, int]) -> bool:
    x, y, width, height = box
    return x + width > 0 and y + height > 0 and x < size[0] and y < size[1]


def _wholly_in(box: Box, size: tuple[int, int]) -> bool:
    x, y, width, height = box
    return x >= 2 and y >= 2 and x + width <= size[0] - 2 and y + height <= size[1] - 2


def _covered(box: Box, covering: Canvas | None) -> bool:
    if covering is None:
        return False
    x, y, width, height = box
    pad = 4
    under = covering[max(0, y - pad) : y + height + pad, max(0, x - pad) : x + width + pad, 3]
    return bool((under > 0.05).any())
