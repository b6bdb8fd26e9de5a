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

from camd import __version__
from camd.classify import svm
from camd.classify.features import extract
from camd.errors import ModelError
from training import digits as datasets
from training.digits import Digits
from training.fit.bench import Bench, Machines
from training.fit.evaluate import Figures, figures
from training.fit.export import carry_gate, to_bytes, write
from training.fit.fit import ENGINE, Recipe, learn_projection
from training.fit.self_test import with_tests
from training.fit.trial import photographs_of, try_out
from training.workers import Cluster, Workers

log = logging.getLogger(__name__)

PRODUCTION = Recipe()


@dataclass(frozen=True, slots=True)
class Material:
    """What a model is trained with."""

    data: Path | None = None
    """The images; see training.digits.load."""
    extra: Path | None = None
    """A folder with folders 0 to 9 and `none`, whose images are added to the training images."""
    extra_weight: float = 1.0
    """One image of `extra` counts for so many of `data`."""
    gate_of: Path | None = None
    """The model file from which the new one takes its gate, when the features are the same."""


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
    own = datasets.load_folder(material.extra) if material.extra else None
    learn, test = datasets.hold_out(digits)
    if recipe.images and len(learn) > recipe.images:
        learn = learn.take(datasets.stratified(learn.labels, recipe.images)[1])
    joined = datasets.join(learn, own) if own else learn
    weights = np.full(len(joined), material.extra_weight, np.float32)
    weights[: len(learn)] = 1
    cluster = closing(Cluster(scheduler)) if scheduler else nullcontext()
    with cluster as workers:
        tried = try_out(learn, joined, weights, recipe, seed, progress, workers)
        bench, trial, validation = tried.bench, tried.machines, tried.validation
        validated = figures(bench.model(trial), validation)
        progress(f"validation: {validated.errors} errors in {validated.images}")
        progress("second machines: on all training images")
        fitted = bench.fit(np.arange(len(joined))).like(trial)
        notebook = None
        if len(digits) == datasets.MNIST_SIZE and not recipe.images and not own:
            progress("third machines: on the notebook's split, to compare with it")
            notebook = _on_the_notebooks_split(digits, trial, recipe, seed, progress, workers)
    tested = figures(bench.model(fitted), test)
    alone = figures(bench.model(replace(fitted, quick=None)), test)
    progress(f"test: {tested.errors} errors in {tested.images}")
    scores = {"validation_error": validated.error, "test_error": tested.error}
    arrays, meta = bench.pack(fitted, test.images[:1], scores)
    final = tested
    if material.gate_of and (gated := carry_gate(material.gate_of, arrays, meta)):
        arrays, meta = gated
        final = figures(svm.build(arrays, meta), test)
        progress(
            f"with the gate of {material.gate_of}: {final.errors} errors, the rejected among them"
        )
    arrays, meta = with_tests(arrays, meta, test)
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
            "learnt": len(learn) * (1 + recipe.copies),
            "photographs": len(bench.photo_labels),
            "extra": len(own) if own else 0,
            "extra_weight": material.extra_weight,
        },
        "recipe": recipe.as_dict(),
        "gamma": fitted.full.gamma,
        "gate": {"of": str(material.gate_of), "test": final.as_dict()}
        if final is not tested
        else None,
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
    digits: Digits,
    trial: Machines,
    recipe: Recipe,
    seed: int,
    progress: Callable[[str], None],
    workers: Workers | None,
) -> Figures:
    """Fit the recipe on the notebook's training and validation images, and count errors on the
    notebook's test images."""
    learnt, held = datasets.notebook_split()
    learn = digits.take(learnt)
    weights = np.ones(len(learn), np.float32)
    photographs = photographs_of(learn, recipe.photographs, seed, progress, workers)
    projection = learn_projection(learn.images, recipe)
    bench = Bench.of(learn, weights, projection, photographs, recipe, seed, progress, workers)
    fitted = bench.fit(np.arange(len(learn))).like(trial)
    found = figures(bench.model(fitted), digits.take(held))
    progress(f"the notebook's test: {found.errors} errors in {found.images}")
    return found


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
