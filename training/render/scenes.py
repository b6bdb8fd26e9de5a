"""Draws the parts of a labelled scene at random: sheet, pose, light and optics."""

from dataclasses import dataclass

import numpy as np

from camd.values import Digit, Image
from training.render.camera import Light, Optics, Pose, Table, boxes_in_frame, photograph
from training.render.hand import Hand
from training.render.paper import Sheet, Style, random_style, write_sheet


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    image: Image
    digits: tuple[Digit, ...]
    """The digits that are really there, with confidence 1, in reading order."""
    lines: tuple[str, ...]


def render_scene(
    rng: np.random.Generator, hand: Hand, size: tuple[int, int] = (1280, 720)
) -> Scene:
    """Photograph a random sheet that is completely inside a frame of (width, height) pixels."""
    sheet = random_sheet(rng, hand)
    pose = random_pose(rng, size)
    return Scene(on_a_table(rng, sheet, pose, size), true_digits(sheet, pose), sheet.lines)


def on_a_table(
    rng: np.random.Generator,
    sheet: Sheet,
    pose: Pose,
    size: tuple[int, int],
    light: Light | None = None,
) -> Image:
    """Photograph a sheet on a random table with random optics; without a `light`, that is random,
    too. Give the picture (height, width, 3) BGR for a `size` of (width, height)."""
    table = Table.random(rng, size)
    return photograph(sheet, pose, table, light or random_light(rng), random_optics(rng), rng)


def random_sheet(rng: np.random.Generator, hand: Hand) -> Sheet:
    style = random_style(rng)
    return write_sheet(rng, hand, random_lines(rng, style), style)


def random_lines(rng: np.random.Generator, style: Style, rows: int = 5) -> list[str]:
    """Give one to `rows` random lines that fit on a sheet."""
    room = int(1200 * 0.8 / (style.height * (0.75 + 1.25 * style.spacing)))
    return [
        "".join(str(d) for d in rng.integers(0, 10, rng.integers(1, min(8, room) + 1)))
        for _ in range(rng.integers(1, min(rows, 800 // int(1.7 * style.height)) + 1))
    ]


def random_pose(rng: np.random.Generator, size: tuple[int, int]) -> Pose:
    width, height = size
    return Pose(
        x=width * rng.uniform(0.48, 0.52),
        y=height * rng.uniform(0.48, 0.52),
        width=min(width, 1.5 * height) * rng.uniform(0.6, 0.85),
        turn=rng.uniform(-12, 12),
        tilt=(rng.uniform(-12, 12), rng.uniform(-12, 12)),
    )


def random_light(rng: np.random.Generator) -> Light:
    return Light(
        exposure=rng.uniform(0.6, 1.1),
        slope=(rng.uniform(-0.25, 0.25), rng.uniform(-0.2, 0.2)),
        vignette=rng.uniform(0, 0.35),
        shadow=rng.choice([0.0, rng.uniform(0.15, 0.5)]),
        shadow_at=(rng.uniform(0, 360), rng.uniform(-0.5, 0.5)),
        balance=(rng.uniform(0.85, 1.1), 1.0, rng.uniform(0.9, 1.12)),
    )


def random_optics(rng: np.random.Generator) -> Optics:
    return Optics(blur=rng.uniform(0.3, 1.6), noise=rng.uniform(0.5, 6))


def true_digits(sheet: Sheet, pose: Pose) -> tuple[Digit, ...]:
    """Return all digits of the sheet with their boxes in the frame, even if they are outside it."""
    return tuple(
        Digit(written.digit, 1.0, box, stable=True)
        for written, box in zip(sheet.digits, boxes_in_frame(sheet, pose), strict=True)
    )
