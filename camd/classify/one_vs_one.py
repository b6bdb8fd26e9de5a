"""PURE. A one-vs-one support vector machine: features -> the duels of all pairs of classes ->
labels, margins, confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify.kernel import Kernel, Projection
from camd.values import Classified, DoubleArray, FloatArray, IntArray


def classified(
    classes: NDArray[np.int64],
    calibration: DoubleArray,
    winner: IntArray,
    margins: FloatArray,
) -> Classified:
    """Say what it means that the classes at `winner` (N,) have won by `margins` (N,)."""
    # In doubles: NumPy would make some of any other calibration for each call.
    confidence = np.interp(margins, *calibration).astype(np.float32)
    return Classified(classes[winner], margins, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """All duels at once: a vector's kernel value is computed once, for every duel of its class."""

    kernel: Kernel
    """The vectors of one class after those of another."""
    weights: tuple[FloatArray, ...]
    """Of each class's own vectors, for it in its duel with each class, (S_c, n); 0 in the one with
    itself."""

    @classmethod
    def of(cls, vectors: NDArray[Any], weights: tuple[FloatArray, ...], gamma: float) -> "Shared":
        return cls(Kernel.of(vectors, gamma), weights)

    def sums(self, components: FloatArray) -> FloatArray:
        """Give the duels' values (N, n, n), less the intercepts, of components (N, P)."""
        n = len(self.weights)
        values = np.empty((len(components), n, n), np.float32)
        for part, kernel in self.kernel.values(self.kernel.inputs(components)):
            sums = np.empty((n, len(kernel), n), np.float32)
            start = 0
            for own, out in zip(self.weights, sums, strict=True):
                np.matmul(kernel[:, start : start + len(own)], own, out=out)
                start += len(own)
            np.subtract(sums.transpose(1, 0, 2), sums.transpose(1, 2, 0), out=values[part])
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Separate:
    """Each duel alone, with those vectors that have a weight in it: one takes a twentieth of the
    work of all, all twice that of Shared."""

    count: int
    """n, of classes."""
    pairs: Mapping[tuple[int, int], tuple[Kernel, FloatArray]]
    """The vectors, and their weights for the first, the lower class."""

    @classmethod
    def of(cls, vectors: NDArray[Any], weights: tuple[FloatArray, ...], gamma: float) -> "Separate":
        stops = np.cumsum([len(own) for own in weights])
        own = np.split(vectors, stops[:-1])
        pairs = {}
        for i, j in combinations(range(len(weights)), 2):
            first, second = weights[i][:, j] != 0, weights[j][:, i] != 0
            kept = np.concatenate([own[i][first], own[j][second]])
            pairs[i, j] = (
                Kernel.of(kept, gamma),
                np.append(weights[i][first, j], -weights[j][second, i]),
            )
        return cls(len(weights), pairs)

    def inputs(self, components: FloatArray) -> FloatArray:
        """Give what `sum` takes, of components (N, P)."""
        return self.pairs[0, 1][0].inputs(components)

    def sum(self, inputs: FloatArray, first: int, second: int) -> FloatArray:
        """Give the value (N,) of one duel, less the intercept."""
        if first > second:
            return -self.sum(inputs, second, first)
        kernel, weights = self.pairs[first, second]
        found = np.empty(len(inputs), np.float32)
        for part, values in kernel.values(inputs):
            found[part] = values @ weights
        return found

    def sums(self, components: FloatArray) -> FloatArray:
        """As of Shared."""
        inputs = self.inputs(components)
        values = np.zeros((len(components), self.count, self.count), np.float32)
        for i, j in self.pairs:
            values[:, i, j] = self.sum(inputs, i, j)
            values[:, j, i] = -values[:, i, j]
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Duels:
    classes: NDArray[np.int64]
    projection: Projection
    machine: Shared | Separate
    intercepts: FloatArray
    """(n, n) of the duel with the class of the column; infinite on the diagonal."""
    calibration: DoubleArray
    """(2, k) margins, and the probability that the label is right."""

    @classmethod
    def of(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        gamma: float,
        machine: type[Shared] | type[Separate] = Shared,
    ) -> "Duels":
        """Make the machine from the arrays of a model file."""
        vectors, classes = arrays["vectors"], arrays["classes"]
        n = len(classes)
        coefs = np.split(arrays["coefs"].T, np.cumsum(arrays["counts"])[:-1])
        # Column k of a class holds its duel with the k-th *other* one, and speaks for the lower.
        weights = tuple(
            np.insert(own, c, 0, axis=1) * np.where(np.arange(n) < c, np.float32(-1), np.float32(1))
            for c, own in enumerate(coefs)
        )
        intercepts = np.full((n, n), np.inf, np.float32)
        first, second = np.triu_indices(n, 1)
        intercepts[first, second] = arrays["intercepts"]
        intercepts[second, first] = -intercepts[first, second]
        return cls(
            classes.astype(np.int64),
            Projection.of(arrays["projection"], arrays["offset"], vectors.shape[1]),
            machine.of(vectors, weights, gamma),
            intercepts,
            arrays["calibration"].astype(np.float64),
        )

    def values(self, features: FloatArray) -> FloatArray:
        """Give the values of the duels of features (N, D) between all classes: (N, n, n), positive
        where the first one wins; infinite on the diagonal. Those above it are scikit-learn's
        decision values."""
        return self.duels(self.projection.components(features))

    def duels(self, components: FloatArray) -> FloatArray:
        """Give the same of components (N, P)."""
        values = self.machine.sums(components)
        values += self.intercepts
        return values

    def judge(self, features: FloatArray) -> Classified:
        """Judge features (N, D)."""
        return self.count(self.values(features))

    def count(self, values: FloatArray) -> Classified:
        """Count the votes of duels (N, n, n) as libsvm does: of equal counts the lower class wins.

        A duel that ends level goes to the higher one."""
        least = values.min(axis=2)
        winner = least.argmax(axis=1)
        margins = least.max(axis=1)
        some = np.flatnonzero(margins <= 0)  # of those nobody wins all duels
        if len(some):
            won = values[some] > _level(len(self.classes))
            winner[some] = won.sum(axis=2).argmax(axis=1)
            margins[some] = least[some, winner[some]]
        return self.won(winner, margins)

    def won(self, winner: IntArray, margins: FloatArray) -> Classified:
        """Say what it means that the classes at `winner` (N,) have won by `margins` (N,)."""
        return classified(self.classes, self.calibration, winner, margins)


@cache
def _level(n: int) -> FloatArray:
    """Give (n, n): what the value of a duel must exceed for the first class to win it."""
    return np.tril(np.full((n, n), -np.nextafter(np.float32(0), np.float32(1)), np.float32), -1)


def duels(n: int) -> list[tuple[int, int]]:
    """Give the pairs of classes in the order of scikit-learn's one-vs-one decision values."""
    return list(combinations(range(n), 2))
