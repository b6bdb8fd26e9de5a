"""Fit the machine that tells digits from everything else, which camd/classify/gate.py runs, and put
it into a model file: python -m training.fit.gate MODEL --data MNIST --letters OMNIGLOT."""

import argparse
import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from camd import files
from camd.classify import gate, model_file, svm
from camd.classify.features import FeatureSpec, extract
from camd.classify.gate import Gate
from camd.errors import CamdError
from camd.values import FloatArray
from training.fit.export import seal, to_bytes, write
from training.fit.fit import UNKNOWN, Progress, Recipe, fit_machine, learn_projection
from training.fit.reduced import Cases, reduce
from training.render.cut_out import Crops
from training.render.negatives import Labelled, render, sources

log = logging.getLogger(__name__)

KNOTS = np.linspace(-3.0, 3.0, 61)
"""Decision values at which the calibration is tabulated."""
ENOUGH = 2.0
"""A value of the full machine, to either side, that the small one need not exceed."""
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
    quick: int = 56
    """Principal components that the small machine of the cascade sees; 0 for no cascade."""
    quick_vectors: int = 1000
    quick_steps: int = 4000
    """Of the small machine's fit."""
    digit: float = 0.8
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

    def with_quick(
        self, seen: NDArray[np.float16], recipe: GateRecipe, progress: Progress
    ) -> "Fitted":
        """Give this gate with a small machine, fitted to what it says of components (N, P)."""
        progress(f"fitting {recipe.quick_vectors} vectors to what the full gate says")
        full = self.built().full
        values = full.values(seen.astype(np.float32))
        duels = np.repeat(np.abs(values)[:, None], 2, axis=1)
        cases = Cases(seen, (values > 0).astype(np.intp), duels).narrow(recipe.quick)
        variance = cases.seen.astype(np.float32).var(axis=0).sum()
        quick = reduce(
            cases, recipe.quick_vectors, recipe.gamma / float(variance), ENOUGH, recipe.quick_steps
        )
        others, digits = quick.weights.T
        arrays = {
            "gate_quick_vectors": quick.vectors,
            "gate_quick_coefs": digits - others,
            "gate_quick_intercept": quick.intercepts[1:] - quick.intercepts[:1],
            "gate_quick_calibration": UNKNOWN,
        }
        meta = {
            "gate_quick_gamma": quick.gamma,
            "gate_quick_digit": recipe.digit,
            "gate_quick_other": recipe.other,
        }
        return Fitted({**self.arrays, **arrays}, {**self.meta, **meta})

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
    weights = np.ones(len(seen), np.float32)
    variance = float(projection.variances.sum())
    full = fit_machine(seen, is_digit, weights, settings, variance, progress)
    # Of two classes a machine counts for the lower one, which is no digit.
    fitted = Fitted(
        {
            "gate_projection": projection.matrix,
            "gate_offset": projection.offset,
            "gate_vectors": full.vectors.astype(np.float16),
            "gate_coefs": -full.coefs[0],
            "gate_intercept": -full.intercepts,
            "gate_calibration": UNKNOWN,
        },
        {"gate_gamma": full.gamma},
    )
    return fitted.with_quick(seen, recipe, progress) if recipe.quick else fitted


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
        said = json.loads(files.read_text(card))
        said |= {"id": identity, "bytes": size, "gate": note}
        write(card, (json.dumps(said, indent=2) + "\n").encode())


def options(module: str, what: str | None) -> argparse.Namespace:
    """Read the command line of a module that changes a model file."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=what)
    parser.add_argument("model", type=Path, help="the model file that is changed")
    parser.add_argument("--data", type=Path, required=True, help="MNIST as .npz (x, y)")
    parser.add_argument("--letters", type=Path, required=True, help="Omniglot, packed, as .npz")
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--seed", type=int, default=0)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return parser.parse_args()


def fit(options: argparse.Namespace) -> None:
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
    try:
        fit(options("training.fit.gate", __doc__))
    except CamdError as problem:
        raise SystemExit(f"training.gate: {problem}") from None
