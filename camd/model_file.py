"""The edge where a model file comes in: trusts nothing in it, runs no code from it.

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

A smaller machine for the clear cases (camd/svm.py, Quick) may be there as well, with quick_gamma
and quick_clear (its least margin of a clear case) in meta, Q <= P and U support vectors:

    quick_counts      (n,) int32
    quick_vectors     (U, Q) float16 or float32    in the first Q of the projected features
    quick_coefs       (n - 1, U) float32
    quick_intercepts  (n (n - 1) / 2,) float32
    quick_calibration (2, k) float32

And a machine that tells digits from everything else (camd/gate.py), with
gate_gamma in meta and Q projected features, G support vectors:

    gate_projection (D, Q) float32    features @ gate_projection + gate_offset
    gate_offset     (Q,) float32
    gate_vectors    (G, Q) float16 or float32
    gate_coefs      (G,) float32      positive for digits
    gate_intercept  (1,) float32
    gate_calibration (2, m) float32   decision values, ascending, and the probability of a digit
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.errors import ModelError
from camd.features import SIDE, FeatureSpec, Scale

FORMAT = "camd-svm"
VERSION = 1
MAX_UNPACKED = 64 * 2**20

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
    "quick_counts": ("int32",),
    "quick_vectors": ("float16", "float32"),
    "quick_coefs": ("float32",),
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
_REBUILD = "rebuild it with `camd train`"


def read(path: Path) -> tuple[Arrays, Meta]:
    """Read a model file and check all that can be checked without running it.

    Raises ModelError, whose text says what to do."""
    try:
        arrays, meta = _unpack(path)
    except FileNotFoundError as exc:
        raise ModelError(
            f"{path}: no such model file; name another one, or make it with `camd train`"
        ) from exc
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as exc:
        raise ModelError(f"{path}: damaged or cut short ({exc}); {_REBUILD}") from exc
    except OSError as exc:
        raise ModelError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except (NotImplementedError, RuntimeError, MemoryError) as exc:
        raise ModelError(f"{path}: not a camd model ({exc}); {_REBUILD}") from exc
    problem = _problem(arrays, meta)
    if problem:
        raise ModelError(f"{path}: {problem}; {_REBUILD}")
    if digest(arrays, meta) != meta.get("sha256"):
        raise ModelError(f"{path}: damaged (its checksum does not match); {_REBUILD}")
    return arrays, meta


def spec_from(meta: Meta) -> FeatureSpec:
    """Read the `features` entry of meta, as FeatureSpec.as_dict wrote it.

    Raises ValueError, KeyError or TypeError."""
    features = meta["features"]
    scales = tuple(Scale(float(b), int(g), float(w)) for b, g, w in features["scales"])
    return FeatureSpec(int(features["directions"]), scales)


def digest(arrays: Arrays, meta: Meta) -> str:
    """SHA-256 over names, dtypes, shapes and bytes of all arrays but meta, and over meta
    without its own entry for it."""
    own = {key: value for key, value in meta.items() if key != "sha256"}
    total = hashlib.sha256(json.dumps(own, sort_keys=True).encode())
    for name in sorted(set(arrays) - {"meta"}):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _unpack(path: Path) -> tuple[Arrays, Meta]:
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80" or path.suffix in {".pkl", ".pickle", ".joblib"}:
        raise ModelError(
            f"{path}: a pickle (joblib) file; reading it would run any code it holds, so camd "
            "does not: train the model again with `camd train`"
        )
    if head != b"PK":
        raise ModelError(f"{path}: empty, cut short or no camd model at all; {_REBUILD}")
    with zipfile.ZipFile(path) as directory:
        sizes = {info.filename: info.file_size for info in directory.infolist()}
    if sum(sizes.values()) > MAX_UNPACKED:
        raise ModelError(f"{path}: unpacks to more than {MAX_UNPACKED >> 20} MiB, refused")
    if "meta.npy" not in sizes:
        raise ModelError(f"{path}: not a camd model; {_REBUILD}")
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(stored["meta"].tobytes())
        if not isinstance(meta, dict) or meta.get("format") != FORMAT:
            raise ModelError(f"{path}: not a camd model; {_REBUILD}")
        if meta.get("version") != VERSION:
            raise ModelError(
                f"{path}: format version {meta.get('version')}, this camd reads {VERSION}; "
                f"update camd or {_REBUILD}"
            )
        names = list(_DTYPES)
        for key, more in (("quick_gamma", _QUICK_DTYPES), ("gate_gamma", _GATE_DTYPES)):
            names += more if key in meta else ()
        return {name: stored[name] for name in names}, meta


def _problem(arrays: Arrays, meta: Meta) -> str | None:
    """Say what is wrong with the contents, if anything."""
    for name, array in arrays.items():
        dtypes = (_DTYPES | _QUICK_DTYPES | _GATE_DTYPES)[name]
        if array.dtype.name not in dtypes:
            return f"{name} is {array.dtype}, not {' or '.join(dtypes)}"
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"{name} holds values that are not finite"
    optional = [name for name in ("quick_gamma", "gate_gamma") if name in meta]
    if "quick_gamma" in meta:
        optional.append("quick_clear")
    for name in ("gamma", *optional):
        value = meta.get(name)
        if not isinstance(value, float) or not 0 < value < np.inf:
            return f"{name} is {value}, not a number above 0"
    try:
        spec = spec_from(meta)
    except (ValueError, KeyError, TypeError) as exc:
        return f"its features are not described ({exc})"

    classes, counts = arrays["classes"], arrays["counts"]
    if (counts < 0).any():
        return "its counts are below 0"
    n, projected, tests = classes.size, arrays["offset"].size, arrays["test_labels"].size
    shapes = _machine_shapes(arrays, "", n, projected) | {
        "classes": (n,),
        "projection": (spec.size, projected),
        "offset": (projected,),
        "test_crops": (tests, SIDE, SIDE),
        "test_labels": (tests,),
        "test_margins": (tests,),
    }
    if "quick_vectors" in arrays:
        # A width that is not there or too large differs from any that could be.
        width = arrays["quick_vectors"].shape[-1] if arrays["quick_vectors"].ndim else 0
        if (arrays["quick_counts"] < 0).any():
            return "its quick_counts are below 0"
        shapes |= _machine_shapes(arrays, "quick_", n, min(width, projected))
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
    return None


def _machine_shapes(arrays: Arrays, prefix: str, n: int, width: int) -> dict[str, tuple[int, ...]]:
    """Give the shapes of what a one-vs-one machine of n classes is made of."""
    support = int(arrays[f"{prefix}counts"].sum(dtype=np.int64))
    return {
        f"{prefix}counts": (n,),
        f"{prefix}vectors": (support, width),
        f"{prefix}coefs": (n - 1, support),
        f"{prefix}intercepts": (n * (n - 1) // 2,),
        f"{prefix}calibration": (2, arrays[f"{prefix}calibration"].size // 2),
    }
