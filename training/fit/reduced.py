"""Fit a reduced-set machine: some hundred vectors that replace the thousands of support vectors of
a full machine. They are moved by gradient descent until the differences of their scores are close
to the decision values of the full machine.

The idea is that of Burges, "Simplified support vector decision rules", ICML 1996. Burges makes the
distance between the two machines in feature space small. Here it is the error of those values on
which a decision can depend. The steps are those of Adam (Kingma and Ba, ICLR 2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.classify.one_vs_one import Duels
from camd.values import FloatArray

RIDGE = 0.1
"""Added to the diagonal of the equations for the first weights (ridge regression). Without it they
have no good solution when vectors are close to each other."""
CHUNK = 4000
"""The full machine is asked about so many cases at once."""
START = 5
"""The first weights are computed from every fifth case, to save time."""
BATCH = 1500
"""Number of random cases that each step looks at."""
RATE = 0.02
"""Greatest step. For the vectors it is in units of their mean standard deviation."""
WARM_UP = 50
"""Number of steps over which the step size grows."""
FIRST, SECOND, LEAST = 0.9, 0.999, 1e-8
"""The three constants of Adam: how much of each of its two moments stays at each step, and its
epsilon."""


@dataclass(frozen=True, slots=True, eq=False)
class ReducedSet:
    vectors: FloatArray
    """(S, P)."""
    weights: FloatArray
    """(S, n): what each vector adds to the score of each class."""
    intercepts: FloatArray
    """(n,): added to the scores."""
    gamma: float

    def scores(self, seen: FloatArray) -> FloatArray:
        """Give the scores (N, n) of components (N, P)."""
        return self.kernel(seen) @ self.weights + self.intercepts

    def kernel(self, seen: FloatArray) -> FloatArray:
        """Give the kernel values (N, S) of components (N, P) with each vector."""
        kernel: FloatArray = seen @ (np.float32(2 * self.gamma) * self.vectors).T
        kernel -= np.float32(self.gamma) * np.vecdot(seen, seen)[:, None]
        kernel -= np.float32(self.gamma) * np.vecdot(self.vectors, self.vectors)
        cv2.exp(kernel, dst=kernel)
        return kernel

    def gradients(
        self, seen: FloatArray, kernel: FloatArray, along: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Give the gradients of a loss by vectors, weights and intercepts. `along` (B, n): that by
        the scores of components `seen` (B, P); `kernel` (B, S): their kernel values."""
        pull = along @ self.weights.T
        pull *= kernel
        vectors = pull.T @ seen - pull.sum(axis=0)[:, None] * self.vectors
        return np.float32(2 * self.gamma) * vectors, kernel.T @ along, along.sum(axis=0)


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """What a full machine says about N cases."""

    seen: NDArray[np.float16]
    """(N, P) components."""
    winner: NDArray[np.intp]
    """(N,): the index of the winning class."""
    values: FloatArray
    """(N, n): the values of the winner's duels; its duel with itself is not used."""

    def errors(self, some: NDArray[np.intp], scores: FloatArray, enough: float) -> FloatArray:
        """Give by how much the duels that follow from `scores` (B, n) of the cases `some` (B,) are
        wrong. Where the full machine has `enough` or more the case is clear, and any value from
        `enough` on is right."""
        many, winner = np.arange(len(some)), self.winner[some]
        wanted = np.minimum(self.values[some], np.float32(enough))
        errors: FloatArray = scores[many, winner][:, None] - scores - wanted
        errors[(wanted == np.float32(enough)) & (errors > 0)] = 0
        errors[many, winner] = 0
        return errors

    @classmethod
    def of(cls, full: Duels, seen: NDArray[np.float16]) -> "Cases":
        """Ask the full machine about components (N, P)."""
        values = np.empty((len(seen), len(full.classes)), np.float32)
        winner = np.empty(len(seen), np.intp)
        for start in range(0, len(seen), CHUNK):
            part = slice(start, start + CHUNK)
            duels = full.duels(seen[part].astype(np.float32))
            winner[part] = np.searchsorted(full.classes, full.count(duels).labels)
            values[part] = duels[np.arange(len(duels)), winner[part]]
        return cls(seen, winner, values)

    def narrow(self, width: int) -> "Cases":
        """Give the same cases with only the first `width` of their components."""
        return Cases(np.ascontiguousarray(self.seen[:, :width]), self.winner, self.values)


def reduce(cases: Cases, count: int, gamma: float, enough: float, steps: int) -> ReducedSet:
    """Fit a machine of `count` vectors, or of a quarter as many as there are cases if that is less.

    Equal cases give equal machines."""
    rng = np.random.default_rng(0)
    machine = _start(cases, min(count, -(-len(cases.seen) // 4)), gamma, enough, rng)
    spread = np.float32(np.sqrt(cases.seen.astype(np.float32).var(axis=0).mean()))
    adam = Adam(
        [machine.vectors, machine.weights, machine.intercepts],
        [RATE * float(spread), RATE, RATE],
        steps,
    )
    for _ in range(steps):
        some = rng.integers(len(cases.seen), size=min(BATCH, len(cases.seen)))
        adam.move(_gradients(machine, cases, some, enough))
    return machine


class Adam:
    """Moves arrays in place, step by step. The steps grow over the first WARM_UP of them and shrink
    to 0 along a cosine."""

    def __init__(self, arrays: Sequence[FloatArray], rates: Sequence[float], steps: int) -> None:
        """`rates`: the greatest step of each of the arrays."""
        self._arrays = arrays
        self._rates = rates
        self._steps = steps
        self._step = 0
        self._moments = [(np.zeros_like(array), np.zeros_like(array)) for array in arrays]

    def move(self, gradients: Sequence[FloatArray]) -> None:
        """Move each array against its gradient."""
        self._step += 1
        share = min(self._step / WARM_UP, 1) * 0.5 * (1 + np.cos(np.pi * self._step / self._steps))
        for array, rate, moments, gradient in zip(
            self._arrays, self._rates, self._moments, gradients, strict=True
        ):
            _move(array, rate * share, moments, gradient, self._step)


def _move(
    array: FloatArray,
    rate: float,
    moments: tuple[FloatArray, FloatArray],
    gradient: FloatArray,
    step: int,
) -> None:
    mean, square = moments
    mean += np.float32(1 - FIRST) * (gradient - mean)
    square += np.float32(1 - SECOND) * (gradient * gradient - square)
    unbiased = np.sqrt(square / np.float32(1 - SECOND**step)) + np.float32(LEAST)
    array -= np.float32(rate / (1 - FIRST**step)) * mean / unbiased


def _start(
    cases: Cases, count: int, gamma: float, enough: float, rng: np.random.Generator
) -> ReducedSet:
    """Take some of the cases as the first vectors, half of them from the unclear ones, and compute
    the weights that suit them."""
    n = cases.values.shape[1]
    values = cases.values.copy()
    values[np.arange(len(values)), cases.winner] = np.inf
    order = np.argsort(values.min(axis=1), kind="stable")
    unclear = order[: max(count, len(order) // 10)]
    near = rng.choice(unclear, count // 2, replace=False)
    rest = np.setdiff1d(order, near)
    chosen = np.append(near, rng.choice(rest, count - len(near), replace=False))
    vectors = cases.seen[chosen].astype(np.float32)
    machine = ReducedSet(vectors, np.zeros((count, n), np.float32), np.zeros(n, np.float32), gamma)
    part = slice(None, None, START if len(order) > START * count else 1)
    scores = -np.minimum(values[part], np.float32(enough))
    scores[np.arange(len(scores)), cases.winner[part]] = 0
    machine.intercepts[:] = scores.mean(axis=0)
    kernel = machine.kernel(cases.seen[part].astype(np.float32))
    inner = (kernel.T @ kernel).astype(np.float64) + RIDGE * np.eye(count)
    machine.weights[:] = np.linalg.solve(inner, kernel.T @ (scores - machine.intercepts))
    return machine


def _gradients(
    machine: ReducedSet, cases: Cases, some: NDArray[np.intp], enough: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give the gradients of half the mean square error: by vectors, weights and intercepts."""
    seen = cases.seen[some].astype(np.float32)
    kernel = machine.kernel(seen)
    errors = cases.errors(some, kernel @ machine.weights + machine.intercepts, enough)
    # The value of a duel is the score of the winner minus the score of the other class.
    along = -errors
    along[np.arange(len(some)), cases.winner[some]] = errors.sum(axis=1)
    along /= np.float32(len(some))
    return machine.gradients(seen, kernel, along)
