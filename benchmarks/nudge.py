"""Nudges the camera before a rendered water meter, and counts when its value is right again.

    python -m benchmarks nudge [--trials 15] [--fps 6]

Each trial: the meter stands still, something happens within 0.4 s, and all that camd says in the
next seconds is held against what the meter shows. Some of its numbers are not read at all, nudged
or not: a drum that turns, or one of which the model is not sure.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from camd import paths
from camd.classify import svm
from camd.config.settings import RegionSettings, Settings
from camd.pipeline import Pipeline
from training.render import meter
from training.render.meter import View

CALM_S, NUDGE_S, AFTER_S = 2.0, 0.4, 3.0
RUNS = 0.02
"""Numbers a second by which the meter runs on."""
MOST = 0.15
"""Of the frame, by which it is shifted at most."""


def _shift(rng: np.random.Generator) -> View:
    way = rng.uniform(0, 2 * np.pi)
    x, y = np.cos(way), np.sin(way)
    size = MOST / max(abs(x), abs(y))
    return View(x=x * size * meter.SIZE[0], y=y * size * meter.SIZE[1])


def _all(rng: np.random.Generator) -> View:
    some = replace(_shift(rng), turn=rng.uniform(-10, 10), scale=rng.uniform(0.8, 1.25))
    return replace(some, x=0.5 * some.x, y=0.5 * some.y)


KINDS: dict[str, Callable[[np.random.Generator], View]] = {
    "shifted by 15 % of the frame": _shift,
    "turned by 10 degrees": lambda rng: View(turn=float(rng.choice([-10, 10]))),
    "0.8 or 1.25 times as large": lambda rng: View(scale=float(rng.choice([0.8, 1.25]))),
    "all of it, half as far": _all,
    "and a quarter of the light, from the side": lambda rng: replace(
        _all(rng), light=0.25, slope=float(rng.choice([-1, 1]))
    ),
    "only the light: a quarter, from the side": lambda rng: View(
        light=0.25, slope=float(rng.choice([-1, 1]))
    ),
    "a hand passes, nothing is nudged": lambda _: View(hand=0.0),
    "a hand passes and nudges": lambda rng: replace(_shift(rng), hand=0.0),
}


@dataclass(slots=True)
class Trial:
    read: bool = False
    """Whether it was read before anything happened."""
    back: float | None = None
    """Seconds from the end of the nudge, or of the hand, to a right value; None: never."""
    wrong: list[float] = field(default_factory=list)
    """Values that were not shown."""
    off: float = 0.0
    """How far the farthest corner of the region is off in the end, pixels."""


def trial(
    model: svm.Model, rng: np.random.Generator, seen: View, fps: float, **options: object
) -> Trial:
    place = {"corners": meter.region(), "digits": meter.DRUMS, "display": "wheels"} | options
    region = RegionSettings(name="meter", **place)  # type: ignore[arg-type]
    pipeline = Pipeline(Settings(region=(region,)), model)
    start = float(rng.integers(10**meter.DRUMS - 2))
    hand = seen.hand is not None
    over = CALM_S + (2 * NUDGE_S if hand else NUDGE_S) + (1.2 if hand else 0)
    found = Trial()
    view = View()
    for number in range(round((over + AFTER_S) * fps)):
        at = number / fps
        view = meter.between(View(), seen, min(1.0, max(0.0, (at - CALM_S) / NUDGE_S)))
        passing = (at - CALM_S) / (over - CALM_S)
        view = replace(view, hand=passing if hand and 0 < passing < 1 else None)
        value = start + RUNS * at
        result = pipeline.process(meter.photograph(value, view, rng), at)
        for said in result.regions:
            if said.value is not None and said.value not in (int(value), int(value) + 1):
                found.wrong.append(said.value)
            found.read = found.read or (said.value is not None and at < CALM_S)
            if said.value is not None and at >= over and found.back is None:
                found.back = at - over
            true = np.array(meter.region()) * meter.SIZE + meter.MARGIN
            matrix = view.matrix()
            apart = said.outline - (true @ matrix[:, :2].T + matrix[:, 2])
            found.off = float(np.linalg.norm(apart, axis=1).max())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=15)
    parser.add_argument("--fps", type=float, default=6.0)
    arguments = parser.parse_args()
    model = svm.load(paths.model_file())
    columns = ("what happens", "read before", "right again", "after, median", "at most")
    columns = (*columns, "wrong values", "off")
    sys.stdout.write(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n")
    for kind, draw in KINDS.items():
        rng = np.random.default_rng(7)
        done = [trial(model, rng, draw(rng), arguments.fps) for _ in range(arguments.trials)]
        wrong = sum(len(one.wrong) for one in done)
        done = [one for one in done if one.read]
        back = [one.back for one in done if one.back is not None]
        median, most = (f"{of(back):.1f} s" if back else "-" for of in (np.median, np.max))
        off = max(one.off for one in done)
        row = (kind, len(done), len(back), median, most, wrong, f"{off:.1f} px")
        sys.stdout.write("| " + " | ".join(map(str, row)) + " |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
