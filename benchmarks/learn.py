"""What forty corrections of a writer with odd 4s and 9s bring, and whether anything is lost.

    python -m benchmarks learn [--data MNIST --hands DIR] [--writers 12]

Each writer writes until camd was unsure of forty digits or has misread them. These are labelled and
learnt; new digits of the same writer are read before and after. With --data and --hands the whole
of MNIST's test, and the parts for testing of other hands, are read before and after as well."""

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from camd import paths
from camd.classify import model_file, svm
from camd.corrections import LEAST_LABELLED
from testing.writer import Writer
from training import digits as datasets
from training import hands
from training.digits import Digits
from training.fit import learn, standing

CORRECTIONS = 40
MOST_WRITTEN = 600
"""Digits that a writer writes at most until there are so many to correct."""
LEAST, BUDGET, SURE = 0.5, 0.01, 0.9
FRESH = np.repeat(np.arange(10), np.where(np.isin(np.arange(10), (4, 9)), 100, 20))
"""What each writer writes anew: more 4s and 9s than others."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks learn", description=__doc__)
    parser.add_argument("--data", type=Path, help="MNIST as .npz (x, y)")
    parser.add_argument("--hands", type=Path, help="other hands, see docs/training.md")
    parser.add_argument("--writers", type=int, default=12)
    options = parser.parse_args()
    arrays, meta = model_file.read(paths.model_file())
    old = svm.build(arrays, meta, with_rows=False)
    sets: dict[str, Digits] = {}
    if options.data:
        sets["mnist"] = datasets.hold_out(datasets.load(options.data))[1]
    if options.hands:
        sets |= hands.load(options.hands).tests
    before = errors(old, sets)
    sys.stdout.write(f"writer crops seconds  errors of {len(FRESH)}  unclear  {before}\n")
    for number in range(options.writers):
        writer = Writer.of(number)
        own = corrections(writer, old, number)
        if len(own) < LEAST_LABELLED:
            sys.stdout.write(f"{number:6} {len(own):5}  reads well: nothing to learn\n")
            continue
        began = time.perf_counter()
        found = learn.learn(
            arrays, meta, own, learn.writings(own.images), standing.read(),
            least=LEAST, budget=BUDGET, progress=lambda _text: None,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        new = svm.build(found.arrays, found.meta, with_rows=False)
        fresh = {"": Digits(writer.crops(FRESH, number + 50), FRESH)}
        was, now = (errors(model, fresh)[""] for model in (old, new))
        sys.stdout.write(
            f"{number:6} {len(own):5} {seconds:7.1f}  {was:4} -> {now:3}  {unclear(new):7.4f}"
            f"  {errors(new, sets)}  {found.report.refused or 'swapped'}\n"
        )
        sys.stdout.flush()


def corrections(writer: Writer, model: svm.Model, seed: int) -> Digits:
    """Give the first digits that the model is unsure of, or misreads, labelled."""
    digits = np.random.default_rng(seed + 100).integers(0, 10, MOST_WRITTEN)
    crops = writer.crops(digits, seed + 1)
    judged = model.classify(crops)
    some = np.flatnonzero((judged.labels != digits) | (judged.confidence < SURE))[:CORRECTIONS]
    return Digits(crops[some], digits[some])


def errors(model: svm.Model, sets: Mapping[str, Digits]) -> dict[str, int]:
    """Count digits that are not published as what they are."""
    found = {}
    for name, digits in sets.items():
        even = np.ones(len(digits), np.float32)
        found[name] = round(learn.tally(model, digits, even, LEAST).errors)
    return found


def unclear(model: svm.Model) -> float:
    """Return the share of the standing digits that the small machine leaves to the full one: that
    is what a frame costs."""
    assert model.quick
    held = standing.read()
    digits = held.digits.labels >= 0
    features = svm.features.extract(held.digits.images[digits], model.spec)
    margins = model.quick.machine.decide(features)[1].min(axis=1)
    weights = held.weights[digits]
    return float(weights[margins < model.quick.clear].sum() / weights.sum())
