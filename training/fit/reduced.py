"""Fit a reduced-set machine: some hundred vectors, moved by gradient until their scores differ as
the decision values of a machine with thousands of support vectors say.

After Burges, "Simplified support vector decision rules", ICML 1996. What is made small here is not
the distance of the two in feature space but the error of those values that a case can turn on; the
steps are those of Adam (Kingma and Ba, ICLR 2015).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.classify.one_vs_one import Duels
from camd.values import FloatArray

RIDGE = 0.1
"""Added to each variance when the first weights are solved for: vectors may lie close."""
CHUNK = 4000
"""Cases asked about at once."""
START = 5
"""The first weights are solved for on each so manyth case."""
BATCH = 1500
RATE = 0.02
"""Greatest step, of the weights; of the vectors in units of their mean standard deviation. It
rises over WARM_UP steps and falls like a cosine to 0."""
WARM_UP = 50
FIRST, SECOND, LEAST = 0.9, 0.999, 1e-8
"""Adam's decay of both moments, and its epsilon."""


@dataclass(frozen=True, slots=True, eq=False)
class ReducedSet:
    vectors: FloatArray
    """(S, P)."""
    weights: FloatArray
    """(S, n)."""
    intercepts: FloatArray
    """(n,)."""
    gamma: float

    def scores(self, seen: FloatArray) -> FloatArray:
        """Give the scores (N, n) of components (N, P)."""
        return self.kernel(seen) @ self.weights + self.intercepts

    def kernel(self, seen: FloatArray) -> FloatArray:
        """Give (N, S)."""
        kernel: FloatArray = seen @ (np.float32(2 * self.gamma) * self.vectors).T
        kernel -= np.float32(self.gamma) * np.vecdot(seen, seen)[:, None]
        kernel -= np.float32(self.gamma) * np.vecdot(self.vectors, self.vectors)
        cv2.exp(kernel, dst=kernel)
        return kernel


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """What a full machine says of N cases."""

    seen: NDArray[np.float16]
    """(N, P) components."""
    winner: NDArray[np.intp]
    """(N,) the winning class, by place."""
    values: FloatArray
    """(N, n) of the winner's duels; that with itself is not looked at."""

    def errors(self, some: NDArray[np.intp], scores: FloatArray, enough: float) -> FloatArray:
        """Give by how much the values of `scores` (B, n) for the cases `some` (B,) are wrong. A
        value above `enough` need only be as great: the case is clear."""
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
        """Give the same, seen in the first `width` components."""
        return Cases(np.ascontiguousarray(self.seen[:, :width]), self.winner, self.values)


def reduce(cases: Cases, count: int, gamma: float, enough: float, steps: int) -> ReducedSet:
    """Fit `count` vectors, or a quarter of the cases where that is less.

    Equal cases give equal machines."""
    rng = np.random.default_rng(0)
    machine = _start(cases, min(count, -(-len(cases.seen) // 4)), gamma, enough, rng)
    spread = np.float32(np.sqrt(cases.seen.astype(np.float32).var(axis=0).mean()))
    parameters = [
        (machine.vectors, RATE * spread),
        (machine.weights, RATE),
        (machine.intercepts, RATE),
    ]
    moments = [(np.zeros_like(array), np.zeros_like(array)) for array, _ in parameters]
    for step in range(1, steps + 1):
        some = rng.integers(len(cases.seen), size=min(BATCH, len(cases.seen)))
        gradients = _gradients(machine, cases, some, enough)
        share = min(step / WARM_UP, 1) * 0.5 * (1 + np.cos(np.pi * step / steps))
        for (array, rate), own, gradient in zip(parameters, moments, gradients, strict=True):
            _move(array, rate * share, own, gradient, step)
    return machine


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
    """Take vectors from among the cases, half of them from the unclear ones, and solve for the
    weights."""
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
    """Give the slope of half the mean square of the errors, along vectors, weights, intercepts."""
    seen = cases.seen[some].astype(np.float32)
    kernel = machine.kernel(seen)
    errors = cases.errors(some, kernel @ machine.weights + machine.intercepts, enough)
    # A duel's value is the winner's score less the other's.
    along = -errors
    along[np.arange(len(some)), cases.winner[some]] = errors.sum(axis=1)
    along /= np.float32(len(some))
    pull = along @ machine.weights.T
    pull *= kernel
    vectors = pull.T @ seen - pull.sum(axis=0)[:, None] * machine.vectors
    return (
        np.float32(2 * machine.gamma) * vectors,
        kernel.T @ along,
        along.sum(axis=0),
    )
