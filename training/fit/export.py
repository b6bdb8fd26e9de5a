"""Writes fitted machines into a model file, as camd/classify/model_schema.py describes it."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd import files
from camd.classify import model_file, svm
from camd.classify.features import FeatureSpec
from camd.classify.model_schema import Part, alone, nested
from camd.errors import ModelError
from camd.values import FloatArray
from training.fit.reduced import ReducedSet


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A fitted support vector machine as plain arrays, without the library that fitted it."""

    classes: NDArray[np.int8]
    counts: NDArray[np.int32]
    vectors: FloatArray
    """(S, P): support vectors, sorted by class."""
    coefs: FloatArray
    """(n - 1, S): the weights of each vector in the duels of its class with the n - 1 others."""
    intercepts: FloatArray
    gamma: float


@dataclass(frozen=True, slots=True, eq=False)
class SmallMachine:
    """The small machine of a cascade, as it was fitted; camd.classify.cascade.Quick runs it."""

    machine: ReducedSet
    calibration: FloatArray
    clear: float
    """Margin from which on the small machine is believed."""


def pack(
    machine: Machine,
    spec: FeatureSpec,
    projection: FloatArray,
    offset: FloatArray,
    calibration: FloatArray,
    test_crops: NDArray[np.uint8],
    scores: Mapping[str, float],
    quick: SmallMachine | None = None,
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the arrays and the meta data of a model file. `test_crops` (T, 28, 28) become its
    self-test."""
    arrays: dict[str, NDArray[Any]] = {
        "classes": machine.classes.astype(np.int8),
        "projection": projection.astype(np.float32),
        "offset": offset.astype(np.float32),
        "test_crops": test_crops,
        "counts": machine.counts.astype(np.int32),
        # Nothing is lost: they were rounded to float16 before the fit.
        "vectors": machine.vectors.astype(np.float16),
        "coefs": machine.coefs.astype(np.float32),
        "intercepts": machine.intercepts.astype(np.float32),
        "calibration": calibration.astype(np.float32),
    }
    meta: dict[str, Any] = {
        "format": model_file.FORMAT,
        "version": model_file.VERSION,
        "features": spec.as_dict(),
        "gamma": float(machine.gamma),
        "scores": dict(scores),
        "sha256": "",
    }
    if quick is not None:
        arrays |= quick_arrays(quick)
        meta |= quick_meta(quick)
    return seal(arrays, meta)


def quick_arrays(quick: SmallMachine) -> dict[str, NDArray[Any]]:
    return {
        "quick_vectors": quick.machine.vectors,
        "quick_weights": quick.machine.weights,
        "quick_intercepts": quick.machine.intercepts,
        "quick_calibration": quick.calibration.astype(np.float32),
    }


def quick_meta(quick: SmallMachine) -> dict[str, float]:
    return {"quick_gamma": float(quick.machine.gamma), "quick_clear": float(quick.clear)}


def seal(
    arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Let the model classify its own test crops. Add its answers, for the self-test, and the
    checksum."""
    sealed, described = dict(arrays), dict(meta)
    model = svm.build(sealed, described)
    tried = model.classify(sealed["test_crops"])
    sealed["test_labels"] = tried.labels.astype(np.int8)
    sealed["test_margins"] = tried.margins
    sealed["test_values"] = model.answers(sealed["test_crops"])
    described["test_tolerance"] = svm.TOLERANCE
    described["sha256"] = model_file.digest(sealed, described)
    sealed["meta"] = np.frombuffer(json.dumps(described, sort_keys=True).encode(), np.uint8)
    return sealed, described


def carry_gate(
    donor: Path, arrays: dict[str, NDArray[Any]], meta: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Add the gate of the model file `donor` to the contents of a new file. This works because a
    gate does not depend on the machine behind it. None where `donor` has no gate, or has other
    features."""
    try:
        old, described = model_file.read(donor)
    except ModelError:
        return None
    if "gate_vectors" not in old or described["features"] != meta["features"]:
        return None
    gate = {name: array for name, array in old.items() if name.startswith("gate_")}
    known = {name: value for name, value in described.items() if name.startswith("gate_")}
    return seal({**arrays, **gate}, {**meta, **known})


def with_part(
    part: Part,
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, Any],
    own: Mapping[str, NDArray[Any]],
    described: Mapping[str, Any],
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Add the contents `own` and `described` of a model for rows or points to those of a model
    file. They replace those of one that is there."""
    within = {f"{part}_{name}": array for name, array in own.items() if name != "meta"}
    return seal({**alone(arrays, [part]), **within}, {**meta, part: dict(described)})


def with_coarse(
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, Any],
    quick: tuple[Mapping[str, NDArray[Any]], Mapping[str, float]],
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Add a quick look to the contents of a model for rows; it is not sealed yet."""
    return {**arrays, **quick[0]}, {**meta, **quick[1]}


def carry_part(
    part: Part, donor: Path, arrays: dict[str, NDArray[Any]], meta: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Add the model for rows or points of the model file `donor`, where there is one: it depends on
    no other machine."""
    try:
        within = nested(*model_file.read(donor), part)
    except ModelError:
        return arrays, meta
    return with_part(part, arrays, meta, *within) if within else (arrays, meta)


def carry_surroundings(
    donor: Path, arrays: dict[str, NDArray[Any]], meta: dict[str, Any]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Add the weights of surroundings of the model file `donor`, where there are any: they were
    fitted to probabilities, which mean the same whichever machine gives them."""
    try:
        described = model_file.read(donor)[1]
    except ModelError:
        return arrays, meta
    if "surroundings" not in described:
        return arrays, meta
    return seal(arrays, {**meta, "surroundings": described["surroundings"]})


def replace(
    path: Path, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], **told: Any
) -> str:
    """Write sealed contents over the model file `path`, and return its new id. Its card follows,
    and says what is `told` as well."""
    content = to_bytes(arrays)
    write(path, content)
    identity: str = meta["sha256"][:8]
    card = path.with_suffix(".json")
    if card.exists():
        said = json.loads(files.read_text(card))
        said |= {"id": identity, "bytes": len(content), **told}
        write(card, (json.dumps(said, indent=2) + "\n").encode())
    return identity


def write(path: Path, content: bytes) -> None:
    """Write a file completely or not at all; folders that are missing are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, content, mode=0o644)


def to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Give the bytes of an .npz file. The same arrays always give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
