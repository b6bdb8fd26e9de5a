"""`camd train`: data in, the model file and its card out."""

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

from camd import __version__, svm
from camd.errors import ModelError
from camd.features import FloatArray
from training import data as datasets
from training.augment import distort
from training.data import Digits
from training.evaluate import figures
from training.export import Machine, carry_gate, pack, to_bytes, write
from training.fit import ENGINE, Projection, Recipe, calibrate, fit_machine, learn_projection, see
from training.study.workers import Cluster

log = logging.getLogger(__name__)

QUICK_IMAGES = 4000
TESTS = 20
"""Crops kept in the file for the self-test at load."""
_UNKNOWN = np.array([[0.0], [0.5]], np.float32)
"""The calibration of a machine that is not calibrated yet."""


@dataclass(frozen=True, slots=True)
class Trained:
    path: Path
    replaced: bool
    """False: the model that was there is better, and stays."""
    card: dict[str, Any]
    """What <path>.json says, or would say."""


def train(
    data: Path | None,
    out: Path,
    *,
    quick: bool = False,
    seed: int = 0,
    force: bool = False,
    extra: Path | None = None,
    extra_weight: float = 1.0,
    progress: Callable[[str], None] = log.info,
    recipe: Recipe | None = None,
    gate_of: Path | None = None,
    scheduler: str | None = None,
) -> Trained:
    """Train the production model and write `out` (.npz) and its card beside it (.json).

    `data` as in training.data.load. `extra` is a folder of folders 0..9 and `none`, whose images
    join the training set, each weighing `extra_weight` images of `data`. `quick` is for tests:
    a few thousand images. The new model gets the gate of the model file `gate_of`, where that is
    for the same features. A model already at `out` gives way only to one that makes no more errors
    on the images held out for testing, unless `force`. Workers of the Dask scheduler `scheduler`
    (tcp://host:port) make the distorted copies, this process otherwise.

    The same data, seed and engine give the same model. Raises DataError, and for a scheduler
    MissingExtraError and CamdError."""
    recipe = recipe or Recipe()
    digits = datasets.load(data)
    own = datasets.load_folder(extra) if extra else None
    learn, test = datasets.hold_out(digits)
    if quick:
        recipe = replace(recipe, copies=min(recipe.copies, 1))
        if len(learn) > QUICK_IMAGES:
            learn = learn.take(datasets.stratified(learn.labels, QUICK_IMAGES)[1])
    part, held = datasets.stratified(learn.labels, 1 / 6)
    validation = learn.take(held)

    cluster = closing(Cluster(scheduler)) if scheduler else nullcontext()
    progress(f"learning the features' components from {len(part)} images")
    projection = learn_projection(learn.images[part], recipe)
    joined = datasets.join(learn, own) if own else learn
    weights = np.full(len(joined), extra_weight, np.float32)
    weights[: len(learn)] = 1
    with cluster as workers:
        seen = see(joined.images, projection, recipe, seed, progress, workers)

    def fitted(index: NDArray[np.intp]) -> Machine:
        return fit_machine(
            seen[:, index],
            joined.labels[index],
            weights[index],
            recipe,
            projection.variance,
            progress,
        )

    progress("first machine: without the validation images, to measure and calibrate")
    extra_index = np.arange(len(learn), len(joined))
    first = fitted(np.append(part, extra_index))
    trial = svm.build(*_packed(first, recipe, projection, _UNKNOWN, test))
    # Crops of a camera are worse drawn than MNIST's, and confidence must hold there as well.
    drawn_again = distort(validation.images, recipe.distortion, seed)
    both = datasets.join(validation, replace(validation, images=drawn_again))
    calibration = calibrate(trial.classify(both.images), both.labels)
    validated = figures(replace(trial, calibration=calibration), validation)
    progress(f"validation: {validated.errors} errors in {validated.images}")

    progress("second machine: on all training images")
    machine = fitted(np.arange(len(joined)))
    tested = figures(svm.build(*_packed(machine, recipe, projection, calibration, test)), test)
    progress(f"test: {tested.errors} errors in {tested.images}")
    scores = {"validation_error": validated.error, "test_error": tested.error}
    arrays, meta = _packed(machine, recipe, projection, calibration, test, scores)
    final = tested
    if gate_of and (gated := carry_gate(gate_of, arrays, meta)):
        arrays, meta = gated
        final = figures(svm.build(arrays, meta), test)
        progress(f"with the gate of {gate_of}: {final.errors} errors, the rejected among them")
    content = to_bytes(arrays)
    card = {
        "id": meta["sha256"][:8],
        "what": "one-vs-one SVM, RBF kernel, on gradient direction features; see docs/model.md",
        "scores": scores,
        "validation": validated.as_dict() | {"calibration": "fitted on these and copies of them"},
        "test": tested.as_dict(),
        "data": {
            "images": len(digits),
            "sha256": digits.sha256(),
            "learnt": len(learn) * (1 + recipe.copies),
            "extra": len(own) if own else 0,
            "extra_weight": extra_weight,
        },
        "recipe": recipe.as_dict(),
        "gamma": machine.gamma,
        "gate": {"of": str(gate_of), "test": final.as_dict()} if final is not tested else None,
        "support_vectors": len(machine.vectors),
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


def _packed(
    machine: Machine,
    recipe: Recipe,
    projection: Projection,
    calibration: FloatArray,
    test: Digits,
    scores: dict[str, float] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    return pack(
        machine,
        recipe.features,
        projection.matrix,
        projection.offset,
        calibration,
        test.images[:TESTS],
        scores or {},
    )


def _better_one(out: Path, errors: int, test: Digits) -> int | None:
    """Give the errors of the model at `out` if they are fewer than `errors`."""
    if not out.exists():
        return None
    try:
        old = figures(svm.load(out), test)
    except ModelError as exc:
        log.info("replaced without a comparison: %s", exc)
        return None
    return old.errors if old.errors < errors else None
