"""The classifier: a one-vs-one support vector machine with an RBF kernel, for a frame's crops at
once. PURE but for `load`. What is in the file, and what is checked: camd/model_file.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from camd import features, gate, model_file
from camd.errors import ModelError
from camd.features import FeatureSpec, FloatArray
from camd.gate import Gate
from camd.laps import Lap, no_lap
from camd.model_file import Arrays, Meta
from camd.rbf import Kernel


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """One entry a crop."""

    labels: NDArray[np.int64]
    """(N,) the winning class; -1 where the model says that it is no digit."""
    margins: FloatArray
    """(N,) least signed decision value over the winner's duels, the gate's counted among them;
    the gate's alone where the label is -1."""
    confidence: FloatArray
    """(N,) 0..1, calibrated probability that the label is right."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    id: str
    """First 8 hexadecimal digits of the file's SHA-256."""
    spec: FeatureSpec
    classes: NDArray[np.int64]
    support: int
    """Number of support vectors."""
    projection: FloatArray
    offset: FloatArray
    kernel: Kernel
    """Its vectors stand class by class."""
    coefs: tuple[tuple[slice, FloatArray], ...]
    """Of each class: which vectors are its own, and (S_c, n - 1) a column for each other class."""
    pairs: NDArray[np.intp]
    """(2, n (n - 1) / 2) the two classes of each duel."""
    own_duels: NDArray[np.intp]
    """(n, n - 1) the duels of each class; those that it wins below zero, as their number plus
    n (n - 1) / 2."""
    intercepts: FloatArray
    calibration: FloatArray
    scores: Mapping[str, float]
    """What the card says of it, e.g. "test_error"; fractions."""
    gate: Gate | None = None
    """Tells digits from everything else; without one, everything is a digit."""

    @property
    def open_set(self) -> bool:
        """True where the model knows what is no digit, by its gate or a class of its own."""
        return self.gate is not None or bool((self.classes < 0).any())

    def classify(self, crops: NDArray[np.uint8], lap: Lap = no_lap) -> Classified:
        """Classify crops (N, 28, 28) uint8 in one batch; N may be 0."""
        extracted = features.extract(crops, self.spec)
        lap("features")
        classified = self._classify(extracted)
        lap("kernel")
        return classified

    def _classify(self, extracted: FloatArray) -> Classified:
        if self.gate is None:
            return self.judge(self.decisions(self._seen(extracted)))
        values = self.gate.values(extracted)
        passed = values > gate.PASS
        judged = self.judge(self.decisions(self._seen(extracted[passed])))
        labels = np.full(len(extracted), -1, np.int64)
        labels[passed] = judged.labels
        margins = values.copy()
        margins[passed] = np.minimum(values[passed], judged.margins)
        confidence = self.gate.probability(values)
        confidence[~passed] = 1 - confidence[~passed]
        confidence[passed] *= judged.confidence
        return Classified(labels, margins, confidence)

    def project(self, crops: NDArray[np.uint8]) -> FloatArray:
        """Give what the kernel sees of the crops: (N, P), scaled by sqrt(2 gamma)."""
        return self._seen(features.extract(crops, self.spec))

    def _seen(self, extracted: FloatArray) -> FloatArray:
        projected: FloatArray = extracted @ self.projection
        projected += self.offset
        return projected

    def decisions(self, projected: FloatArray) -> FloatArray:
        """Give the value (N, n (n - 1) / 2) of every duel i < j, in scikit-learn's order:
        positive for class i."""
        values = np.empty((len(projected), self.pairs.shape[1]), np.float32)
        first, second = self.pairs
        for part, kernel in self.kernel.values(projected):
            sums = np.stack([kernel[:, own] @ coefs for own, coefs in self.coefs])
            # A class is left out of its own columns, so those of the classes after it move up.
            values[part] = (sums[first, :, second - 1] + sums[second, :, first]).T
        values += self.intercepts
        return values

    def judge(self, decisions: FloatArray) -> Classified:
        """Count the votes of the duels as libsvm does: of equal counts the lower class wins."""
        # A duel that ends level goes to j, which only the comparison with 0 tells apart.
        won = np.concatenate([decisions > 0, decisions <= 0], axis=1)
        winner = won[:, self.own_duels].sum(axis=2).argmax(axis=1)
        signed = np.concatenate([decisions, -decisions], axis=1)
        margins = np.take_along_axis(signed, self.own_duels[winner], axis=1).min(axis=1)
        confidence = np.interp(margins, *self.calibration).astype(np.float32)
        return Classified(self.classes[winner], margins, confidence)


def duels(n: int) -> list[tuple[int, int]]:
    """Give the pairs of classes in the order of scikit-learn's one-vs-one decision values."""
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def own_duels(n: int) -> NDArray[np.intp]:
    """Give Model.own_duels for n classes."""
    pairs = duels(n)
    return np.array(
        [
            [number + len(pairs) * (c == j) for number, (i, j) in enumerate(pairs) if c in (i, j)]
            for c in range(n)
        ],
        np.intp,
    )


def build(arrays: Arrays, meta: Meta) -> Model:
    """Make the machine from arrays that hold what camd/model_file.py says."""
    scale = np.float32(np.sqrt(2 * meta["gamma"]))
    vectors = arrays["vectors"].astype(np.float32) * scale
    n = len(arrays["classes"])
    stops = np.cumsum(arrays["counts"])
    owned = [slice(stop - size, stop) for stop, size in zip(stops, arrays["counts"], strict=True)]
    return Model(
        id=meta["sha256"][:8],
        spec=model_file.spec_from(meta),
        classes=arrays["classes"].astype(np.int64),
        support=len(vectors),
        projection=arrays["projection"] * scale,
        offset=arrays["offset"] * scale,
        kernel=Kernel.of(vectors),
        # Row k of dual_coef_ holds the duel with the k-th *other* class.
        coefs=tuple((own, np.ascontiguousarray(arrays["coefs"][:, own].T)) for own in owned),
        pairs=np.array(duels(n), np.intp).T,
        own_duels=own_duels(n),
        intercepts=arrays["intercepts"],
        calibration=arrays["calibration"],
        scores=dict(meta.get("scores", {})),
        gate=gate.build(arrays, meta),
    )


def load(path: Path) -> Model:
    """Read a model file, verify it and let it classify its own test crops.

    Raises ModelError, whose text says what to do."""
    arrays, meta = model_file.read(path)
    model = build(arrays, meta)
    tried = model.classify(arrays["test_crops"])
    # The processor's order of summing differs, a wrong computation differs by far more.
    if not np.array_equal(tried.labels, arrays["test_labels"]) or not np.allclose(
        tried.margins, arrays["test_margins"], atol=1e-2
    ):
        raise ModelError(
            f"{path}: its self-test gives other results than when it was made, so this camd "
            "computes features otherwise; update camd or rebuild the model with `camd train`"
        )
    return model
