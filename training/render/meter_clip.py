"""Renders the clip that `camd demo meter` plays: a water meter that runs on while its camera is
nudged, its drums all roll over, and the light is out for a minute."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from camd.values import Image
from training.render import meter
from training.render.clips import ease
from training.render.demo import encoder
from training.render.meter import View

SEED = 8
FPS = 5
SECONDS = 100
FIRST = 99996
"""What the meter shows in the beginning."""
DWELL, ROLL = 4.0, 1.0
"""Seconds that a number stands, and that it takes to the next."""
NUDGE = 13.0, View(x=64, y=-28, turn=4, scale=1.06)
"""When the camera is nudged, and how it then stands."""
HAND = 24.0, 26.5
"""From when to when a hand passes."""
DARK = 31.5, 91.5
"""From when to when the light is out."""
NOISE = 1.0


def value(at: float) -> float:
    """Return what the meter shows at `at` seconds; a fraction where its last drum is turning."""
    whole, part = divmod(at, DWELL + ROLL)
    return FIRST + whole + ease((part - DWELL) / ROLL)


def view(at: float) -> View:
    start, there = NUDGE
    seen = meter.between(View(), there, ease((at - start) / 0.5))
    lit = 1 - ease((at - DARK[0]) / 0.4) + ease((at - DARK[1]) / 0.4)
    passed = (at - HAND[0]) / (HAND[1] - HAND[0])
    return replace(
        seen,
        # The lamp that is switched on again hangs elsewhere.
        light=lit * (0.75 if at > DARK[1] else 1.0),
        slope=0.5 if at > DARK[1] else 0.0,
        noise=NOISE,
        hand=passed if 0 < passed < 1 else None,
    )


def frames() -> Iterator[tuple[Image, tuple[int, ...]]]:
    """Yield each frame with the numbers that it may be read as: two while a drum turns."""
    rng = np.random.default_rng(SEED)
    for number in range(SECONDS * FPS):
        at = number / FPS
        shown = value(at)
        numbers = sorted({math.floor(shown), math.ceil(shown)})
        yield (
            meter.photograph(shown, view(at), rng),
            tuple(one % 10**meter.DRUMS for one in numbers),
        )


def make(folder: Path) -> None:
    """Write demo-meter.mp4 and demo-meter.truth.json. Raises MissingExtraError without the ffmpeg
    command."""
    values: list[dict[str, Any]] = []
    number = 0
    with encoder(folder / "demo-meter.mp4", meter.SIZE, FPS) as write:
        for number, (image, numbers) in enumerate(frames(), 1):
            write(image)
            if values and values[-1]["values"] == list(numbers):
                values[-1]["to"] = number
            else:
                values.append({"from": number, "to": number, "values": list(numbers)})
    region = {
        "name": "water",
        "corners": [[round(x, 5), round(y, 5)] for x, y in meter.region()],
        "label": "Water meter",
        "unit": "m³",
        "device_class": "water",
        "display": "wheels",
        "digits": meter.DRUMS,
        "max_step": 20,
        "never_decreasing": True,
        "rollover": 10**meter.DRUMS,
    }
    truth = {"fps": FPS, "size": meter.SIZE, "frames": number, "region": region, "values": values}
    text = json.dumps(truth, ensure_ascii=False)
    (folder / "demo-meter.truth.json").write_text(text + "\n", encoding="utf-8")
