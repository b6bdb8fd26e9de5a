"""Does what scikit-learn's GridSearchCV does, but keeps the result of each (candidate, fold) as
soon as it is done.

GridSearchCV itself keeps nothing of a search that was interrupted.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid, StratifiedKFold

from camd.values import FloatArray
from training.study.cache import Cache, Key
from training.study.progress import Report, Step
from training.study.split import FOLDS
from training.workers import Workers

Labels = NDArray[np.int64]
Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    params: Params
    scores: tuple[float, ...]
    """Accuracy on each fold."""
    seconds: float
    """Time for all its folds together, on one processor."""

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))


@dataclass(frozen=True, slots=True)
class Searched:
    candidates: tuple[Candidate, ...]
    """In the order of ParameterGrid."""

    @property
    def best(self) -> Candidate:
        """The candidate with the best mean score; of equal ones the first, as in GridSearchCV."""
        return max(self.candidates, key=lambda candidate: candidate.mean)


def search(
    estimator: BaseEstimator,
    grid: dict[str, list[Any]],
    pixels: FloatArray,
    labels: Labels,
    *,
    row: str,
    key: Key,
    cache: Cache,
    workers: Workers,
    progress: Report,
) -> Searched:
    """Score every candidate of `grid` on every fold of `pixels` (N, D), as GridSearchCV(cv=3) does.
    `key` identifies the data and the `estimator` in the cache."""
    candidates = list(ParameterGrid(grid))
    # All candidates for the first fold come first. After that it is known how long each takes, and
    # the time left can be estimated.
    units = [(i, fold) for fold in range(FOLDS) for i in range(len(candidates))]
    done = each_fold(
        score_fold,
        (estimator, pixels, labels),
        [(candidates[i], fold) for i, fold in units],
        row=row,
        what="grid",
        key=key,
        cache=cache,
        workers=workers,
        progress=progress,
    )
    found = dict(zip(units, done, strict=True))
    return Searched(
        tuple(
            Candidate(
                params,
                tuple(found[i, fold].value for fold in range(FOLDS)),
                sum(found[i, fold].seconds for fold in range(FOLDS)),
            )
            for i, params in enumerate(candidates)
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    value: Any
    seconds: float


def each_fold(
    function: Callable[..., Timed],
    shared: Sequence[Any],
    tasks: Sequence[tuple[Params, int]],
    *,
    row: str,
    what: str,
    key: Key,
    cache: Cache,
    workers: Workers,
    progress: Report,
) -> list[Timed]:
    """Give function(*shared, params, fold) for each task. It is taken from the cache where it is
    there; otherwise it is computed and put into the cache at once."""
    keys = [key | {"what": what, "params": params, "fold": fold} for params, fold in tasks]
    kept = [cache.get(one) for one in keys]
    done = [None if pair is None else Timed(*pair) for pair in kept]
    missing = [i for i, timed in enumerate(done) if timed is None]

    def tell() -> None:
        left = time_left(tasks, done, min(workers.count, len(missing) or 1))
        progress(Step(row, what, len(done) - done.count(None), len(done), left))

    tell()
    with workers.each(function, shared, [tasks[i] for i in missing]) as finished:
        for i, timed in finished:
            cache.put(keys[missing[i]], (timed.value, timed.seconds))
            done[missing[i]] = timed
            tell()
    return [timed for timed in done if timed is not None]


def time_left(
    tasks: Sequence[tuple[Params, int]], done: Sequence[Timed | None], at_once: int
) -> float | None:
    """Estimate how many seconds the tasks that are not done will take. Each is expected to take as
    long as other folds of the same candidate, or else as the average. None when nothing is done
    yet."""
    took: dict[str, list[float]] = {}
    for (params, _), timed in zip(tasks, done, strict=True):
        if timed is not None:
            took.setdefault(repr(params), []).append(timed.seconds)
    if not took:
        return None
    usual = float(np.mean([second for seconds in took.values() for second in seconds]))
    left = [
        float(np.mean(took.get(repr(params), usual)))
        for (params, _), timed in zip(tasks, done, strict=True)
        if timed is None
    ]
    return sum(left) / at_once


def score_fold(
    estimator: BaseEstimator,
    pixels: FloatArray,
    labels: Labels,
    params: Params,
    fold: int,
) -> Timed:
    """Fit a copy of the estimator on the other folds, and give its accuracy on this fold."""
    begun = time.perf_counter()
    machine, test = _fitted_without(fold, estimator, pixels, labels, params)
    score = float(machine.score(pixels[test], labels[test]))
    return Timed(score, time.perf_counter() - begun)


def decide_fold(
    estimator: BaseEstimator,
    pixels: FloatArray,
    labels: Labels,
    params: Params,
    fold: int,
) -> Timed:
    """Fit a copy of the estimator on the other folds, and give its decision values (N', classes) on
    this fold."""
    begun = time.perf_counter()
    machine, test = _fitted_without(fold, estimator, pixels, labels, params)
    values = np.asarray(machine.decision_function(pixels[test]), np.float32)
    return Timed(values, time.perf_counter() - begun)


def fold_indices(labels: Labels, fold: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the indices (train, test) of a fold. Like those of GridSearchCV, folds are stratified
    and not shuffled."""
    folds = list(StratifiedKFold(FOLDS).split(np.zeros(len(labels)), labels))
    train, test = folds[fold]
    return train, test


def _fitted_without(
    fold: int,
    estimator: BaseEstimator,
    pixels: FloatArray,
    labels: Labels,
    params: Params,
) -> tuple[Any, NDArray[np.intp]]:
    train, test = fold_indices(labels, fold)
    machine = clone(estimator).set_params(**params)
    machine.fit(pixels[train], labels[train])
    return machine, test
