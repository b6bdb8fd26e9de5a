"""Fits the machine that reads rows of digits in regions (camd/hypotheses/cells.py): those of
displays, of meters' wheels and of print. `camd train --displays` runs it; to fit this machine alone
and put it into a model file: python -m training.fit.displays MODEL --displays DIR.

It learns from windows of rendered rows and of photographs. In the photographs' labels a digit is
only named, not placed, and nothing says whether its ink is dark. A first machine, which has seen
rendered rows alone, finds that out: it looks where the digit that is named is likeliest."""

import argparse
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify import model_file, model_schema, svm
from camd.classify.features import FeatureSpec, Scale, extract
from camd.errors import CamdError, DataError
from camd.hypotheses import cells, windows
from camd.values import Plane
from training.digits import NONE, Digits, join
from training.fit import export
from training.fit.bench import Bench, Machines
from training.fit.coarse import learn_coarse
from training.fit.export import with_coarse, with_part
from training.fit.fit import Progress, Recipe, learn_projection
from training.fit.self_test import with_tests
from training.render import textures
from training.render.displays import UNKNOWN, Faces, Placed, draw

log = logging.getLogger(__name__)

LICENCES = {
    "odometers": "TRODO, by way of Meliodus254/Odometer-Mileage-Reader (MIT); the licence of its"
    " own publication was not found",
    "meters": "haverland/Tenth-of-step-of-a-meter-digit, Apache-2.0",
}
KEPT_BACK = ("00000325", "00000661", "00003398")
"""Pictures of the odometers that camd is measured with."""
HELD = 6
"""One picture of so many, and one font, is never trained with."""
SHIFT = 0.03
"""Standard deviation of where a window is put beside its digit, in heights of it; at most twice
that. Windows are looked at in steps of twice as much."""
LARGER = 0.12
"""How much larger or smaller the digit may be than the window expects, as a logarithm."""
FOUND = -0.6
"""Least margin of the digit that a photograph is labelled with, for the photograph to be used:
below that, the first machine has not found it."""
PLACES = tuple((share, down) for share in (0.72, 0.82, 0.93, 1.05) for down in (-0.1, 0.0, 0.1))
"""Where the first machine looks for a digit: its height, and how far below the middle of the
picture it stands, both as shares of the height that is usual there."""
HALVED = 0.5
"""Of a digit's height: what is looked for so small in a row of digits is a part of one."""
ALMOST, HALF = 0.05, (0.35, 0.65)
"""Of a meter's wheel: turned by less than ALMOST of a tenth it shows a digit, between those two
none."""

MIXED = (0.6, 0.3, 0.1)
"""Shares of rendered rows, photographs and pictures without writing from which the quick look
learns."""

TEXTURE = 90
"""Height of pictures without writing, pixels."""

Picture = tuple[Plane, list[Placed]]


@dataclass(frozen=True, slots=True)
class DisplayRecipe:
    machine: Recipe = field(
        default_factory=lambda: Recipe(
            features=FeatureSpec(12, (Scale(0.5, 8),)),
            projected=112,
            c=4.0,
            copies=0,
            photographs=0,
            quick=64,
            quick_vectors=900,
        )
    )
    rendered: int = 38_000
    """Number of windows of rendered rows."""
    first: int = 14_000
    """Number of them that the first machine is trained with."""
    odometers: int = 1_500
    """Number of photographs of odometers."""
    meters: int = 2_600
    """Number of photographs of meters' wheels."""
    mined: int = 900
    """Number of pictures that the second machine reads. What it takes for a digit where there is
    none is learnt by the third."""
    looked_at: int = 8000
    """Number of pictures from which the quick look learns."""
    look_steps: int = 30_000
    """Steps of its fit."""

    def shortened(self) -> "DisplayRecipe":
        """Give a recipe that takes only a minute, for trying out the whole training."""
        return replace(
            self,
            machine=replace(self.machine, quick_vectors=200, quick_steps=300),
            rendered=1500,
            first=1500,
            odometers=30,
            meters=60,
            mined=30,
            looked_at=40,
            look_steps=300,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    arrays: dict[str, NDArray[Any]]
    meta: dict[str, Any]
    """The contents of a model file of its own."""
    card: dict[str, Any]


def learn_displays(
    folder: Path, fonts: Path, recipe: DisplayRecipe, seed: int, progress: Progress
) -> Learnt:
    """Fit the machine with the photographs in `folder` (docs/training.md says in which form) and
    the fonts below `fonts`. Raises DataError."""
    rng = generator(seed)
    faces, other_faces = Faces.find(fonts).split(0, HELD)
    real = photographs(folder)
    learn, held = parted(real, recipe, rng)
    progress(f"rows of digits: rendering {recipe.rendered} windows")
    drawn = windows_of(_drawn(faces, rng), rng, recipe.rendered)
    progress("rows of digits: first machine, of rendered rows alone")
    first = fit(drawn.take(slice(recipe.first)), recipe.machine, progress)
    progress(f"rows of digits: finding the digits in {len(learn)} photographs")
    placed = [align(first, one) for one in learn]
    windows = join(drawn, windows_of(iter(placed), rng, None))
    progress(f"rows of digits: second machine, of {len(windows)} windows")
    second = fit(windows, recipe.machine, progress)
    progress(f"rows of digits: looking for false alarms in {recipe.mined} pictures")
    some = _drawn(faces, rng)
    third = recipe.mined // 3
    pictures = [next(some) for _ in range(third)] + placed[:third]
    pictures += [(_texture(rng), []) for _ in range(third)]
    windows = join(windows, false_alarms(second, pictures))
    progress(f"rows of digits: third machine, of {len(windows)} windows")
    check = windows_of(_drawn(other_faces, rng), rng, max(200, recipe.rendered // 8))
    seen = [align(first, one) for pictures in held.values() for one in pictures]
    check = join(check, windows_of(iter(seen), rng, None))
    bench, machines = fitted(windows, recipe.machine, progress)
    machines = bench.calibrated(machines, check, check.take(slice(0)))
    arrays, meta = bench.pack(machines, check.images[:1], {})
    model = svm.build(arrays, meta)
    quick = learn_coarse(
        model, _mixed(learn, faces, rng), recipe.looked_at, recipe.look_steps, rng, progress
    )
    judged = model.classify(check.images)
    digit = check.labels >= 0
    found = judged.labels == check.labels
    card = {
        "what": "rows of digits in regions: SVM with RBF kernel, on windows of grey pixels",
        "windows": len(windows),
        "support_vectors": len(arrays["vectors"]),
        "held_back": {
            "digits": int(digit.sum()),
            "right": round(float(found[digit].mean()), 4),
            "another_digit": round(float((~found & (judged.labels >= 0))[digit].mean()), 4),
            "no_digit": int((~digit).sum()),
            "taken_for_a_digit": round(float((judged.labels >= 0)[~digit].mean()), 4),
        },
        "photographs": {name: {"licence": LICENCES[name]} for name in real},
    }
    progress(f"rows of digits: {card['held_back']}")
    arrays, meta = with_tests(*with_coarse(arrays, meta, quick), check)
    return Learnt(arrays, meta, card)


def relearn_coarse(
    path: Path, folder: Path, fonts: Path, recipe: DisplayRecipe, seed: int, progress: Progress
) -> str:
    """Fit only the quick look of the model file `path` anew, and return the file's new id. Raises
    CamdError."""
    contents = model_file.read(path)
    nested = model_schema.nested(*contents, "rows")
    if nested is None:
        raise DataError(f"{path}: it reads no rows, so there is nothing to begin with a quick look")
    faces, _ = Faces.find(fonts).split(0, HELD)
    learn, _ = parted(photographs(folder), recipe, generator(seed))
    rng = np.random.default_rng([seed, 5])
    model = svm.build(*nested)
    quick = learn_coarse(
        model, _mixed(learn, faces, rng), recipe.looked_at, recipe.look_steps, rng, progress
    )
    sealed = with_part("rows", *contents, *export.seal(*with_coarse(*nested, quick)))
    return export.replace(path, *sealed)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 3])


def install(path: Path, learnt: Learnt) -> str:
    """Put the machine into the model file `path`, and return the file's new id; its card follows.
    Raises ModelError."""
    sealed, described = with_part("rows", *model_file.read(path), learnt.arrays, learnt.meta)
    return export.replace(path, sealed, described, rows=learnt.card)


def fit(windows: Digits, recipe: Recipe, progress: Progress) -> svm.Model:
    """Fit a machine that is asked about few windows: without a small one before it."""
    bench, machines = fitted(windows, replace(recipe, quick=0), progress)
    return svm.build(*bench.pack(machines, windows.images[:1], {}))


def fitted(windows: Digits, recipe: Recipe, progress: Progress) -> tuple[Bench, Machines]:
    """Fit the machine of `recipe`, not calibrated yet, and return what it was fitted on as well."""
    weights = np.ones(len(windows), np.float32)
    projection = learn_projection(windows.images, recipe)
    none = windows.take(slice(0))
    copies = np.full(len(windows), recipe.copies)
    bench = Bench.of(windows, copies, weights, projection, none, recipe, 0, progress, None)
    return bench, bench.fit(np.arange(len(windows)))


def photographs(folder: Path) -> dict[str, list[tuple[str, Picture]]]:
    """Read the photographs of each set that is in `folder`, with the name of the file that each is
    from. Raises DataError where there is none, or one is damaged."""
    readers: dict[str, tuple[str, Callable[..., Iterator[tuple[str, Picture]]]]] = {
        "odometers": ("trodo_digits.npz", _odometers),
        "meters": ("meterdigits_haverland.npz", _meters),
    }
    found = {}
    for name, (file, reader) in readers.items():
        if (folder / file).exists():
            try:
                with np.load(folder / file, allow_pickle=False) as stored:
                    found[name] = list(reader(stored["x"], stored["y"], stored["name"]))
            except (OSError, KeyError, ValueError, EOFError) as exc:
                raise DataError(
                    f"{folder / file}: damaged, or not in the form of docs/training.md ({exc})"
                ) from exc
    if not found:
        names = " and ".join(file for file, _ in readers.values())
        raise DataError(f"{folder}: {names} are not there; docs/training.md says what they are")
    return found


def _odometers(
    x: NDArray[np.uint8], y: NDArray[np.int64], names: NDArray[np.str_]
) -> Iterator[tuple[str, Picture]]:
    """Put the digits of each picture side by side again, as they stood there."""
    height, width = x.shape[1:]
    for name in np.unique(names):
        if name.startswith(KEPT_BACK):
            continue
        own = np.flatnonzero(names == name)
        placed = [
            Placed(width * (place + 0.5), height / 2, 0.85 * height, int(y[n]), dark=False)
            for place, n in enumerate(own)
        ]
        yield str(name), (np.hstack(list(x[own])), placed)


def _meters(
    x: NDArray[np.uint8], y: NDArray[np.float64], names: NDArray[np.str_]
) -> Iterator[tuple[str, Picture]]:
    height, width = x.shape[1:]
    for image, value, name in zip(x, y, names, strict=True):
        turned = value % 1
        whole = min(turned, 1 - turned) < ALMOST
        label = round(value) % 10 if whole else NONE
        if whole or HALF[0] < turned < HALF[1]:
            yield str(name), (image, [Placed(width / 2, height / 2, 0.66 * height, label, False)])


def parted(
    real: dict[str, list[tuple[str, Picture]]], recipe: DisplayRecipe, rng: np.random.Generator
) -> tuple[list[Picture], dict[str, list[Picture]]]:
    """Choose the photographs to train with, and those of each set never to. They are the first that
    is drawn from the `rng` of `generator`."""
    learn: list[Picture] = []
    held: dict[str, list[Picture]] = {}
    for name, most in (("odometers", recipe.odometers), ("meters", recipe.meters)):
        own = real.get(name, [])
        order = rng.permutation(len(own))
        part = len(own) // HELD
        held[name] = [own[n][1] for n in order[: min(part, most // HELD)]]
        learn += [own[n][1] for n in order[part : part + most]]
    return learn, held


def _drawn(faces: Faces, rng: np.random.Generator) -> Iterator[Picture]:
    while True:
        yield draw(rng, faces)


def _mixed(real: Sequence[Picture], faces: Faces, rng: np.random.Generator) -> Iterator[Picture]:
    """Give rendered rows, photographs and pictures without writing, as they come."""
    rows = _drawn(faces, rng)
    while True:
        kind = rng.choice(3, p=MIXED)
        if kind == 0:
            yield next(rows)
        elif kind == 1:
            yield real[int(rng.integers(len(real)))]
        else:
            yield _texture(rng), []


def _texture(rng: np.random.Generator) -> Plane:
    """Draw a picture without any writing."""
    scene = textures.draw(rng, 2 * TEXTURE, TEXTURE)
    low, high = np.sort(rng.uniform(10, 250, 2))
    return np.asarray(np.clip(low + (high - low) * scene, 0, 255), np.uint8)


def windows_of(pictures: Iterator[Picture], rng: np.random.Generator, count: int | None) -> Digits:
    """Cut windows out of pictures: of each digit one, and of what is no digit about as many. Stop
    when there are `count`."""
    crops: list[Plane] = []
    labels: list[int] = []
    for picture, placed in pictures:
        for x, y, height, label, dark in _places(placed, picture.shape, rng):
            crop = windows.crop_at(picture, x, y, height, dark=dark)
            if crop is not None:
                crops.append(crop)
                labels.append(label)
        if count is not None and len(crops) >= count:
            break
    return Digits(np.stack(crops)[:count], np.array(labels, np.int64)[:count])


def _places(
    placed: Sequence[Placed], shape: tuple[int, ...], rng: np.random.Generator
) -> Iterator[tuple[float, float, float, int, bool]]:
    """Give where to cut: x, y, height, label, whether the ink is dark."""

    def size(most: float) -> float:
        return float(np.exp(rng.uniform(-most, most)))

    for one in placed:
        if one.label == UNKNOWN:
            continue
        right, down = np.clip(rng.normal(0, SHIFT, 2), -2 * SHIFT, 2 * SHIFT) * one.height
        yield one.x + right, one.y + down, one.height * size(LARGER), one.label, one.dark
        if one.label == NONE or len(placed) == 1:
            yield one.x + right, one.y + down, one.height * size(LARGER), NONE, not one.dark
            continue
        if rng.random() < 0.25:  # the wrong polarity
            yield one.x, one.y, one.height * size(0.2), NONE, not one.dark
        if rng.random() < 0.25:  # half or twice as large
            right, down = rng.normal(0, 0.1, 2) * one.height
            wrong = rng.uniform(0.45, 0.68) if rng.random() < 0.5 else rng.uniform(1.5, 2.2)
            yield one.x + right, one.y + down, one.height * wrong, NONE, one.dark
        if rng.random() < 0.3:  # its upper or lower half: of segments that is a digit by itself
            right, down = rng.normal(0, 0.05, 2) * one.height
            down += rng.choice([-0.25, 0.25]) * one.height
            half = one.height * rng.uniform(0.42, 0.6)
            yield one.x + right, one.y + down, half, NONE, one.dark
    if len(placed) < 2:
        return
    height = float(np.median([one.height for one in placed]))
    for one in placed:  # beside the digits, above, below, and anywhere
        side = rng.choice([-1, 1])
        x, y = one.x, one.y
        if rng.random() < 0.5:
            x += side * rng.uniform(0.25, 0.75) * height
            y += rng.normal(0, 0.05) * height
        elif rng.random() < 0.3:
            x += rng.normal(0, 0.1) * height
            y += side * rng.uniform(0.25, 1) * height
        else:
            x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        if not _near(placed, x, y, height):
            yield x, y, height * size(0.3), NONE, bool(rng.random() < 0.5)


def _near(placed: Sequence[Placed], x: float, y: float, height: float) -> bool:
    """Tell whether a window there would show one of the digits more or less whole."""
    return any(abs(one.x - x) < 0.24 * height and abs(one.y - y) < 0.22 * height for one in placed)


def align(model: svm.Model, picture: Picture) -> Picture:
    """Find where in a photograph the digits that it is labelled with are likeliest."""
    image, placed = picture
    tried = [
        replace(one, y=one.y + down * one.height, height=share * one.height, dark=dark)
        for one in placed
        for dark in (False, True)
        for share, down in PLACES
    ]
    crops = [windows.crop_at(image, one.x, one.y, one.height, dark=one.dark) for one in tried]
    seen = np.stack([np.zeros((28, 28), np.uint8) if crop is None else crop for crop in crops])
    values = model.full.values(extract(seen, model.spec)).min(axis=2)
    classes = model.full.classes.tolist()
    found = []
    for number, one in enumerate(placed):
        if one.label < 0:
            found.append(one)
            continue
        own = slice(number * 2 * len(PLACES), (number + 1) * 2 * len(PLACES))
        margins = values[own, classes.index(one.label)]
        best = int(margins.argmax())
        label = one.label if margins[best] > FOUND else UNKNOWN
        found.append(replace(tried[own][best], label=label))
    return image, found


def false_alarms(model: svm.Model, pictures: Sequence[Picture]) -> Digits:
    """Cut out what a machine takes for a digit where there is none."""
    crops: list[Plane] = []
    for image, placed in pictures:
        if len(placed) == 1 or any(one.label == UNKNOWN for one in placed):
            continue
        tall = float(np.median([one.height for one in placed])) if placed else TEXTURE / 3
        inside = (0, 0, image.shape[1], image.shape[0])
        seen = [
            cell
            for cell in cells.candidates(image, inside, tall, model)
            if not any(
                abs(one.x - cell.x) < 0.3 * tall and abs(one.y - cell.y) < 0.3 * tall
                for one in placed
            )
        ]
        if placed:  # half of a digit is none
            seen += cells.candidates(image, inside, HALVED * tall, model)
        for cell in seen:
            crop = windows.crop_at(image, cell.x, cell.y, cell.height, dark=cell.dark)
            if crop is not None:
                crops.append(crop)
    return Digits(
        np.array(crops, np.uint8).reshape(-1, 28, 28), np.full(len(crops), NONE, np.int64)
    )


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.fit.displays", description=__doc__)
    parser.add_argument("model", type=Path, help="the model file that is changed")
    parser.add_argument("--displays", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--quick-look", action="store_true", help="fit only where rows are looked for"
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    given = parser.parse_args()
    model_file.read(given.model)  # what is wrong with it is said before minutes of work
    if given.quick_look:
        fitted_anew = relearn_coarse(
            given.model, given.displays, given.fonts, DisplayRecipe(), given.seed, log.info
        )
        log.info("wrote %s, %s", given.model, fitted_anew)
        return
    learnt = learn_displays(given.displays, given.fonts, DisplayRecipe(), given.seed, log.info)
    log.info("wrote %s, %s", given.model, install(given.model, learnt))


if __name__ == "__main__":
    try:
        _main()
    except CamdError as problem:
        raise SystemExit(f"training.fit.displays: {problem}") from None
