"""Fit the machine that tells digits from everything else, which camd/gate.py runs, and put it into
a model file: python -m training.gate MODEL --data MNIST --letters OMNIGLOT."""

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from camd import gate, model_file, svm
from camd.features import FeatureSpec, extract
from camd.gate import Gate
from camd.values import FloatArray
from training.cut_out import Crops
from training.export import Machine, seal, to_bytes, write
from training.fit import Projection, Recipe, fit_machine, learn_projection
from training.negatives import Labelled, render, sources

log = logging.getLogger(__name__)

Progress = Callable[[str], None]

KNOTS = np.linspace(-3.0, 3.0, 61)
"""Decision values at which the calibration is tabulated."""
TESTS = 10
"""Crops that are no digits, added to the self-test."""


@dataclass(frozen=True, slots=True)
class GateRecipe:
    crops: int = 60_000
    """Rendered, about half of them digits."""
    held_back: int = 8_000
    """Rendered from other digits, letters and fonts, to calibrate with."""
    plain: int = 50_000
    """MNIST's own images, which have seen no camera, but are what a model is measured with."""
    projected: int = 56
    c: float = 3.0
    gamma: float = 1.5
    """In units of 1 / (sum of the variances of the components)."""
    quick: int = 40
    """Principal components that the small machine of the cascade sees."""
    every: int = 8
    """It learns each so manyth crop."""
    digit: float = 1.2
    """Decision value from which on it is believed that something is a digit: high, because the
    full machine tells sure from very sure better, and that is published."""
    other: float = 1.6
    """The same, so far below 0, of what is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    arrays: dict[str, NDArray[Any]]
    """gate_* of the model file."""
    meta: dict[str, float]
    """The same."""

    def built(self) -> Gate:
        built = gate.build(self.arrays, self.meta)
        assert built is not None
        return built

    def calibrated(self, features: FloatArray, is_digit: NDArray[np.bool_]) -> "Fitted":
        """Give this gate with what its decision values mean on crops held back: features (N, D)
        and which are digits, (N,)."""
        built = self.built()
        components = built.projection.components(features)
        own = {"gate_calibration": calibrate(built.full.values(components), is_digit)}
        if built.quick:
            values = built.quick.machine.values(components)
            own["gate_quick_calibration"] = calibrate(values, is_digit)
        return replace(self, arrays={**self.arrays, **own})


def fit_gate(
    drawn: Labelled, plain: Crops, features: FeatureSpec, recipe: GateRecipe, progress: Progress
) -> Fitted:
    """Fit on rendered crops and on MNIST's own (N, 28, 28), the first `recipe.plain` of them."""
    settings = Recipe(
        features=features,
        projected=recipe.projected,
        c=recipe.c,
        gamma=recipe.gamma,
        copies=0,
        flatten=0,
    )
    crops = np.concatenate([drawn.crops, plain[: recipe.plain]])
    is_digit = np.ones(len(crops), np.int64)
    is_digit[: len(drawn.labels)] = drawn.labels >= 0
    # Learnt on digits alone, the components would be blind to what sets other things apart.
    projection = learn_projection(crops, settings)
    seen = (extract(crops, features) @ projection.matrix + projection.offset).astype(np.float16)
    full = _machine(seen, is_digit, projection, settings, progress)
    arrays = {"gate_projection": projection.matrix, "gate_offset": projection.offset}
    arrays |= _arrays("gate_", full)
    meta = {"gate_gamma": full.gamma}
    if recipe.quick:
        few = seen[:: recipe.every, : recipe.quick]
        quick = _machine(few, is_digit[:: recipe.every], projection, settings, progress)
        arrays |= _arrays("gate_quick_", quick)
        meta |= {
            "gate_quick_gamma": quick.gamma,
            "gate_quick_digit": recipe.digit,
            "gate_quick_other": recipe.other,
        }
    return Fitted(arrays, meta)


def _machine(
    seen: NDArray[np.float16],
    is_digit: NDArray[np.int64],
    projection: Projection,
    settings: Recipe,
    progress: Progress,
) -> Machine:
    """Fit on the first of the components, (N, P)."""
    variance = float(projection.variances[: seen.shape[1]].sum())
    weights = np.ones(len(seen), np.float32)
    return fit_machine(seen, is_digit, weights, settings, variance, progress)


def _arrays(prefix: str, machine: Machine) -> dict[str, NDArray[Any]]:
    """Give what the model file holds; of two classes a machine counts for the lower one, which is
    no digit."""
    return {
        f"{prefix}vectors": machine.vectors.astype(np.float16),
        f"{prefix}coefs": -machine.coefs[0],
        f"{prefix}intercept": -machine.intercepts,
        f"{prefix}calibration": np.array([[0.0], [0.5]], np.float32),
    }


def calibrate(values: FloatArray, is_digit: NDArray[np.bool_]) -> FloatArray:
    """Tabulate the probability of a digit by its decision value, (2, k): Platt's sigmoid, on crops
    held back."""
    sigmoid = LogisticRegression(C=1e4).fit(values[:, None], is_digit)
    return np.stack([KNOTS, sigmoid.predict_proba(KNOTS[:, None])[:, 1]]).astype(np.float32)


def install(
    model: Path, fitted: Fitted, others: Crops
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the contents of `model` with this gate in the place of any other; `others` (N, 28, 28)
    are no digits, for the self-test. Raises ModelError."""
    arrays, meta = model_file.read(model)
    digits = arrays["test_crops"][arrays["test_labels"] >= 0]
    return seal(
        {
            **arrays,
            **fitted.arrays,
            "test_crops": np.concatenate([digits, others[:TESTS]]),
        },
        {**meta, **fitted.meta},
    )


def _note(card: Path, identity: str, size: int, note: dict[str, Any]) -> None:
    """Add what the gate is to a model's card, where it has one."""
    if card.exists():
        said = json.loads(card.read_text(encoding="utf-8"))
        said |= {"id": identity, "bytes": size, "gate": note}
        write(card, (json.dumps(said, indent=2) + "\n").encode())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.gate", description=__doc__)
    parser.add_argument("model", type=Path, help="the model file that gets the gate")
    parser.add_argument("--data", type=Path, required=True, help="MNIST as .npz (x, y)")
    parser.add_argument("--letters", type=Path, required=True, help="Omniglot, packed, as .npz")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    recipe = GateRecipe()
    features = svm.load(options.model).spec
    to_fit, to_check = sources(options.data, options.letters, options.fonts)
    log.info("rendering %d crops; this takes minutes", recipe.crops + recipe.held_back)
    drawn = render(to_fit, recipe.crops, options.seed)
    held = render(to_check, recipe.held_back, options.seed + 1)
    fitted = fit_gate(drawn, to_fit.hand.images, features, recipe, log.info)
    extracted, is_digit = extract(held.crops, features), held.labels >= 0
    fitted = fitted.calibrated(extracted, is_digit)
    values = fitted.built().judge(extracted)[0]
    passing = {
        "digits": round(float((values[is_digit] > gate.PASS).mean()), 4),
        "others": round(float((values[~is_digit] > gate.PASS).mean()), 4),
    }
    log.info("held back: %(digits).4f of the digits pass, %(others).4f of the others", passing)
    arrays, meta = install(options.model, fitted, held.crops[~is_digit])
    content = to_bytes(arrays)
    write(options.model, content)
    note = {
        "what": "digit or not, SVM with RBF kernel, on the same features",
        "recipe": asdict(recipe),
        "support_vectors": len(arrays["gate_coefs"]),
        "of_the_small_machine": len(arrays["gate_quick_coefs"]),
        "passing_of_held_back": passing,
        "seed": options.seed,
    }
    _note(options.model.with_suffix(".json"), meta["sha256"][:8], len(content), note)
    log.info("wrote %s, %s, %.1f MB", options.model, meta["sha256"][:8], len(content) / 1e6)


if __name__ == "__main__":
    main()
