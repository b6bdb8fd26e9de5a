"""Fit the machine that tells digits from everything else, which camd/gate.py runs, and put it into
a model file: python -m training.gate MODEL --data MNIST --letters OMNIGLOT."""

import argparse
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from camd import gate, model_file, svm
from camd.features import FeatureSpec, FloatArray, extract
from training.export import seal, to_bytes, write
from training.fit import Recipe, fit_machine, learn_projection
from training.negatives import Crops, Labelled, generate, sources

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


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    arrays: dict[str, NDArray[Any]]
    """gate_* of the model file."""
    gamma: float

    def values(self, features: FloatArray) -> FloatArray:
        """Give the decision values (N,) of features (N, D)."""
        built = gate.build(self.arrays, {"gate_gamma": self.gamma})
        assert built is not None
        return built.values(features)


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
    )
    crops = np.concatenate([drawn.crops, plain[: recipe.plain]])
    is_digit = np.ones(len(crops), np.int64)
    is_digit[: len(drawn.labels)] = drawn.labels >= 0
    # Learnt on digits alone, the components would be blind to what sets other things apart.
    projection = learn_projection(crops, settings)
    seen = (extract(crops, features) @ projection.matrix + projection.offset).astype(np.float16)
    weights = np.ones(len(crops), np.float32)
    machine = fit_machine(
        seen[None], is_digit, weights, settings, float(projection.variances.sum()), progress
    )
    # The machine counts for its lower class, which is 0, no digit.
    return Fitted(
        {
            "gate_projection": projection.matrix,
            "gate_offset": projection.offset,
            "gate_vectors": machine.vectors.astype(np.float16),
            "gate_coefs": -machine.coefs[0],
            "gate_intercept": -machine.intercepts,
            "gate_calibration": np.array([[0.0], [0.5]], np.float32),
        },
        machine.gamma,
    )


def calibrate(values: FloatArray, is_digit: NDArray[np.bool_]) -> FloatArray:
    """Tabulate the probability of a digit by its decision value, (2, k): Platt's sigmoid, on crops
    held back."""
    sigmoid = LogisticRegression(C=1e4).fit(values[:, None], is_digit)
    return np.stack([KNOTS, sigmoid.predict_proba(KNOTS[:, None])[:, 1]]).astype(np.float32)


def install(
    model: Path, fitted: Fitted, calibration: FloatArray, others: Crops
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the contents of `model` with this gate in the place of any other; `others` (N, 28, 28)
    are no digits, for the self-test. Raises ModelError."""
    arrays, meta = model_file.read(model)
    digits = arrays["test_crops"][arrays["test_labels"] >= 0]
    return seal(
        {
            **arrays,
            **fitted.arrays,
            "gate_calibration": calibration,
            "test_crops": np.concatenate([digits, others[:TESTS]]),
        },
        {**meta, "gate_gamma": fitted.gamma},
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
    drawn = generate(to_fit, recipe.crops, options.seed)
    held = generate(to_check, recipe.held_back, options.seed + 1)
    fitted = fit_gate(drawn, to_fit.hand.images, features, recipe, log.info)
    values, is_digit = fitted.values(extract(held.crops, features)), held.labels >= 0
    passing = {
        "digits": round(float((values[is_digit] > gate.PASS).mean()), 4),
        "others": round(float((values[~is_digit] > gate.PASS).mean()), 4),
    }
    log.info("held back: %(digits).4f of the digits pass, %(others).4f of the others", passing)
    calibration = calibrate(values, is_digit)
    arrays, meta = install(options.model, fitted, calibration, held.crops[~is_digit])
    content = to_bytes(arrays)
    write(options.model, content)
    note = {
        "what": "digit or not, SVM with RBF kernel, on the same features",
        "recipe": asdict(recipe),
        "support_vectors": len(arrays["gate_coefs"]),
        "passing_of_held_back": passing,
        "seed": options.seed,
    }
    _note(options.model.with_suffix(".json"), meta["sha256"][:8], len(content), note)
    log.info("wrote %s, %s, %.1f MB", options.model, meta["sha256"][:8], len(content) / 1e6)


if __name__ == "__main__":
    main()
