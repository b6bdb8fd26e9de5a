"""What `camd train` does: it reads data, and writes a model file and its card."""

import json
import logging
import platform
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd import __version__
from camd.classify import svm
from camd.classify.features import extract
from camd.errors import ModelError
from training import digits as datasets
from training import hands
from training.digits import Digits
from training.fit.bench import Bench, Machines
from training.fit.displays import DisplayRecipe, learn_displays
from training.fit.evaluate import Figures, by_hand, figures
from training.fit.export import (
    carry_gate,
    carry_part,
    carry_surroundings,
    to_bytes,
    with_part,
    write,
)
from training.fit.fit import ENGINE, Recipe, learn_projection
from training.fit.gate import GateRecipe, learn_gate, with_gate
from training.fit.self_test import with_tests
from training.fit.trial import photographs_of, try_out
from training.render.lettering import Fonts
from training.render.negatives import Sources, sources
from training.render.photographs import NO_FONTS
from training.workers import Cluster, Workers

log = logging.getLogger(__name__)

PRODUCTION = Recipe()
GATE = GateRecipe()
DISPLAYS = DisplayRecipe()


@dataclass(frozen=True, slots=True)
class Material:
    """What a model is trained with."""

    data: Path | None = None
    """The images; see training.digits.load."""
    extra: Path | None = None
    """A folder with folders 0 to 9 and `none`, whose images are added to the training images."""
    extra_weight: float = 1.0
    """One image of `extra` counts for so many of `data`."""
    hands: Path | None = None
    """A folder with the sets that training.hands reads: other writers' digits, and print."""
    letters: Path | None = None
    """Omniglot, packed, to fit a gate with; see training.render.hand.read_letters."""
    fonts: Path = Path("/usr/share/fonts")
    """Where fonts are looked for, to print letters and digits with; not without `letters` or
    `displays`."""
    displays: Path | None = None
    """A folder with the photographs that training.fit.displays reads, to fit the model for rows
    with; see there."""
    old: Path | None = None
    """The model file from which the new one takes what is not fitted: without `letters` its gate,
    when the features are the same, and without `displays` its model for rows."""


@dataclass(frozen=True, slots=True)
class Trained:
    path: Path
    replaced: bool
    """False when the model that was there before is better and was kept."""
    card: dict[str, Any]
    """The contents of the card <path>.json, which is not written when the old model was kept."""


def train(
    material: Material,
    out: Path,
    recipe: Recipe = PRODUCTION,
    gate: GateRecipe = GATE,
    displays: DisplayRecipe = DISPLAYS,
    *,
    seed: int = 0,
    force: bool = False,
    scheduler: str | None = None,
    progress: Callable[[str], None] = log.info,
) -> Trained:
    """Train the production model and write `out` (.npz) and its card beside it (.json).

    If there is a model at `out` already, it is replaced only by one that makes no more errors on
    the images held out for testing; `force` always replaces it. With a Dask `scheduler`
    (tcp://host:port), its workers make the distorted copies, otherwise this process does.

    The same data, seed and engine give the same model. Raises DataError, and with a scheduler also
    MissingExtraError and CamdError."""
    digits = datasets.load(material.data)
    others = hands.load(material.hands) if material.hands else None
    own = datasets.load_folder(material.extra) if material.extra else None
    learn, test = datasets.hold_out(digits)
    copies = np.full(len(learn), recipe.copies)
    if others:
        learn = datasets.join(learn, others.learn)
        copies = np.append(copies, recipe.copies_of(others.alike))
    if recipe.images and len(learn) > recipe.images:
        some = datasets.stratified(learn.labels, recipe.images)[1]
        learn, copies = learn.take(some), copies[some]
    joined = datasets.join(learn, own) if own else learn
    copies = np.append(copies, np.full(len(joined) - len(learn), recipe.copies))
    weights = np.full(len(joined), material.extra_weight, np.float32)
    weights[: len(learn)] = 1
    drawn_with = sources(learn, material.letters, material.fonts) if material.letters else None
    fonts = print_of(drawn_with)
    cluster = closing(Cluster(scheduler)) if scheduler else nullcontext()
    with cluster as workers:
        tried = try_out(
            learn, joined, copies, weights, recipe, seed, progress, workers, fonts=fonts
        )
        bench, trial, validation = tried.bench, tried.machines, tried.validation
        validated = figures(bench.model(trial), validation)
        progress(f"validation: {validated.errors} errors in {validated.images}")
        progress("second machines: on all training images")
        fitted = bench.fit(np.arange(len(joined))).like(trial)
        notebook = None
        if len(digits) == datasets.MNIST_SIZE and not recipe.images and not own:
            progress("third machines: on the notebook's split, to compare with it")
            learnt, held = datasets.notebook_split()
            split, made = digits.take(learnt), np.full(len(learnt), recipe.copies)
            if others:
                split = datasets.join(split, others.learn)
                made = np.append(made, recipe.copies_of(others.alike))
            notebook = _on_the_notebooks_split(
                split, made, digits.take(held), trial, recipe, seed, progress, workers, fonts
            )
    tested = figures(bench.model(fitted), test)
    alone = figures(bench.model(replace(fitted, quick=None)), test)
    progress(f"test: {tested.errors} errors in {tested.images}")
    scores = {"validation_error": validated.error, "test_error": tested.error}
    arrays, meta = bench.pack(fitted, test.images[:1], scores)
    final = tested
    gated = None
    if drawn_with:
        learnt_gate = learn_gate(*drawn_with, recipe.features, gate, seed, progress)
        arrays, meta = with_gate(arrays, meta, learnt_gate.fitted, learnt_gate.others)
        gated = learnt_gate.card
    elif material.old and (carried := carry_gate(material.old, arrays, meta)):
        arrays, meta = carried
        gated = {"of": str(material.old)}
    model = svm.build(arrays, meta)
    if gated is not None:
        final = figures(model, test)
        gated["test"] = final.as_dict()
        progress(f"with the gate: {final.errors} errors, the rejected among them")
    arrays, meta = with_tests(arrays, meta, test)
    in_rows = None
    if material.displays:
        learnt_rows = learn_displays(material.displays, material.fonts, displays, seed, progress)
        arrays, meta = with_part("rows", arrays, meta, learnt_rows.arrays, learnt_rows.meta)
        in_rows = learnt_rows.card
    elif material.old:
        arrays, meta = carry_part("rows", material.old, arrays, meta)
        in_rows = {"of": str(material.old)} if "rows" in meta else None
    if material.old:
        arrays, meta = carry_part("points", material.old, arrays, meta)
        arrays, meta = carry_surroundings(material.old, arrays, meta)
    content = to_bytes(arrays)
    card = {
        "id": meta["sha256"][:8],
        "what": "one-vs-one SVM, RBF kernel, on gradient direction features; see docs/model.md",
        "scores": scores,
        "validation": validated.as_dict()
        | {"calibration": "fitted on these and photographs of them"},
        "test": tested.as_dict(),
        "notebook_test": notebook.as_dict() if notebook else None,
        "data": {
            "images": len(digits),
            "sha256": digits.sha256(),
            "learnt": int((1 + copies).sum()),
            "photographs": len(bench.photo_labels),
            "extra": len(own) if own else 0,
            "extra_weight": material.extra_weight,
        },
        "recipe": recipe.as_dict(),
        "gamma": fitted.full.gamma,
        "gate": gated,
        "hands": {
            name: {"licence": others.licences[name]} | by_hand(model, held)
            for name, held in others.tests.items()
        }
        if others
        else None,
        "rows": in_rows,
        "points": {"of": str(material.old)} if "points" in meta else None,
        "surroundings": {"of": str(material.old)} if "surroundings" in meta else None,
        "support_vectors": len(fitted.full.vectors),
        "cascade": cascade(fitted, trial, validation, bench, alone),
        "bytes": len(content),
        "seed": seed,
        "engine": ENGINE,
        "camd": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    if not force and (better := _better_one(out, final.errors, test)) is not None:
        progress(f"{out} makes {better} errors on the same test and stays; --force replaces it")
        return Trained(out, False, card)
    write(out, content)
    write(out.with_suffix(".json"), (json.dumps(card, indent=2) + "\n").encode())
    progress(f"wrote {out}, {len(content) / 1e6:.1f} MB")
    return Trained(out, True, card)


def cascade(
    fitted: Machines, trial: Machines, held: Digits, bench: Bench, alone: Figures
) -> dict[str, Any] | None:
    """Describe for the card how much work the cascade saves and how many errors it costs."""
    if fitted.quick is None:
        return None
    model = bench.model(trial)
    assert model.quick is not None
    margins = model.quick.machine.decide(extract(held.images, model.spec))[1].min(axis=1)
    return {
        "vectors": len(fitted.quick.machine.vectors),
        "clear_from_margin": round(fitted.quick.clear, 4),
        "clear_of_held_out": round(float((margins >= model.quick.clear).mean()), 4),
        "test_errors_of_the_full_machine_alone": alone.errors,
    }


def _on_the_notebooks_split(
    learn: Digits,
    copies: NDArray[np.intp],
    held: Digits,
    trial: Machines,
    recipe: Recipe,
    seed: int,
    progress: Callable[[str], None],
    workers: Workers | None,
    fonts: Fonts,
) -> Figures:
    """Fit the recipe on the notebook's training and validation images `learn`, with so many
    `copies` (N,) of each, and count errors on the notebook's test images `held`."""
    weights = np.ones(len(learn), np.float32)
    photographs = photographs_of(learn, recipe.photographs, seed, progress, workers, fonts)
    projection = learn_projection(learn.images, recipe)
    bench = Bench.of(
        learn, copies, weights, projection, photographs, recipe, seed, progress, workers
    )
    fitted = bench.fit(np.arange(len(learn))).like(trial)
    found = figures(bench.model(fitted), held)
    progress(f"the notebook's test: {found.errors} errors in {found.images}")
    return found


def print_of(drawn_with: tuple[Sources, Sources] | None) -> Fonts:
    """Return the printed fonts, without the handwriting, that digits are drawn with."""
    return Fonts((), drawn_with[0].fonts.prints) if drawn_with else NO_FONTS


def _better_one(out: Path, errors: int, test: Digits) -> int | None:
    """Give the number of errors of the model at `out` if it is less than `errors`, else None."""
    if not out.exists():
        return None
    try:
        old = figures(svm.load(out), test)
    except ModelError as exc:
        log.info("replaced without a comparison: %s", exc)
        return None
    return old.errors if old.errors < errors else None
