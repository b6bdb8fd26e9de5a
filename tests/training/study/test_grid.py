from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from tests.training.fit.small_digits import digits
from training.study.cache import Cache
from training.study.grid import Searched, Timed, search, time_left
from training.study.progress import Step
from training.study.rows import SVC
from training.study.split import pixels
from training.workers import Workers

OWN = digits().take(slice(500))
SEEN = pixels(OWN.images)


def searched(
    estimator: Any, grid: dict[str, list[Any]], cache: Path, steps: list[Step] | None = None
) -> Searched:
    return search(
        estimator, grid, SEEN, OWN.labels, row="row", key={"data": "own"}, cache=Cache(cache),
        workers=Workers(2), progress=(steps if steps is not None else []).append,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (
            Pipeline([("logistic", LogisticRegression(max_iter=100))]),
            {"logistic__C": [0.0001, 0.1, 0.5]},
        ),
        (
            RandomForestClassifier(random_state=42),
            {"n_estimators": [5, 10], "max_depth": [None, 3]},
        ),
        (SVC(), {"C": [0.1, 10, 100], "gamma": ["scale", 0.1]}),
    ],
    ids=["logistic", "forest", "svm"],
)
def test_it_is_gridsearchcv(estimator: Any, grid: dict[str, list[Any]], tmp_path: Path) -> None:
    with threadpool_limits(1):
        theirs = GridSearchCV(estimator, grid, cv=3).fit(SEEN, OWN.labels)
    ours = searched(estimator, grid, tmp_path)
    assert [candidate.params for candidate in ours.candidates] == theirs.cv_results_["params"]
    for fold in range(3):
        np.testing.assert_allclose(
            [candidate.scores[fold] for candidate in ours.candidates],
            theirs.cv_results_[f"split{fold}_test_score"],
        )
    assert ours.best.params == theirs.best_params_
    assert ours.best.mean == pytest.approx(theirs.best_score_)


def test_a_second_run_fits_nothing_that_is_there_and_all_that_is_not(tmp_path: Path) -> None:
    forest = RandomForestClassifier(random_state=42)
    first = searched(forest, {"n_estimators": [3, 5]}, tmp_path)
    assert len(list(tmp_path.rglob("output.pkl"))) == 6
    steps: list[Step] = []
    assert searched(forest, {"n_estimators": [3, 5]}, tmp_path, steps) == first
    assert [(step.done, step.total) for step in steps] == [(6, 6)]
    more: list[Step] = []
    assert searched(forest, {"n_estimators": [3, 5, 7]}, tmp_path, more).candidates[:2] == (
        first.candidates
    )
    assert [(step.done, step.total) for step in more] == [(6, 9), (7, 9), (8, 9), (9, 9)]


def test_time_left_knows_a_candidate_by_its_other_folds() -> None:
    slow, fast, new = {"n": 300}, {"n": 100}, {"n": 200}
    tasks = [(slow, 0), (fast, 0), (slow, 1), (fast, 1)]
    assert time_left(tasks, [None] * 4, 1) is None
    assert time_left(tasks, [Timed(0, 9.0), Timed(0, 1.0), None, None], 1) == 10
    assert time_left(tasks, [Timed(0, 9.0), Timed(0, 1.0), None, Timed(0, 3.0)], 1) == 9
    assert time_left([*tasks, (new, 0)], [Timed(0, 9.0), Timed(0, 1.0), None, None, None], 2) == 7.5
