"""PURE. A one-vs-one support vector machine: features -> the duels of all pairs of classes ->
labels, margins, confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.rbf import Kernel
from camd.values import FloatArray


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

    def __getitem__(self, some: slice) -> "Classified":
        return Classified(self.labels[some], self.margins[some], self.confidence[some])


@dataclass(frozen=True, slots=True, eq=False)
class Duels:
    classes: NDArray[np.int64]
    kernel: Kernel
    """Its vectors stand class by class."""
    coefs: tuple[tuple[slice, FloatArray], ...]
    """Of each class: which vectors are its own, and (S_c, n - 1) a column for each other class."""
    pairs: NDArray[np.intp]
    """(2, n (n - 1) / 2) the two classes of each duel."""
    own: NDArray[np.intp]
    """(n, n - 1) the duels of each class; those that it wins below zero, as their number plus
    n (n - 1) / 2."""
    intercepts: FloatArray
    calibration: FloatArray
    """(2, k) margins, and the probability that the label is right."""

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], prefix: str, gamma: float, classes: NDArray[Any]
    ) -> "Duels":
        """Make the machine from the arrays of a model file whose names begin with `prefix`."""
        kernel = Kernel.of(
            arrays["projection"], arrays["offset"], arrays[f"{prefix}vectors"], gamma
        )
        counts, coefs = arrays[f"{prefix}counts"], arrays[f"{prefix}coefs"]
        stops = np.cumsum(counts)
        owned = [slice(stop - size, stop) for stop, size in zip(stops, counts, strict=True)]
        return cls(
            classes.astype(np.int64),
            kernel,
            # Row k of dual_coef_ holds the duel with the k-th *other* class.
            tuple((own, np.ascontiguousarray(coefs[:, own].T)) for own in owned),
            np.array(duels(len(classes)), np.intp).T,
            own_duels(len(classes)),
            arrays[f"{prefix}intercepts"],
            arrays[f"{prefix}calibration"],
        )

    def decisions(self, features: FloatArray) -> FloatArray:
        """Give the value (N, n (n - 1) / 2) of every duel i < j, in scikit-learn's order, positive
        for class i; `features` are (N, D)."""
        values = np.empty((len(features), self.pairs.shape[1]), np.float32)
        first, second = self.pairs
        for part, kernel in self.kernel.values(features):
            sums = np.stack([kernel[:, own] @ coefs for own, coefs in self.coefs])
            # A class is left out of its own columns, so those of the classes after it move up.
            values[part] = (sums[first, :, second - 1] + sums[second, :, first]).T
        values += self.intercepts
        return values

    def judge(self, features: FloatArray) -> Classified:
        """Judge features (N, D)."""
        return self.count(self.decisions(features))

    def count(self, decisions: FloatArray) -> Classified:
        """Count the votes of the duels as libsvm does: of equal counts the lower class wins."""
        # A duel that ends level goes to j, which only the comparison with 0 tells apart.
        won = np.concatenate([decisions > 0, decisions <= 0], axis=1)
        winner = won[:, self.own].sum(axis=2).argmax(axis=1)
        signed = np.concatenate([decisions, -decisions], axis=1)
        margins = np.take_along_axis(signed, self.own[winner], axis=1).min(axis=1)
        confidence = np.interp(margins, *self.calibration).astype(np.float32)
        return Classified(self.classes[winner], margins, confidence)


def duels(n: int) -> list[tuple[int, int]]:
    """Give the pairs of classes in the order of scikit-learn's one-vs-one decision values."""
    return [(i, j) for i in range(n) for j in range(i + 1, n)]


def own_duels(n: int) -> NDArray[np.intp]:
    """Give Duels.own for n classes."""
    pairs = duels(n)
    return np.array(
        [
            [number + len(pairs) * (c == j) for number, (i, j) in enumerate(pairs) if c in (i, j)]
            for c in range(n)
        ],
        np.intp,
    )
