"""PURE. A one-vs-one support vector machine. Each pair of classes has a duel, a machine of its own
that decides between the two. The results of the duels give labels, margins and confidence."""

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
    # The calibration is kept as float64: NumPy would convert any other type at each call.
    confidence = np.interp(margins, *calibration).astype(np.float32)
    return Classified(classes[winner], margins, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """Computes all duels at once: the kernel value of a vector is computed only once and serves
    every duel of its class."""

    kernel: Kernel
    """The support vectors, sorted by class."""
    weights: tuple[FloatArray, ...]
    """For each class, (S_c, n): the weights of its own S_c vectors in its duels with all n classes.
    Positive weights speak for the class itself; the column of the class itself is 0."""

    @classmethod
    def of(cls, vectors: NDArray[Any], weights: tuple[FloatArray, ...], gamma: float) -> "Shared":
        return cls(Kernel.of(vectors, gamma), weights)

    def sums(self, components: FloatArray) -> FloatArray:
        """Give the values (N, n, n) of the duels for components (N, P), without the intercepts."""
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
    """Computes each duel alone, with only those vectors that have a weight in it. One duel takes a
    twentieth of the work of all of them; all of them take twice the work of Shared."""

    count: int
    """n, the number of classes."""
    pairs: Mapping[tuple[int, int], tuple[Kernel, FloatArray]]
    """For each pair (lower class, higher class): the vectors of its duel, and their weights.
    Positive weights speak for the lower class."""

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
        """Make of components (N, P) the inputs that `sum` takes."""
        return self.pairs[0, 1][0].inputs(components)

    def sum(self, inputs: FloatArray, first: int, second: int) -> FloatArray:
        """Give the values (N,) of the duel of two classes, without the intercept."""
        if first > second:
            return -self.sum(inputs, second, first)
        kernel, weights = self.pairs[first, second]
        found = np.empty(len(inputs), np.float32)
        for part, values in kernel.values(inputs):
            found[part] = values @ weights
        return found

    def sums(self, components: FloatArray) -> FloatArray:
        """Give the values (N, n, n) of the duels for components (N, P), without the intercepts, as
        Shared.sums does."""
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
    """(n, n): in the row of a class and the column of another, what is added to the value of their
    duel. Infinite on the diagonal, so that no class loses against itself."""
    calibration: DoubleArray
    """(2, k): margins, and for each the probability that the label is right."""

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
        # In the file, column k of a class holds its duel with the k-th *other* class, and positive
        # weights speak for the lower class.
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
        """Give the values (N, n, n) of the duels between all classes for features (N, D). A value
        is positive where the class of the row wins, and infinite on the diagonal. Those above the
        diagonal equal the decision values of scikit-learn."""
        return self.duels(self.projection.components(features))

    def duels(self, components: FloatArray) -> FloatArray:
        """Give the values as `values` does, for components (N, P)."""
        values = self.machine.sums(components)
        values += self.intercepts
        return values

    def judge(self, features: FloatArray) -> Classified:
        """Give label, margin and confidence for each of the features (N, D)."""
        return self.count(self.values(features))

    def count(self, values: FloatArray) -> Classified:
        """Count the votes of duels (N, n, n) as libsvm does: where two classes have won equally
        many duels, the lower class is the winner.

        A duel whose value is exactly 0 is won by the higher class."""
        least = values.min(axis=2)
        winner = least.argmax(axis=1)
        margins = least.max(axis=1)
        some = np.flatnonzero(margins <= 0)  # here no class wins all its duels
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
    """Give (n, n): the value of a duel must be greater than this for the class of the row to win.
    It is 0 against a higher class and a hair below 0 against a lower one."""
    return np.tril(np.full((n, n), -np.nextafter(np.float32(0), np.float32(1)), np.float32), -1)


def duels(n: int) -> list[tuple[int, int]]:
    """Give the pairs of classes in the order of scikit-learn's one-vs-one decision values."""
    return list(combinations(range(n), 2))
