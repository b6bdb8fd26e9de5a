"""PURE. A one-vs-one support vector machine: features -> the duels of all pairs of classes ->
labels, margins, confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.rbf import Kernel, filled
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
    """A group of vectors for each class."""
    coefs: tuple[FloatArray, ...]
    """Of each class's own vectors in its duel with each class, (S_c, n), `filled`; zeros in the
    one with itself."""
    intercepts: FloatArray
    """(n, n), the same for both; infinite on the diagonal."""
    calibration: FloatArray
    """(2, k) margins, and the probability that the label is right."""

    @classmethod
    def of(
        cls, arrays: Mapping[str, NDArray[Any]], prefix: str, gamma: float, classes: NDArray[Any]
    ) -> "Duels":
        """Make the machine from the arrays of a model file whose names begin with `prefix`."""
        counts, n = arrays[f"{prefix}counts"], len(classes)
        vectors, coefs = arrays[f"{prefix}vectors"], arrays[f"{prefix}coefs"].T
        cuts = np.cumsum(counts)[:-1]
        kernel = Kernel.of(arrays["projection"], arrays["offset"], np.split(vectors, cuts), gamma)
        # Column k of a class holds its duel with the k-th *other* one.
        own = [np.insert(some, c, 0, axis=1) for c, some in enumerate(np.split(coefs, cuts))]
        intercepts = np.full((n, n), np.inf, np.float32)
        first, second = np.triu_indices(n, 1)
        intercepts[first, second] = intercepts[second, first] = arrays[f"{prefix}intercepts"]
        return cls(
            classes.astype(np.int64),
            kernel,
            tuple(filled(np.ascontiguousarray(some)) for some in own),
            intercepts,
            arrays[f"{prefix}calibration"],
        )

    def values(self, features: FloatArray, among: NDArray[np.intp] | None = None) -> FloatArray:
        """Give the values of the duels of features (N, D) between all classes, or those `among`
        which only is asked: (N, n, n), positive where the first one wins; infinite on the
        diagonal. Those above it are scikit-learn's decision values."""
        some = np.arange(len(self.classes)) if among is None else among
        coefs = [self.coefs[c] for c in some]
        stops = np.cumsum([len(own) for own in coefs])
        values = np.empty((len(features), len(some), len(some)), np.float32)
        for part, kernel in self.kernel.values(features, among):
            sums = np.empty((len(some), len(kernel), len(self.classes)), np.float32)
            for own, stop, out in zip(coefs, stops, sums, strict=True):
                np.matmul(kernel[:, stop - len(own) : stop], own, out=out)
            if among is not None:
                sums = sums[:, :, some]
            np.add(sums.transpose(1, 0, 2), sums.transpose(1, 2, 0), out=values[part])
        values += self.intercepts if among is None else self.intercepts[np.ix_(some, some)]
        values *= np.where(some[:, None] > some, np.float32(-1), np.float32(1))
        return values

    def judge(self, features: FloatArray) -> Classified:
        """Judge features (N, D)."""
        return self.count(self.values(features))

    def count(self, values: FloatArray) -> Classified:
        """Count the votes of duels (N, n, n) as libsvm does: of equal counts the lower class wins.

        A duel that ends level goes to the higher one."""
        won = values > _level(len(self.classes))
        winner = won.sum(axis=2, dtype=np.uint8).argmax(axis=1)
        margins = values[np.arange(len(values)), winner].min(axis=1)
        confidence = np.interp(margins, *self.calibration).astype(np.float32)
        return Classified(self.classes[winner], margins, confidence)


@cache
def _level(n: int) -> FloatArray:
    """Give (n, n): what the value of a duel must exceed for the first class to win it."""
    return np.tril(np.full((n, n), -np.nextafter(np.float32(0), np.float32(1)), np.float32), -1)


def duels(n: int) -> list[tuple[int, int]]:
    """Give the pairs of classes in the order of scikit-learn's one-vs-one decision values."""
    return [(i, j) for i in range(n) for j in range(i + 1, n)]
