"""Renders the clip that `camd demo` plays: four sheets on a table, one after the other."""

import json
import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from camd.errors import MissingExtraError
from camd.values import Image
from training.render.camera import Light, Optics, Pose, Table, boxes_in_frame, photograph
from training.render.clips import ease, mix
from training.render.hand import Hand, Pen
from training.render.paper import Sheet, Style, write_sheet

SEED = 8
"""The seed of the random numbers. With this one, nobody would take a letter in the clip for a
digit."""
SIZE = (960, 540)
FPS = 20
NEIGHBOURS = 10
"""A digit is legible when so many of its nearest neighbours all have its label; see `legible`."""
VISIT = 5.25
"""Seconds from one sheet to the next."""
MOVE = 0.7
"""Seconds that a sheet takes to come or to go."""

SHEETS: tuple[tuple[tuple[str, ...], Style], ...] = (
    (("1947", "28"), Style(Pen(0.085, (96, 48, 26), 0.6), height=150, scribbles=1)),
    (
        ("60351", "2794", "83"),
        Style(Pen(0.07, (52, 46, 44), 0.6), (214, 232, 243), "ruled", height=120, words=1),
    ),
    (
        ("508", "64 17", "932"),
        Style(Pen(0.075, (46, 40, 128), 0.5), height=125, words=1, scribbles=1),
    ),
    (
        ("7206", "395", "4180"),
        Style(Pen(0.1, (62, 84, 30), 0.5), (238, 240, 240), "squared", height=120),
    ),
)
TABLE = 62, 92, 132
LIGHTS = (
    Light(1.0, (0.12, -0.05), 0.25, 0.0, (20, 0.1), (0.94, 1.0, 1.04)),
    Light(0.92, (-0.14, 0.08), 0.25, 0.22, (20, 0.1), (1.0, 1.0, 1.0)),
)
OPTICS = Optics(blur=0.6, noise=0.4)


@dataclass(frozen=True, slots=True)
class _Visit:
    rest: Pose
    side: int
    sway: float
    """Where in its gentle swing the sheet begins, radians."""

    def pose(self, at: float) -> Pose:
        away = ease(1 - at / MOVE) - ease((at - VISIT + MOVE) / MOVE)
        swing = 1.1 * at + self.sway
        return replace(
            self.rest,
            x=self.rest.x + 22 * math.sin(swing) + self.side * 1.1 * SIZE[0] * away,
            y=self.rest.y + 7 * math.sin(1.4 * swing),
            width=self.rest.width * (1 + 0.03 * math.sin(0.8 * swing)),
            turn=self.rest.turn + 4 * math.sin(0.9 * swing),
        )


def legible(hand: Hand, others: Hand) -> Hand:
    """Keep only digits that a person can read without doubt: those whose nearest neighbours
    (NEIGHBOURS of them) among the digits of `others` all have the same label. This does not depend
    on what camd itself can read."""
    known = others.images.reshape(len(others.images), -1).astype(np.float32)
    lengths = np.einsum("ij,ij->i", known, known)
    kept = []
    for start in range(0, len(hand.images), 500):
        part = hand.images[start : start + 500].reshape(-1, known.shape[1]).astype(np.float32)
        nearest = np.argpartition(lengths - 2 * part @ known.T, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        agree = others.labels[nearest] == hand.labels[start : start + 500, None]
        kept.append(np.all(agree, axis=1))
    clear = np.concatenate(kept)
    return replace(hand, images=hand.images[clear], labels=hand.labels[clear])


def frames(hand: Hand) -> Iterator[tuple[Image, tuple[str, ...] | None]]:
    """Yield each frame with the lines that should be read; None while a sheet comes or goes."""
    rng = np.random.default_rng(SEED)
    table = Table.wood(rng, SIZE, TABLE)
    sheets = [write_sheet(rng, hand, lines, style) for lines, style in SHEETS]
    visits = [
        _Visit(
            Pose(SIZE[0] / 2, SIZE[1] / 2, 700, rng.uniform(-5, 5), tuple(rng.uniform(-8, 8, 2))),
            side=(1, -1)[i % 2],
            sway=rng.uniform(0, 6),
        )
        for i in range(len(sheets))
    ]
    count = round(VISIT * len(sheets) * FPS)
    for number in range(count):
        index, at = divmod(number / FPS, VISIT)
        sheet, pose = sheets[int(index)], visits[int(index)].pose(at)
        light = mix(*LIGHTS, 0.5 - 0.5 * math.cos(2 * math.pi * number / count))
        optics = replace(OPTICS, motion=_motion(visits[int(index)], at))
        shown = sheet.lines if _whole(sheet, pose) else None
        yield photograph(sheet, pose, table, light, optics, rng), shown


def make(hand: Hand, folder: Path) -> None:
    """Write demo.mp4 and demo.json. Raises MissingExtraError as `encoder` does."""
    readings: list[dict[str, Any]] = []
    last: tuple[str, ...] | None = None
    number = 0
    with encoder(folder / "demo.mp4", SIZE, FPS) as write:
        for number, (image, lines) in enumerate(frames(hand), 1):
            write(image)
            if lines is not None and lines != last:
                readings.append({"from": number, "to": number, "lines": list(lines)})
            elif lines is not None:
                readings[-1]["to"] = number
            last = lines
    truth = {"fps": FPS, "size": SIZE, "frames": number, "readings": readings}
    (folder / "demo.json").write_text(json.dumps(truth) + "\n", encoding="utf-8")


@contextmanager
def encoder(path: Path, size: tuple[int, int], fps: float) -> Iterator[Callable[[Image], object]]:
    """Give what writes a frame of `size` (width, height), BGR uint8, into an MP4 file.

    The codec is MPEG-4 part 2, which every opencv-python reads. The VideoWriter of OpenCV can write
    it, too, but only at the highest quality: the file of the sheets has 4.5 MB then. With ffmpeg
    the quality can be chosen, and the file has 1.5 MB. Raises MissingExtraError without it."""
    if shutil.which("ffmpeg") is None:
        raise MissingExtraError("rendering a demo clip needs the ffmpeg command: install it")
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24"]
    command += ["-s", f"{size[0]}x{size[1]}", "-r", str(fps), "-i", "-", "-pix_fmt", "yuv420p"]
    command += ["-c:v", "mpeg4", "-q:v", "5", "-g", "200", "-bf", "2", "-mbd", "rd", "-trellis"]
    command += ["1", "-cmp", "2", "-subcmp", "2", "-threads", "1", "-fflags", "+bitexact"]
    command += ["-flags:v", "+bitexact", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        into = process.stdin
        yield lambda image: into.write(image.tobytes())


def _motion(visit: _Visit, at: float) -> tuple[float, float]:
    """Return how far the sheet moves while the shutter is open, a tenth of the time of a frame."""
    step = 0.1 / FPS
    now, then = visit.pose(at), visit.pose(at + step)
    return then.x - now.x, then.y - now.y


def _whole(sheet: Sheet, pose: Pose) -> bool:
    return all(
        x >= 0 and y >= 0 and x + width <= SIZE[0] and y + height <= SIZE[1]
        for x, y, width, height in boxes_in_frame(sheet, pose)
    )
