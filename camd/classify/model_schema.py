"""PURE. What must be in a model file, and the check that it is.

The file is a NumPy .npz of these arrays (D features, P projected features, S support vectors
sorted by class, n classes, T test crops):

    meta        (bytes,) uint8    JSON: format, version, features, gamma, sha256 of all the rest
    classes     (n,) int8         0..9, ascending; -1, and so first, for "not a digit"
    counts      (n,) int32        support vectors of each class; they sum to S
    projection  (D, P) float32    features @ projection + offset is what the kernel sees
    offset      (P,) float32
    vectors     (S, P) float16 or float32
    coefs       (n - 1, S) float32    as scikit-learn's SVC.dual_coef_ for three classes and more
    intercepts  (n (n - 1) / 2,) float32    as SVC.intercept_
    calibration (2, k) float32    margins, ascending, and the probability that the label is right
    test_crops  (T, 28, 28) uint8
    test_labels (T,) int8         what the model says of them
    test_margins (T,) float32
    test_values (T, K) float32    what each machine says by itself (Model.answers in svm.py);
                                  test_tolerance in meta goes with it. Older models have neither

There may be a smaller machine for the clear cases as well (camd/classify/cascade.py), with Q <= P
projected features and U vectors. In meta: quick_gamma, and quick_clear, the least margin at which
its answer stands:

    quick_vectors     (U, Q) float16 or float32    in the first Q of the projected features
    quick_weights     (U, n) float32   for the score of each class; the higher score wins a duel
    quick_intercepts  (n,) float32
    quick_calibration (2, k) float32

And there may be a machine that tells digits from everything else (camd/classify/gate.py), with Q
projected features, G support vectors, and gate_gamma in meta:

    gate_projection (D, Q) float32    features @ gate_projection + gate_offset
    gate_offset     (Q,) float32
    gate_vectors    (G, Q) float16 or float32
    gate_coefs      (G,) float32      positive for digits
    gate_intercept  (1,) float32
    gate_calibration (2, m) float32   decision values, ascending, and the probability of a digit

The gate may have a smaller machine for the clear cases, too, with R <= Q features and V vectors. In
meta: gate_quick_gamma; gate_quick_digit, the least decision value of what is clearly a digit; and
gate_quick_other, how far below 0 the value of what is clearly none is at least:

    gate_quick_vectors     (V, R) float16 or float32    in the first R of the gate's features
    gate_quick_coefs       (V,) float32
    gate_quick_intercept   (1,) float32
    gate_quick_calibration (2, m) float32

A model for rows may have what says at first sight where a digit may stand
(camd/classify/coarse.py), with F features, Q projected ones and V vectors. In meta: coarse_gamma;
coarse_first and coarse_second, how far below 0 the scores of its two machines may be:

    coarse_templates  (F, n) float32   scores of the classes; of them the highest digit counts
    coarse_offsets    (n,) float32
    coarse_projection (F, Q) float32
    coarse_offset     (Q,) float32
    coarse_vectors    (V, Q) float16 or float32
    coarse_weights    (V, n) float32
    coarse_intercepts (n,) float32

And `surroundings` in meta may hold the weights with which glyphs are judged by what is around them
(camd/hypotheses/surroundings.py): a list of lists, the first of OWN + 1 numbers, the others of
OWN + AROUND + 1.

And whole models of their own, with -1 among their classes and without a gate: one for the rows of
digits in regions (camd/hypotheses/cells.py), and one for their decimal points, with the classes -1,
0 and 1 (camd/hypotheses/points.py). `rows` or `points` in meta is its meta, and its arrays have
names that begin with rows_ or points_ (but no rows_meta, no points_meta).
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from camd.classify import model_bounds
from camd.classify.features import FeatureSpec, Scale
from camd.values import SIDE

Arrays = Mapping[str, NDArray[Any]]
Meta = Mapping[str, Any]

_DTYPES = {
    "meta": ("uint8",),
    "classes": ("int8",),
    "counts": ("int32",),
    "projection": ("float32",),
    "offset": ("float32",),
    "vectors": ("float16", "float32"),
    "coefs": ("float32",),
    "intercepts": ("float32",),
    "calibration": ("float32",),
    "test_crops": ("uint8",),
    "test_labels": ("int8",),
    "test_margins": ("float32",),
}
_QUICK_DTYPES = {
    "quick_vectors": ("float16", "float32"),
    "quick_weights": ("float32",),
    "quick_intercepts": ("float32",),
    "quick_calibration": ("float32",),
}
_GATE_DTYPES = {
    "gate_projection": ("float32",),
    "gate_offset": ("float32",),
    "gate_vectors": ("float16", "float32"),
    "gate_coefs": ("float32",),
    "gate_intercept": ("float32",),
    "gate_calibration": ("float32",),
}
_GATE_QUICK_DTYPES = {
    "gate_quick_vectors": ("float16", "float32"),
    "gate_quick_coefs": ("float32",),
    "gate_quick_intercept": ("float32",),
    "gate_quick_calibration": ("float32",),
}
_COARSE_DTYPES = {
    "coarse_templates": ("float32",),
    "coarse_offsets": ("float32",),
    "coarse_projection": ("float32",),
    "coarse_offset": ("float32",),
    "coarse_vectors": ("float16", "float32"),
    "coarse_weights": ("float32",),
    "coarse_intercepts": ("float32",),
}
_OPTIONAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "test_tolerance": {"test_values": ("float32",)},
    "quick_gamma": _QUICK_DTYPES,
    "gate_gamma": _GATE_DTYPES,
    "gate_quick_gamma": _GATE_QUICK_DTYPES,
    "coarse_gamma": _COARSE_DTYPES,
}
"""Arrays that must be there if meta has the entry named first."""
_THRESHOLDS = {
    "quick_gamma": ("quick_clear",),
    "gate_quick_gamma": ("gate_quick_digit", "gate_quick_other"),
    "coarse_gamma": ("coarse_first", "coarse_second"),
}
"""Entries of meta that must be there if it has the one named first."""


OWN, AROUND = 16, 37
"""How many signs camd/hypotheses/surroundings.py has of a glyph by itself, and of what is around
it."""

COARSE = 280
"""How many features camd/classify/coarse.py has of a window."""

Part = Literal["rows", "points"]
PARTS: tuple[Part, ...] = get_args(Part)
"""The models within a model file. The names of their arrays begin with theirs."""


def names(meta: Meta) -> list[str]:
    """Return the names of the arrays that a file with this meta must have."""
    optional = [name for key, more in _OPTIONAL.items() if key in meta for name in more]
    own = [*_DTYPES, *optional]
    for part in PARTS:
        if part in meta:
            own += [f"{part}_{name}" for name in names(without(meta[part])) if name != "meta"]
    return own


def nested(arrays: Arrays, meta: Meta, part: Part) -> tuple[Arrays, Meta] | None:
    """Give the contents of the model within, where there is one."""
    if part not in meta:
        return None
    own = {
        name.removeprefix(f"{part}_"): array
        for name, array in arrays.items()
        if name.startswith(f"{part}_")
    }
    return own, without(meta[part])


def without(meta: Meta) -> Meta:
    """Give the meta of a model within, which has no other within it."""
    return {key: value for key, value in meta.items() if key not in PARTS}


def alone(arrays: Arrays, parts: Collection[Part] = PARTS) -> dict[str, NDArray[Any]]:
    """Leave out the arrays of the models within."""
    begins = tuple(f"{part}_" for part in parts)
    return {name: array for name, array in arrays.items() if not name.startswith(begins)}


def spec_from(meta: Meta) -> FeatureSpec:
    """Read the `features` entry of meta, as FeatureSpec.as_dict wrote it.

    Raises ValueError, KeyError or TypeError."""
    features = meta["features"]
    scales = tuple(Scale(float(b), int(g), float(w)) for b, g, w in features["scales"])
    upright, shape = (float(features.get(name, 0)) for name in ("upright", "shape"))
    return FeatureSpec(int(features["directions"]), scales, upright, shape)


def _fits(weights: Any) -> bool:
    """Tell whether these are weights of surroundings."""
    return (
        isinstance(weights, list)
        and all(isinstance(some, list) for some in weights)
        and [len(some) for some in weights] == [OWN + 1, *[OWN + AROUND + 1] * (len(weights) - 1)]
        and all(isinstance(one, float) and np.isfinite(one) for some in weights for one in some)
    )


def problem(arrays: Arrays, meta: Meta) -> str | None:
    """Return what is wrong with the contents; None if nothing is."""
    for part in PARTS:
        within = nested(arrays, meta, part)
        if within is not None and (wrong := problem(*within)):
            return f"in its model for {part}, {wrong}"
    arrays = alone(arrays)
    known = dict(item for some in (_DTYPES, *_OPTIONAL.values()) for item in some.items())
    for name, array in arrays.items():
        dtypes = known[name]
        if array.dtype.name not in dtypes:
            return f"{name} is {array.dtype}, not {' or '.join(dtypes)}"
        if array.dtype.kind == "f" and (wrong := model_bounds.size_problem(name, array)):
            return wrong
    optional = [name for name in _OPTIONAL if name in meta]
    thresholds = [name for key in optional for name in _THRESHOLDS.get(key, ())]
    for name in ("gamma", *optional, *thresholds):
        value = meta.get(name)
        if not isinstance(value, float) or not 0 < value < np.inf:
            return f"{name} is {value}, not a number above 0"
    try:
        spec = spec_from(meta)
    except (ValueError, KeyError, TypeError, OverflowError) as exc:
        return f"its features are not described ({exc})"
    if spec.size > model_bounds.MOST_FEATURES:
        return f"it has {spec.size} features, more than {model_bounds.MOST_FEATURES}"
    scores = meta.get("scores", {})
    if not isinstance(scores, dict) or not all(
        isinstance(score, float | int) and 0 <= score <= 1 for score in scores.values()
    ):
        return "its scores are not all between 0 and 1"

    if "surroundings" in meta and not _fits(meta["surroundings"]):
        return f"its surroundings are not lists of {OWN + 1} and {OWN + AROUND + 1} numbers"

    classes, counts = arrays["classes"], arrays["counts"]
    if (counts < 1).any():
        return "its counts are below 1"
    n, projected, tests = classes.size, arrays["offset"].size, arrays["test_labels"].size
    support = int(counts.sum(dtype=np.int64))
    shapes: dict[str, tuple[int, ...]] = {
        "counts": (n,),
        "vectors": (support, projected),
        "coefs": (n - 1, support),
        "intercepts": (n * (n - 1) // 2,),
        "calibration": (2, arrays["calibration"].size // 2),
        "classes": (n,),
        "projection": (spec.size, projected),
        "offset": (projected,),
        "test_crops": (tests, SIDE, SIDE),
        "test_labels": (tests,),
        "test_margins": (tests,),
    }
    if "test_values" in arrays:
        shapes["test_values"] = (tests, arrays["test_values"].size // max(1, tests))
    if "quick_vectors" in arrays:
        # Where the width is missing or too large, the shape differs from the one required below.
        vectors = arrays["quick_vectors"]
        width = vectors.shape[-1] if vectors.ndim else 0
        kept = arrays["quick_weights"].size // max(1, n)
        shapes |= {
            "quick_vectors": (kept, min(width, projected)),
            "quick_weights": (kept, n),
            "quick_intercepts": (n,),
            "quick_calibration": (2, arrays["quick_calibration"].size // 2),
        }
    if "gate_vectors" in arrays:
        seen, kept = arrays["gate_offset"].size, arrays["gate_coefs"].size
        shapes |= {
            "gate_projection": (spec.size, seen),
            "gate_offset": (seen,),
            "gate_vectors": (kept, seen),
            "gate_coefs": (kept,),
            "gate_intercept": (1,),
            "gate_calibration": (2, arrays["gate_calibration"].size // 2),
        }
    if "gate_quick_vectors" in arrays:
        if "gate_vectors" not in arrays:
            return "it has gate_quick_gamma, but no gate_gamma"
        vectors = arrays["gate_quick_vectors"]
        width = vectors.shape[-1] if vectors.ndim else 0
        kept = arrays["gate_quick_coefs"].size
        shapes |= {
            "gate_quick_vectors": (kept, min(width, arrays["gate_offset"].size)),
            "gate_quick_coefs": (kept,),
            "gate_quick_intercept": (1,),
            "gate_quick_calibration": (2, arrays["gate_quick_calibration"].size // 2),
        }
    if "coarse_vectors" in arrays:
        seen, kept = arrays["coarse_offset"].size, arrays["coarse_weights"].size // max(1, n)
        shapes |= {
            "coarse_templates": (COARSE, n),
            "coarse_offsets": (n,),
            "coarse_projection": (COARSE, seen),
            "coarse_offset": (seen,),
            "coarse_vectors": (kept, seen),
            "coarse_weights": (kept, n),
            "coarse_intercepts": (n,),
        }
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            return f"{name} has the shape {arrays[name].shape}, not {shape}"
    if n < 2 or not (np.diff(classes) > 0).all() or classes[0] < -1 or classes[-1] > 9:
        return f"its classes are {classes.tolist()}"
    for name in (name for name in arrays if name.endswith("calibration")):
        margins, probabilities = arrays[name]
        if margins.size < 1 or not (np.diff(margins) > 0).all():
            return f"the margins of its {name} do not ascend"
        if probabilities.min() < 0 or probabilities.max() > 1:
            return f"the probabilities of its {name} leave 0..1"
    if tests < 1:
        return "it holds no self-test"
    return model_bounds.problem(arrays, meta)
