"""Fits the machine that finds the decimal point of rows of digits in regions
(camd/hypotheses/points.py), and puts it into a model file that reads rows:

    python -m training.fit.points MODEL [--score]

It learns from rendered rows, as the machine for rows in that file reads them, so that their digits
are as far off as they will be. `--score` fits nothing: it tells how often the points of rows are
found that are drawn with the fonts that are kept back.
"""

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify import model_file, svm
from camd.classify.features import FeatureSpec, Scale
from camd.classify.model_schema import Arrays, Meta
from camd.errors import CamdError, DataError
from camd.hypotheses import cells, points
from camd.hypotheses.points import COLON, NONE, POINT, Blots
from camd.values import Box, Plane
from training.digits import Digits
from training.fit import export
from training.fit.displays import HELD, fitted
from training.fit.fit import Progress, Recipe
from training.fit.row_scores import region
from training.fit.self_test import with_tests
from training.render.displays import Faces, Kind, Placed, draw_marked
from training.render.marks import Mark

log = logging.getLogger(__name__)

KINDS: tuple[Kind, ...] = ("segments", "segments", "segments", "print", "wheels")
"""In turn."""
BY_ROWS = 0.75
"""Share of rows that are read window by window; the ink of the others is boxed."""
LOWEST = 12
"""Least height of digits, pixels."""
SAME, FAR = (0.1, 0.14), (0.16, 0.2)
"""A blot that is so close to a point, across and down in heights of a digit, is the point; one that
is farther is none, and what lies between is not learnt from."""
FIRST = 0.75
"""How far left of the first digit a point may stand to be one, in heights."""
CALIBRATED = 6
"""One row for calibration to so many to learn from."""


@dataclass(frozen=True, slots=True)
class PointRecipe:
    rows: int = 20_000
    machine: Recipe = field(
        default_factory=lambda: Recipe(
            features=FeatureSpec(8, (Scale(0.5, 8),)),
            projected=64,
            c=10.0,
            gamma=0.6,
            copies=0,
            photographs=0,
            quick=0,
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A row as it was read."""

    kind: Kind
    tall: float
    """Height of its digits, pixels."""
    blots: Blots
    known: NDArray[np.bool_]
    """(N,) of each gap before a digit, whether it is known what stands there: not where another
    digit was missed, or something was taken for one."""
    marks: tuple[Mark | None, ...]
    """(N,) what stands there."""


def learn_points(
    model: svm.Model, fonts: Path, recipe: PointRecipe, seed: int, progress: Progress
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the arrays and the meta data of a model for points. Raises DataError."""
    faces, _ = Faces.find(fonts).split(0, HELD)
    progress(f"points: reading {recipe.rows} drawn rows")
    windows = windows_of(islice(drawn(model, faces, seed), recipe.rows))
    check = windows_of(islice(drawn(model, faces, seed + 1), recipe.rows // CALIBRATED))
    bench, machines = fitted(windows, recipe.machine, progress)
    machines = bench.calibrated(machines, check, check.take(slice(0)))
    arrays, meta = bench.pack(machines, check.images[:1], {})
    progress(f"points: {len(arrays['vectors'])} support vectors of {len(windows)} windows")
    return with_tests(arrays, meta, check)


def install(path: Path, arrays: Arrays, meta: Meta) -> str:
    """Put the contents of a model for points into the model file `path`, and return the file's new
    id; its card follows. Raises ModelError."""
    card = {
        "what": "decimal points of rows in regions: SVM with RBF kernel, learnt from drawn rows",
        "support_vectors": len(arrays["vectors"]),
    }
    contents = export.with_part("points", *model_file.read(path), arrays, meta)
    return export.replace(path, *contents, points=card)


def drawn(model: svm.Model, faces: Faces, seed: int) -> Iterator[Read]:
    """Draw rows and read them, without end."""
    rng = np.random.default_rng([seed, 7])
    if model.rows is None:
        raise DataError("this model reads no rows, so they have no points")
    while True:
        for kind in KINDS:
            picture, placed, marks = draw_marked(rng, faces, kind)
            if not placed or placed[0].height < LOWEST:
                continue
            if rng.random() < BY_ROWS:
                row = cells.read(picture, region(placed, picture.shape), model.rows)
                boxes, light = list(row.boxes), row.light_ink
            else:
                boxes, light = [_boxed(one, rng) for one in placed], not placed[0].dark
            if boxes:
                yield _known(kind, picture, boxes, placed, marks, light_ink=light)


def _boxed(one: Placed, rng: np.random.Generator) -> Box:
    """Return the box of a digit about as its ink would give it."""
    height = one.height * np.exp(rng.normal(0, 0.03))
    width = height * rng.uniform(0.2, 0.6)
    x, y = one.x + rng.normal(0, 0.03) * height, one.y + rng.normal(0, 0.02) * height
    left, top = round(x - width / 2), round(y - height / 2)
    return left, top, max(1, round(width)), max(1, round(height))


def _known(
    kind: Kind,
    picture: Plane,
    boxes: list[Box],
    placed: Sequence[Placed],
    marks: Sequence[Mark],
    *,
    light_ink: bool,
) -> Read:
    boxes = sorted(boxes, key=lambda box: box[0] + box[2] / 2)
    tall = float(np.median([box[3] for box in boxes]))
    which: list[int | None] = []
    for x, _, width, _ in boxes:
        off = [abs(one.x - x - width / 2) for one in placed]
        best = int(np.argmin(off))
        which.append(best if off[best] < 0.35 * placed[best].height else None)
    by_place = {mark.after: mark for mark in marks}
    here = tuple(by_place.get(-1 if at is None else at) for at in which)
    known = np.array(
        [
            at is not None and (at == 0 if before is None else at == before + 1)
            for before, at in zip([None, *which[:-1]], which, strict=True)
        ]
    )
    known[1:] &= np.array([at is not None for at in which[:-1]], bool)
    middle = boxes[0][0] + boxes[0][2] / 2
    known[0] &= here[0] is None or here[0].x > middle - FIRST * tall
    return Read(kind, tall, points.blots(picture, boxes, light_ink=light_ink), known, here)


def windows_of(rows: Iterator[Read]) -> Digits:
    """Cut out what may be points, with what it is."""
    crops: list[Plane] = []
    labels: list[int] = []
    for row in rows:
        seen = row.blots
        for window, after, x, y in zip(seen.windows, seen.after, seen.x, seen.y, strict=True):
            if row.known[after]:
                label = _label(row.marks[after], x, y, row.tall)
                if label is not None:
                    crops.append(window)
                    labels.append(label)
    return Digits(np.array(crops, np.uint8), np.array(labels, np.int64))


def _label(mark: Mark | None, x: float, y: float, tall: float) -> int | None:
    """Say what a blot is; None: nobody can tell."""
    if mark is None:
        return NONE
    across, down = abs(x - mark.x) / tall, abs(y - mark.y) / tall
    if mark.colon:
        return COLON if across < SAME[0] else NONE
    if across < SAME[0] and down < SAME[1]:
        return POINT
    return None if across < FAR[0] and down < FAR[1] else NONE


@dataclass(slots=True)
class Score:
    """Of rows with one point at most."""

    right: int = 0
    doubtful: int = 0
    missed: int = 0
    """A point is there, and surely none was seen."""
    wrong: int = 0
    """A point was seen where there is none."""

    @property
    def row(self) -> str:
        total = self.right + self.doubtful + self.missed + self.wrong
        return f"{total} | {self.right} | {self.doubtful} | {self.missed} | {self.wrong}"


def score(machine: svm.Model, rows: Iterator[Read]) -> dict[str, Score]:
    """Count by kind, and by whether there is a point."""
    scores: dict[str, Score] = {}
    for row in rows:
        true = [n for n, mark in enumerate(row.marks) if mark and not mark.colon]
        if not row.known.all() or len(true) > 1 or true == [0]:
            continue
        name = f"{row.kind}, {'a point' if true else 'none'}"
        own = scores.setdefault(name, Score())
        found = points.decide(points.likely(row.blots, len(row.marks), machine))
        if not found.sure:
            own.doubtful += 1
        elif found.after == (true[0] if true else None):
            own.right += 1
        elif found.after is None:
            own.missed += 1
        else:
            own.wrong += 1
    return scores


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.fit.points", description=__doc__.partition("\n\n")[0]
    )
    parser.add_argument("model", type=Path, help="the model file that is changed")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--score", action="store_true", help="fit nothing, but score it")
    parser.add_argument("--rows", type=int, default=4000, help="how many are scored")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    given = parser.parse_args()
    model = svm.load(given.model)
    if not given.score:
        learnt = learn_points(model, given.fonts, PointRecipe(), given.seed, log.info)
        log.info("wrote %s, %s", given.model, install(given.model, *learnt))
        return
    if model.points is None:
        raise CamdError(f"{given.model}: it finds no points")
    _, faces = Faces.find(given.fonts).split(0, HELD)
    scores = score(model.points, islice(drawn(model, faces, given.seed + 100), given.rows))
    log.info("| | rows | right | doubtful | missed | wrong |\n|---|---|---|---|---|---|")
    for name, own in sorted(scores.items()):
        log.info("| %s | %s |", name, own.row)


if __name__ == "__main__":
    try:
        _main()
    except CamdError as problem:
        raise SystemExit(f"training.fit.points: {problem}") from None
