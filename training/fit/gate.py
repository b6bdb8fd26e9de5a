"""Fit the gate, the machine that tells digits from everything else (camd/classify/gate.py runs
it)."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from camd.classify import gate
from camd.classify.features import FeatureSpec, extract
from camd.classify.gate import Gate
from camd.values import FloatArray
from training.fit.export import seal
from training.fit.fit import UNKNOWN, Progress, Recipe, fit_machine, learn_projection, rounded
from training.fit.reduced import Cases, reduce
from training.render.cut_out import Crops
from training.render.negatives import Labelled, Sources, render

KNOTS = np.linspace(-3.0, 3.0, 61)
"""The decision values for which the calibration has values; between them it is interpolated."""
ENOUGH = 2.0
"""When the decision value of the full machine is this far from 0 or farther, the case is clear, and
the small machine is only trained to get so far from 0, not farther."""
TESTS = 10
"""How many crops that are no digits are added to the self-test of the model file."""


@dataclass(frozen=True, slots=True)
class GateRecipe:
    crops: int = 60_000
    """Number of rendered crops to train with; about half of them are digits."""
    held_back: int = 8_000
    """Number of crops to calibrate with, rendered from other digits, letters and fonts."""
    plain: int = 60_000
    """Number of plain images to train with. They do not look as if a camera had seen them,
    but models are measured with such images, too."""
    projected: int = 56
    c: float = 3.0
    gamma: float = 1.5
    """The gamma of the RBF kernel, in units of 1 / (sum of the variances of the components)."""
    quick: int = 56
    """Number of principal components that the small machine of the cascade sees; 0 for no
    cascade."""
    quick_vectors: int = 1000
    quick_steps: int = 4000
    """Number of steps in which the small machine is fitted."""
    digit: float = 0.8
    """From this decision value on, the small machine is believed that something is a digit. The
    value is high because the full machine is better at telling how sure that is, and this
    confidence is published."""
    other: float = 1.6
    """When its decision value is this far below 0 or farther, the small machine is believed that
    something is not a digit."""

    def shortened(self) -> "GateRecipe":
        """Give a recipe that takes only a minute, for trying out the whole training."""
        return replace(
            self, crops=1000, held_back=500, plain=1000, quick_vectors=200, quick_steps=400
        )


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    arrays: dict[str, NDArray[Any]]
    """The arrays of the model file whose names begin with gate_."""
    meta: dict[str, float]
    """The meta data of the model file whose names begin with gate_."""

    def built(self) -> Gate:
        built = gate.build(self.arrays, self.meta)
        assert built is not None
        return built

    def with_quick(
        self, seen: NDArray[np.float16], recipe: GateRecipe, progress: Progress
    ) -> "Fitted":
        """Add a small machine to this gate. It is fitted to answer as the full one does for
        components (N, P)."""
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
        """Calibrate this gate on crops held back: their features (N, D), and whether each is a
        digit, (N,)."""
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
    """Fit a gate on rendered crops and on the first `recipe.plain` of MNIST's images `plain`
    (N, 28, 28)."""
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
    # The components are learnt from all crops. Learnt from digits alone, they might lack what makes
    # other things different.
    projection = learn_projection(crops, settings)
    seen = rounded(extract(crops, features) @ projection.matrix + projection.offset)
    weights = np.ones(len(seen), np.float32)
    variance = float(projection.variances.sum())
    full = fit_machine(seen, is_digit, weights, settings, variance, progress)
    # In a machine of two classes, positive values speak for the lower class, which is "no digit"
    # here. In a gate they speak for a digit, so the signs are changed.
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
    """Give the calibration (2, k): decision values, and for each the probability of a digit. It is
    Platt's sigmoid, fitted to crops held back."""
    sigmoid = LogisticRegression(C=1e4).fit(values[:, None], is_digit)
    return np.stack([KNOTS, sigmoid.predict_proba(KNOTS[:, None])[:, 1]]).astype(np.float32)


def with_gate(
    arrays: dict[str, NDArray[Any]], meta: dict[str, Any], fitted: Fitted, others: Crops
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the contents of a model file with this gate, which replaces one that is there. `others`
    (N, 28, 28) are crops that are no digits, for the self-test."""
    digits = arrays["test_crops"][arrays["test_labels"] >= 0]
    return seal(
        {
            **arrays,
            **fitted.arrays,
            "test_crops": np.concatenate([digits, others[:TESTS]]),
        },
        {**meta, **fitted.meta},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    fitted: Fitted
    others: Crops
    """(N, 28, 28): what is no digit, of what was held back."""
    card: dict[str, Any]


def learn_gate(
    to_fit: Sources,
    to_check: Sources,
    features: FeatureSpec,
    recipe: GateRecipe,
    seed: int,
    progress: Progress,
) -> Learnt:
    """Fit a gate on crops rendered from `to_fit`, and calibrate it on others, from `to_check`."""
    progress(f"rendering {recipe.crops + recipe.held_back} crops for the gate; this takes minutes")
    drawn = render(to_fit, recipe.crops, seed)
    held = render(to_check, recipe.held_back, seed + 1)
    fitted = fit_gate(drawn, to_fit.hand.images, features, recipe, progress)
    extracted, is_digit = extract(held.crops, features), held.labels >= 0
    fitted = fitted.calibrated(extracted, is_digit)
    values = fitted.built().judge(extracted)[0]
    passing = {
        "digits": round(float((values[is_digit] > gate.PASS).mean()), 4),
        "others": round(float((values[~is_digit] > gate.PASS).mean()), 4),
    }
    progress(
        f"held back: {passing['digits']:.4f} of the digits pass the gate, "
        f"{passing['others']:.4f} of the others"
    )
    card = {
        "what": "digit or not, SVM with RBF kernel, on the same features",
        "recipe": asdict(recipe),
        "support_vectors": len(fitted.arrays["gate_coefs"]),
        "of_the_small_machine": len(fitted.arrays.get("gate_quick_coefs", ())),
        "passing_of_held_back": passing,
    }
    return Learnt(fitted, held.crops[~is_digit], card)
