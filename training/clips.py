"""Rendered clips with known truth: sheets that come, move, turn, are covered by a hand and go."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from camd.values import Box, Digit, Image
from training.camera import Light, Pose, Table, photograph
from training.hand import Hand
from training.paper import Canvas, Sheet
from training.scenes import random_light, random_optics, random_pose, random_sheet, true_digits

STEADY = 60.0
"""Pixels a second; a digit that moves less is steady."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What one frame shows."""

    at: float
    """Seconds."""
    digits: tuple[Digit, ...] = ()
    """Those wholly in the frame and not covered; `track` is the same over the clip."""
    lines: tuple[str, ...] = ()
    """Of the sheet, where all of its digits can be seen; else empty."""
    steady: bool = False
    """True when lines are not empty and no digit moves faster than 60 px/s."""


def render_clip(
    seed: int,
    hand: Hand,
    seconds: float = 10.0,
    fps: float = 30.0,
    size: tuple[int, int] = (1280, 720),
) -> Iterator[tuple[Image, Truth]]:
    """Render two sheets one after the other: each comes in, is carried about at up to 200 px/s,
    turns within 15 degrees, scales within 0.7 to 1.4, lies still for its last third, and goes.
    Light and colour drift; a hand passes over the second sheet."""
    rng = np.random.default_rng(seed)
    table, optics = Table.random(rng, size), random_optics(rng)
    light, later = random_light(rng), random_light(rng)
    shows = [Show.random(rng, hand, seconds / 2, size) for _ in range(2)]
    before: dict[int | None, Digit] = {}
    for number in range(round(seconds * fps)):
        at = number / fps
        index = min(int(at / (seconds / 2)), 1)
        show, local = shows[index], at - index * seconds / 2
        pose = show.pose(local)
        covering = arm(size, 3 * local / (seconds / 2) - 0.6) if index == 1 else None
        image = photograph(
            show.sheet, pose, table, blend(light, later, at / seconds), optics, rng, covering
        )
        truth = truth_of(show.sheet, pose, covering, size, at, 1000 * index, before, fps)
        before = {digit.track: digit for digit in truth.digits}
        yield image, truth


@dataclass(frozen=True, slots=True, eq=False)
class Show:
    """One sheet's visit."""

    sheet: Sheet
    pose: Callable[[float], Pose]
    """Of the seconds since its visit began."""

    @classmethod
    def random(
        cls, rng: np.random.Generator, hand: Hand, seconds: float, size: tuple[int, int]
    ) -> "Show":
        sheet, rest = random_sheet(rng, hand), random_pose(rng, size)
        # Half of what a frame's width leaves free, so that a moving sheet stays in the frame.
        reach = 0.08 * size[0]
        speed = min(200 / reach, rng.uniform(1.0, 3.0))
        turn, grow = rng.uniform(-15, 15) - rest.turn, math.log(rng.uniform(0.7, 1.4))
        side = rng.choice([-1, 1])

        def pose(at: float) -> Pose:
            share = at / seconds
            calm = ease((0.66 - share) / 0.12)
            phase = speed * min(at, 0.66 * seconds)
            away = ease((0.12 - share) / 0.12) + ease((share - 0.9) / 0.1)
            return replace(
                rest,
                x=rest.x + reach * math.sin(phase) * calm + side * 1.2 * size[0] * away,
                y=rest.y + 0.4 * reach * math.sin(1.3 * phase) * calm,
                width=rest.width * math.exp(grow * 0.5 * (1 - math.cos(phase)) * calm),
                turn=rest.turn + turn * math.sin(0.7 * phase) * calm,
            )

        return cls(sheet, pose)


def ease(share: float) -> float:
    """0 below 0, 1 above 1, smooth between."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def blend(first: Light, second: Light, share: float) -> Light:
    """Return the light on its way from the first to the second."""

    def between(a: float, b: float) -> float:
        return a + (b - a) * share

    return Light(
        exposure=between(first.exposure, second.exposure),
        slope=(
            between(first.slope[0], second.slope[0]),
            between(first.slope[1], second.slope[1]),
        ),
        vignette=between(first.vignette, second.vignette),
        shadow=between(first.shadow, second.shadow),
        shadow_at=first.shadow_at,
        balance=(
            between(first.balance[0], second.balance[0]),
            between(first.balance[1], second.balance[1]),
            between(first.balance[2], second.balance[2]),
        ),
    )


def arm(size: tuple[int, int], share: float) -> Canvas | None:
    """Draw a forearm with a fist reaching in from below: (H, W, 4) BGR and cover; `share` 0..1
    takes it from the left of the frame to the right, None outside of that."""
    if not 0 <= share <= 1:
        return None
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


def truth_of(
    sheet: Sheet,
    pose: Pose,
    covering: Canvas | None,
    size: tuple[int, int],
    at: float,
    first_track: int,
    before: dict[int | None, Digit],
    fps: float,
) -> Truth:
    digits = [
        replace(digit, track=first_track + i)
        for i, digit in enumerate(true_digits(sheet, pose))
        if _shown(digit.box, covering, size)
    ]
    lines = sheet.lines if len(digits) == len(sheet.digits) else ()
    steady = bool(lines) and all(
        digit.track in before and _speed(digit.box, before[digit.track].box, fps) < STEADY
        for digit in digits
    )
    return Truth(at, tuple(digits), lines, steady)


def _shown(box: Box, covering: Canvas | None, size: tuple[int, int]) -> bool:
    x, y, width, height = box
    if x < 2 or y < 2 or x + width > size[0] - 2 or y + height > size[1] - 2:
        return False
    if covering is None:
        return True
    pad = 4
    under = covering[max(0, y - pad) : y + height + pad, max(0, x - pad) : x + width + pad, 3]
    return not bool((under > 0.05).any())


def _speed(now: Box, before: Box, fps: float) -> float:
    return fps * math.hypot(
        now[0] + now[2] / 2 - before[0] - before[2] / 2,
        now[1] + now[3] / 2 - before[1] - before[3] / 2,
    )
