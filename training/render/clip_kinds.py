"""The kinds of clips that measure how camd reads over time. Each kind is a script drawn at random
with its own kind of movement or change; everything else is still. `mixed` has most of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.render.camera import Light, Optics, Pose, Table
from training.render.clips import Keys, Script, Visit, render, write
from training.render.hand import Hand
from training.render.paper import Sheet, random_style, write_sheet
from training.render.scenes import random_light, random_optics, random_pose, random_sheet

SIZE = 640, 480
FPS = 30
MOVE = 0.4
"""Seconds that a sheet takes to be put down or taken away."""
FASTEST = 200.0
"""Greatest speed of a sheet that is carried about, pixels a second."""
TURN = 15.0
"""How far a sheet is turned at most in either direction, degrees."""
SCALE = 0.7, 1.4
"""Least and greatest size of a sheet that comes nearer and goes farther, by its usual size."""


def still(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A sheet is put down and lies there."""
    rest = random_pose(rng, size)
    visit = Visit(random_sheet(rng, hand), (*_come(rng, rest, size, 0.3), (8.0, rest)))
    return Script(8.0, *_around(rng, size, visit))


def carried(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A sheet is carried about at up to 200 pixels a second, with rests in between."""

    def away(rest: Pose) -> Pose:
        reach = 0.14 * size[0], 0.12 * size[1]
        x = size[0] / 2 + rng.choice([-1, 1]) * reach[0] * rng.uniform(0.5, 1)
        return replace(rest, x=x, y=size[1] / 2 + rng.uniform(-1, 1) * reach[1])

    return _stations(rng, hand, size, 0.55, away)


def turned(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A sheet is turned by up to 15 degrees in either direction, with rests in between."""
    return _stations(
        rng, hand, size, 0.65, lambda rest: replace(rest, turn=rng.uniform(-TURN, TURN))
    )


def scaled(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A sheet comes nearer and goes farther, 0.7 to 1.4 times its size, with rests in between."""
    width = 0.58 * _room(size)
    return _stations(
        rng, hand, size, 0.58, lambda rest: replace(rest, width=width * rng.uniform(*SCALE))
    )


def light(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A sheet lies still while exposure, white balance and a shadow change slowly."""
    script = still(rng, hand, size)
    steps = np.arange(0, script.seconds + 1, 1.0).tolist()
    return replace(script, lights=tuple((at, random_light(rng)) for at in steps))


def rough(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """The camera searches for focus in poor light: blur of up to 2 pixels, noise of up to 8 grey
    levels."""
    script = still(rng, hand, size)
    steps = np.arange(0, script.seconds + 1, 0.8).tolist()
    optics: Keys[Optics] = tuple(
        (at, Optics(blur=rng.uniform(0.3, 2.0), noise=rng.uniform(1, 8))) for at in steps
    )
    return replace(script, optics=optics)


def covered(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A hand passes over a sheet twice."""
    script = still(rng, hand, size)
    return replace(script, arms=((1.6, 1.6 + rng.uniform(1, 2)), (5.0, 5 + rng.uniform(1, 2))))


def swapped(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """Three sheets, one after the other. The first is taken away before the second comes; from the
    second to the third a page is turned."""
    first, second, third = (random_sheet(rng, hand) for _ in range(3))
    rest = [random_pose(rng, size) for _ in range(3)]
    page = replace(rest[1], x=rest[1].x + rng.uniform(-6, 6))
    return Script(
        8.0,
        *_around(
            rng,
            size,
            Visit(first, (*_come(rng, rest[0], size, 0.1), *_go(rng, rest[0], size, 2.0))),
            Visit(second, (*_come(rng, rest[1], size, 3.1), (4.8, rest[1]))),
            Visit(third, ((4.8, page), *_go(rng, page, size, 6.5))),
        ),
    )


def empty(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """A sheet with words and scribbles, but without a digit."""
    style = replace(random_style(rng), words=4, scribbles=2)
    sheet = write_sheet(rng, hand, (), style)
    return _stations(rng, hand, size, 0.6, lambda _: random_pose(rng, size), sheet)


def mixed(rng: np.random.Generator, hand: Hand, size: tuple[int, int]) -> Script:
    """Everything at once: the sheet is carried about, turned and scaled, light and focus change,
    and a hand passes over it."""

    def away(rest: Pose) -> Pose:
        return replace(
            rest,
            x=size[0] / 2 + 0.08 * size[0] * rng.uniform(-1, 1),
            y=size[1] / 2 + 0.06 * size[1] * rng.uniform(-1, 1),
            turn=rng.uniform(-TURN, TURN),
            width=rest.width * rng.uniform(0.7, 1.4) ** 0.5,
        )

    script = _stations(rng, hand, size, 0.6, away)
    return replace(
        script,
        lights=((0.0, random_light(rng)), (script.seconds, random_light(rng))),
        optics=((0.0, random_optics(rng)), (script.seconds, random_optics(rng))),
        arms=((3.0, 4.2),),
    )


KINDS: dict[str, Callable[[np.random.Generator, Hand, tuple[int, int]], Script]] = {
    kind.__name__: kind
    for kind in (still, carried, turned, scaled, light, rough, covered, swapped, empty, mixed)
}


def make(folder: Path, hand: Hand, seed: int, each: int) -> None:
    """Write `each` clips of every kind. With the same seed and a greater `each`, the first clips
    stay the same."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, (kind, script) in enumerate(KINDS.items()):
        for number in range(each):
            rng = np.random.default_rng((seed, index, number))
            path = folder / f"{kind}-{number + 1:02}.avi"
            write(path, kind, render(script(rng, hand, SIZE), rng, FPS), FPS)


def _stations(
    rng: np.random.Generator,
    hand: Hand,
    size: tuple[int, int],
    share: float,
    away: Callable[[Pose], Pose],
    sheet: Sheet | None = None,
) -> Script:
    """Put a sheet down, move it from one resting place to the next, and take it away. Its width is
    `share` of the greatest possible; `away` gives the next resting place."""
    rest = replace(random_pose(rng, size), width=share * _room(size))
    poses = list(_come(rng, rest, size, 0.1))
    at = poses[-1][0] + 0.7
    while at < 6.0:
        poses.append((at, rest))
        rest, before = away(rest), rest
        at += max(1.5 * _travel(before, rest) / (FASTEST * rng.uniform(0.6, 1)), 0.2)
        poses.append((at, rest))
        at += rng.uniform(0.6, 0.9)
    poses += _go(rng, rest, size, at)
    visit = Visit(sheet or random_sheet(rng, hand), poses)
    return Script(at + MOVE + 0.9, *_around(rng, size, visit))


def _around(
    rng: np.random.Generator, size: tuple[int, int], *visits: Visit
) -> tuple[Table, tuple[Visit, ...], Keys[Light], Keys[Optics]]:
    optics = replace(random_optics(rng), blur=rng.uniform(0.3, 1.0))
    return Table.random(rng, size), visits, ((0.0, random_light(rng)),), ((0.0, optics),)


def _come(
    rng: np.random.Generator, rest: Pose, size: tuple[int, int], at: float
) -> Iterator[tuple[float, Pose]]:
    yield at, _outside(rng, rest, size)
    yield at + MOVE, rest


def _go(
    rng: np.random.Generator, rest: Pose, size: tuple[int, int], at: float
) -> Iterator[tuple[float, Pose]]:
    yield at, rest
    yield at + MOVE, _outside(rng, rest, size)


def _outside(rng: np.random.Generator, rest: Pose, size: tuple[int, int]) -> Pose:
    if rng.random() < 0.5:
        return replace(rest, x=rest.x + rng.choice([-1, 1]) * 1.1 * size[0])
    return replace(rest, y=rest.y + rng.choice([-1, 1]) * 1.2 * size[1])


def _room(size: tuple[int, int]) -> float:
    """Return the width of the largest sheet that fits into the frame."""
    return min(size[0], 1.5 * size[1])


def _travel(one: Pose, other: Pose) -> float:
    """Return about how far the fastest part of the sheet moves, pixels."""
    turn = abs(np.radians(other.turn - one.turn)) * max(one.width, other.width) / 2
    grow = abs(other.width - one.width) / 2
    return float(np.hypot(other.x - one.x, other.y - one.y) + turn + grow)
