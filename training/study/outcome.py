"""Computes one row of the study: fits the machine, and lets it classify images that it was not
fitted on."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import cpu_count
from sklearn.base import BaseEstimator, clone

from camd.values import FloatArray
from training import digits as datasets
from training.study import rows
from training.study.cache import Cache, Key
from training.study.grid import (
    Labels,
    Params,
    Searched,
    Timed,
    decide_fold,
    each_fold,
    fold_indices,
    search,
)
from training.study.progress import Report, Step
from training.study.rows import Augmented, Row, Search, Vote
from training.study.split import FOLDS, Split, pixels
from training.study.versions import augmented, scale_gamma
from training.study.voting import Probable, ensemble, temperature
from training.workers import Workers


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    machine: Any
    seconds: float
    """Time to fit it, on all processors."""
    learnt: int
    """Number of images that it was fitted on."""
    validation: Labels | None
    """Its answers for the validation images; None where it was fitted on them."""
    test: Labels


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What is needed to compute any row."""

    parts: Split
    key: Key
    seed: int
    cache: Cache
    here: Workers
    workers: Workers
    """They compute grids and distorted images: `here`, or a cluster."""
    progress: Report


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    row: Row
    fitted: Fitted
    params: Params
    searched: Searched | None = None


def outcome(row: Row, bench: Bench, others: dict[str, Outcome]) -> Outcome:
    if isinstance(row, Search):
        return _search(row, bench)
    if isinstance(row, Vote):
        return _vote(row, bench, others)
    assert isinstance(row, Augmented)
    return _augmented(row, bench)


def _search(row: Search, bench: Bench) -> Outcome:
    estimator = rows.estimator(row.name, bench.seed)
    train = bench.parts.train
    seen = pixels(train.images)
    searched = search(
        estimator,
        row.candidates(),
        seen,
        train.labels,
        row=row.name,
        key=bench.key | {"row": row.name},
        cache=bench.cache,
        workers=bench.workers,
        progress=bench.progress,
    )
    params = searched.best.params
    fitted = _fitted(row, bench, estimator, params, seen, train.labels)
    return Outcome(row, fitted, params, searched)


def _vote(row: Vote, bench: Bench, others: dict[str, Outcome]) -> Outcome:
    """Join two machines that are already fitted. For a soft vote, the decision values of the SVM
    are turned into probabilities with a temperature. It is fitted on the folds of the training
    images, each decided by a machine that was not fitted on it. So the validation images have no
    influence."""
    svm, forest = (others[name] for name in rows.VOTERS)
    train = bench.parts.train
    seen = pixels(train.images)
    machine, params = svm.fitted.machine, {}
    if row.soft:
        decided = each_fold(
            decide_fold,
            (rows.estimator("svm", bench.seed), seen, train.labels),
            [(svm.params, fold) for fold in range(FOLDS)],
            row=row.name,
            what="folds",
            key=bench.key | {"row": row.name},
            cache=bench.cache,
            workers=bench.workers,
            progress=bench.progress,
        )
        values, labels = _in_fold_order(decided, train.labels)
        params = {"temperature": round(temperature(values, labels), 4)}
        machine = Probable(machine, **params)
    both = ensemble(machine, forest.fitted.machine, soft=row.soft)
    bench.progress(Step(row.name, "fitting", 0, 1))
    found = bench.here.one(fit_whole, both, {}, seen, train.labels, bench.parts, True)
    return Outcome(row, Fitted(**found), params)


def _augmented(row: Augmented, bench: Bench) -> Outcome:
    learn = datasets.join(bench.parts.train, bench.parts.validation)
    how = {"noise": row.noise, "scaling": row.scaling}
    key = bench.key | {"row": row.name, "how": how, "what": "fit"}
    found = bench.cache.get(key)
    params: Params = {"C": 10, "gamma": "scale"}
    if found is None:
        with augmented(
            learn.images,
            how,
            seed=bench.seed,
            folder=bench.cache.folder,
            workers=bench.workers,
            tell=lambda done, of: bench.progress(Step(row.name, "augmenting", done, of)),
        ) as seen:
            labels = np.tile(learn.labels, len(seen) // len(learn))
            bench.progress(Step(row.name, "fitting", 0, 1))
            found = bench.here.one(
                fit_whole,
                rows.estimator("svm", bench.seed),
                params | {"gamma": scale_gamma(seen)},
                seen,
                labels,
                bench.parts,
                False,
            )
        bench.cache.put(key, found)
    return Outcome(row, Fitted(**found), params)


def _fitted(
    row: Row,
    bench: Bench,
    estimator: BaseEstimator,
    params: Params,
    seen: FloatArray,
    labels: Labels,
) -> Fitted:
    key = bench.key | {"row": row.name, "params": params, "what": "fit"}
    found = bench.cache.get(key)
    if found is None:
        bench.progress(Step(row.name, "fitting", 0, 1))
        found = bench.here.one(fit_whole, estimator, params, seen, labels, bench.parts, True)
        bench.cache.put(key, found)
    return Fitted(**found)


def fit_whole(
    estimator: BaseEstimator,
    params: Params,
    seen: FloatArray,
    labels: Labels,
    parts: Split,
    validate: bool,
) -> dict[str, Any]:
    """Give the fields of Fitted as a dictionary. The cache must not hold our own classes: then it
    could no longer be read after one was moved."""
    machine = clone(estimator).set_params(**params)
    if "n_jobs" in machine.get_params(deep=False):
        machine.set_params(n_jobs=cpu_count())
    begun = time.perf_counter()
    machine.fit(seen, labels)
    seconds = time.perf_counter() - begun
    validation = machine.predict(pixels(parts.validation.images)) if validate else None
    test = machine.predict(pixels(parts.test.images))
    return {
        "machine": machine,
        "seconds": seconds,
        "learnt": len(labels),
        "validation": validation,
        "test": test,
    }


def _in_fold_order(decided: list[Timed], labels: Labels) -> tuple[FloatArray, Labels]:
    index = np.concatenate([fold_indices(labels, fold)[1] for fold in range(len(decided))])
    return np.concatenate([timed.value for timed in decided]), labels[index]
