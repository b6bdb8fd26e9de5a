"""Measures what each mechanism that finds digits is worth: each is switched off alone. With
--numbers each number of camd.tuned is made a quarter greater instead, and a fifth less.

    python -m benchmarks ablate --real DIR [DIR ...] [--only NAME ...] [--numbers]

Each DIR has images and a labels.json, as for `camd eval`. A mechanism that changes nothing on any
of them is not worth its code.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import machine
from camd import paths, pipeline
from camd.classify import svm
from camd.classify.svm import Model
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.evaluate.reliability import by_confidence
from camd.evaluate.score import score
from camd.evaluate.truth import Label, load_labels
from camd.hypotheses import cuts, directions, select, surroundings, unions
from camd.runtime import bounded
from camd.segment import glyphs, page, ruling, segmentation
from camd.sources.picture import first_page
from camd.tuned import TUNED
from camd.values import Image, IntArray

SURE = 0.95
"""Digits with at least this confidence are counted, and those of them that are wrong."""
TIMES = 0.8, 1.25
CARRYING = ("ruling", "surroundings")
"""The two mechanisms that mattered most when they were first switched off one by one."""

Swap = tuple[Any, str, Any]
"""A module or class, or TUNED, one of its public names, and what replaces it while the mechanism is
off."""


def _nothing(*_: Any, **__: Any) -> list[Any]:
    return []


def _never(*_: Any, **__: Any) -> bool:
    return False


def _no_teeth(*_: Any) -> IntArray:
    return np.zeros(0, np.intp)


MECHANISMS: Mapping[str, tuple[Swap, ...]] = {
    "ruling": ((page, "erase", lambda _, pieces, __: (pieces, [])),),
    "comb teeth": ((ruling, "teeth", _no_teeth),),
    "goes on": ((glyphs, "goes_on", lambda *_: 0.0),),
    "cuts": ((cuts, "propose", _nothing),),
    "cuts into rows": ((TUNED, "rows_narrowest", 1e9),),
    "unions": ((unions, "propose", _nothing),),
    "scraps": ((segmentation, "scraps", _nothing),),
    "size": ((TUNED, "size", 0.0),),
    "doubt beside scraps": ((TUNED, "doubt", 1.0),),
    "lower threshold": ((select, "leads", _never),),
    "solid ink": ((TUNED, "solid", 1.0),),
    "other polarity": ((select, "outermost", lambda *_: select.NOTHING),),
    "boxes": ((segmentation, "is_box", _never), (glyphs.form_boxes, "square", _never)),
    "halo": ((TUNED, "softest", 1e9),),
    "one-sided edges": ((TUNED, "surrounded", 0.0),),
    "faintness": ((TUNED, "faintest", 0.0),),
    "thickness": ((TUNED, "thickest", 1e9),),
    "other ways up": ((directions, "ways", _nothing), (directions, "lean", lambda _: 0)),
    "turned rows": ((glyphs, "turn", lambda _: 0.0),),
    "surroundings": ((surroundings, "judge", lambda page, _, **__: page.sure),),
}


@dataclass(frozen=True, slots=True)
class Figures:
    ordinary: float
    """F1 on ordinary photographs; 1 when the labels say of none that it is ordinary."""
    written: float
    """F1 on all images with digits."""
    false: float
    """Mean number of false digits in images without digits; 0 when there are no such images."""
    sure: int
    """Number of digits with a confidence of SURE or more."""
    wrong: int
    """Number of these digits that are wrong."""


@contextmanager
def without(names: Sequence[str]) -> Iterator[None]:
    """Switch the named mechanisms off inside a `with` block, or move the numbers."""
    with ExitStack() as stacked:
        for name in names:
            for owner, attribute, other in MECHANISMS[name] if name in MECHANISMS else _moved(name):
                swapped = _set(attribute, other) if owner is TUNED else None
                stacked.enter_context(swapped or patch.object(owner, attribute, other))
        yield


def _moved(name: str) -> tuple[Swap, ...]:
    number, _, times = name.partition(" x ")
    value = getattr(TUNED, number) * float(times)
    if isinstance(getattr(TUNED, number), int):
        value = math.ceil(value) if float(times) > 1 else math.floor(value)
    return ((TUNED, number, value),)


@contextmanager
def _set(number: str, value: float) -> Iterator[None]:
    was = getattr(TUNED, number)
    object.__setattr__(TUNED, number, value)  # it is frozen for all others
    try:
        yield
    finally:
        object.__setattr__(TUNED, number, was)


def figures(images: Sequence[tuple[Label, Image]], model: Model) -> Figures:
    """Read labelled images and compare what was read with their labels."""
    reader = pipeline.Pipeline(Settings(), model)
    lines = {label.file: reader.still(image).lines for label, image in images}
    labels = [label for label, _ in images]
    found = score(labels, {file: [line.text for line in own] for file, own in lines.items()})
    bins = by_confidence((label, lines[label.file]) for label in labels)
    sure = [one for one in bins if one.least >= SURE]
    return Figures(
        found.ordinary.f1,
        found.positives.f1,
        found.negatives.false_an_image,
        sum(one.digits for one in sure),
        sum(one.wrong for one in sure),
    )


def variants(only: Sequence[str], *, numbers: bool = False) -> dict[str, tuple[str, ...]]:
    """Return the rows of the table by name, and the mechanisms that are off in each."""
    if numbers:
        moved = [f"{name} x {times}" for name in asdict(TUNED) for times in TIMES]
        return {"as it ships": (), **{name: (name,) for name in moved}}
    chosen = {name: (name,) for name in (only or MECHANISMS)}
    if only:
        return {"as it ships": (), **chosen}
    rest = tuple(name for name in MECHANISMS if name not in CARRYING)
    return {
        "as it ships": (),
        **chosen,
        f"all but {' and '.join(CARRYING)}": rest,
        "all": tuple(MECHANISMS),
    }


def table(
    sets: Mapping[str, Sequence[tuple[Label, Image]]],
    compared: Mapping[str, Sequence[str]],
    measure: Callable[[Sequence[tuple[Label, Image]]], Figures],
) -> Iterator[str]:
    """Yield the lines of the table as they are measured. Each set has four columns. Rows after the
    first give differences from the first."""
    heads = [f"{name}: F1 ordinary | all | false | wrong of the sure" for name in sets]
    yield f"| switched off | {' | '.join(heads)} |"
    yield "|---" * (1 + 4 * len(sets)) + "|"
    first: dict[str, Figures] = {}
    for title, off in compared.items():
        cells = []
        for name, images in sets.items():
            with without(off):
                found = measure(images)
            was = first.setdefault(name, found)
            cells.append(_cells(found, None if was is found else was))
        yield f"| {title} | {' | '.join(cells)} |"


def _cells(found: Figures, was: Figures | None) -> str:
    sure = f"{found.wrong} of {found.sure}"
    if was is None:
        return f"{found.ordinary:.3f} | {found.written:.3f} | {found.false:.2f} | {sure}"
    return (
        f"{found.ordinary - was.ordinary:+.3f} | {found.written - was.written:+.3f}"
        f" | {found.false - was.false:+.2f} | {sure}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks ablate", description=__doc__.partition("\n")[0]
    )
    parser.add_argument(
        "--real", type=Path, nargs="+", required=True, metavar="DIR", help="as for camd eval"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], choices=list(MECHANISMS), metavar="NAME",
        help=f"switch only these off: {', '.join(MECHANISMS)}",
    )  # fmt: skip
    parser.add_argument("--numbers", action="store_true", help="move numbers, switch nothing off")
    parser.add_argument("--model", type=Path, help="default: the one that ships")
    options = parser.parse_args(arguments)
    try:
        sets = {directory.resolve().name: load(directory) for directory in options.real}
        model = svm.load(options.model or paths.model_file())
    except CamdError as error:
        sys.stderr.write(f"ablate: {error}\n")
        sys.exit(error.status)
    sys.stdout.write(f"{machine.line()}\n\n")
    with bounded(1):
        rows = variants(options.only, numbers=options.numbers)
        for line in table(sets, rows, lambda images: figures(images, model)):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def load(directory: Path) -> list[tuple[Label, Image]]:
    """Read the labelled images of a folder.

    Raises DataError, SourceError."""
    return [(label, first_page(directory / label.file).image) for label in load_labels(directory)]


if __name__ == "__main__":
    main()
