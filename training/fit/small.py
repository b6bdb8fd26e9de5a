"""Fit the small machines of a model file again; its full machines stay as they are:
python -m training.fit.small MODEL --data MNIST --letters OMNIGLOT."""

import argparse
import json
import logging
from dataclasses import asdict, replace

import numpy as np

from camd import files
from camd.classify import model_file, svm
from camd.classify.features import extract
from camd.classify.model_schema import Arrays, Meta, spec_from
from camd.errors import CamdError
from training import digits as datasets
from training.fit.evaluate import figures
from training.fit.export import (
    Machine,
    SmallMachine,
    quick_arrays,
    quick_meta,
    seal,
    to_bytes,
    write,
)
from training.fit.fit import LearntProjection, Progress, Recipe
from training.fit.gate import Fitted, GateRecipe, options
from training.fit.trial import try_out
from training.render.cut_out import Crops
from training.render.negatives import Labelled, render, sources

log = logging.getLogger(__name__)


def refit_digits(
    arrays: Arrays,
    meta: Meta,
    digits: datasets.Digits,
    recipe: Recipe,
    seed: int,
    progress: Progress,
) -> SmallMachine:
    """Give a small machine for the machine of a model file that tells digits apart. From which
    margin on it is believed is chosen with other machines, which were not trained on all images.
    Raises CamdError when it should not be believed at all."""
    learn, _ = datasets.hold_out(digits)
    matrix, offset = arrays["projection"], arrays["offset"]
    seen = extract(learn.images, recipe.features) @ matrix
    projection = LearntProjection(matrix, offset, seen.var(axis=0))
    weights = np.ones(len(learn), np.float32)
    tried = try_out(learn, learn, weights, recipe, seed, progress, None, projection)
    full = Machine(
        arrays["classes"],
        arrays["counts"],
        arrays["vectors"].astype(np.float32),
        arrays["coefs"],
        arrays["intercepts"],
        meta["gamma"],
    )
    if tried.machines.quick is None:
        raise CamdError("the small machine is never as good as the full one; take more vectors")
    return replace(tried.machines.quick, machine=tried.bench.small(full, np.arange(len(learn))))


def refit_gate(
    arrays: Arrays,
    meta: Meta,
    drawn: Labelled,
    plain: Crops,
    held: Labelled,
    recipe: GateRecipe,
    progress: Progress,
) -> Fitted:
    """Give the gate of a model file with a new small machine. It is trained on rendered crops and
    on MNIST's own (N, 28, 28), and calibrated on crops held back."""
    gate = Fitted(
        {name: array for name, array in arrays.items() if name.startswith("gate_")},
        {name: value for name, value in meta.items() if name.startswith("gate_")},
    )
    spec = spec_from(meta)
    crops = np.concatenate([drawn.crops, plain[: recipe.plain]])
    seen = gate.built().projection.components(extract(crops, spec)).astype(np.float16)
    fitted = gate.with_quick(seen, recipe, progress)
    fitted = fitted.calibrated(extract(held.crops, spec), held.labels >= 0)
    return replace(fitted, arrays=fitted.arrays | {"gate_calibration": arrays["gate_calibration"]})


def fit(options: argparse.Namespace) -> None:
    old, meta = model_file.read(options.model)
    if "gate_vectors" not in old:
        raise CamdError(f"{options.model} has no gate: python -m training.fit.gate fits one")
    digits = datasets.load(options.data)
    to_fit, to_check = sources(options.data, options.letters, options.fonts)
    recipe = replace(Recipe(), features=spec_from(meta), projected=old["offset"].size)
    quick = refit_digits(old, meta, digits, recipe, options.seed, log.info)
    log.info("rendering crops for the gate; this takes minutes")
    rendered = GateRecipe()
    drawn = render(to_fit, rendered.crops, options.seed)
    held = render(to_check, rendered.held_back, options.seed + 1)
    gate = refit_gate(old, meta, drawn, to_fit.hand.images, held, rendered, log.info)
    arrays = {**old, **gate.arrays, **quick_arrays(quick)}
    described = {**meta, **gate.meta, **quick_meta(quick)}
    test = datasets.hold_out(digits)[1]
    built = svm.build(arrays, described)
    tested, published = (figures(one, test) for one in (replace(built, gate=None), built))
    log.info(
        "test: %d errors in %d, %d with the gate", tested.errors, tested.images, published.errors
    )
    described["scores"] = {**meta["scores"], "test_error": tested.error}
    sealed, described = seal(arrays, described)
    content = to_bytes(sealed)
    write(options.model, content)
    card = options.model.with_suffix(".json")
    if card.exists():
        said = json.loads(files.read_text(card))
        alone = figures(replace(built, gate=None, quick=None), test)
        said |= {
            "id": described["sha256"][:8],
            "bytes": len(content),
            "scores": described["scores"],
            "test": tested.as_dict(),
            "recipe": recipe.as_dict(),
            "cascade": {
                "vectors": len(quick.machine.vectors),
                "clear_from_margin": round(quick.clear, 4),
                "test_errors_of_the_full_machine_alone": alone.errors,
                "seed": options.seed,
            },
        }
        said["gate"] |= {
            "recipe": asdict(rendered),
            "of_the_small_machine": len(gate.arrays["gate_quick_coefs"]),
            "test": published.as_dict(),
        }
        write(card, (json.dumps(said, indent=2) + "\n").encode())
    log.info("wrote %s, %s", options.model, described["sha256"][:8])


if __name__ == "__main__":
    try:
        fit(options("training.fit.small", __doc__))
    except CamdError as problem:
        raise SystemExit(f"training.small: {problem}") from None
