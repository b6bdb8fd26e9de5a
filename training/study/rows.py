"""The rows of the study: what is compared, and what the notebook got for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from camd.errors import ConfigError
from training.fit import fit
from training.study.svc import SVC

On = Literal["validation", "test"]


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    title: str
    notebook: float | None
    """Its accuracy there; None where it was only proposed."""
    on: On = "validation"
    """What the accuracy is of."""


@dataclass(frozen=True, slots=True)
class Search(Row):
    """Candidates of a grid, cross-validated; the best one fitted on the whole training set."""

    grid: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def candidates(self) -> dict[str, list[Any]]:
        return {name: list(values) for name, values in self.grid}


@dataclass(frozen=True, slots=True)
class Vote(Row):
    """What the rows `svm` and `forest` say together."""

    soft: bool = False


@dataclass(frozen=True, slots=True)
class Augmented(Row):
    """The SVM fitted on training and validation images and distorted copies of them."""

    noise: bool = False
    scaling: bool = False


ROWS: tuple[Row, ...] = (
    Search(
        "logistic",
        "Logistic regression",
        0.9233,
        grid=(("logistic__C", (0.01, 0.05, 0.2, 0.5)),),
    ),
    Search(
        "forest",
        "Random forest",
        0.9713,
        grid=(
            ("n_estimators", (100, 200, 300)),
            ("max_depth", (None, 20, 30)),
            ("min_samples_split", (2, 5)),
        ),
    ),
    Search("svm", "SVM, RBF", 0.9852, grid=(("C", (1, 5, 10)), ("gamma", ("scale", 0.01, 0.1)))),
    Vote("hard", "Voting, hard", 0.9782),
    Vote("soft", "Voting, soft", None, soft=True),
    Augmented("augmented", "Augmented SVM", 0.9879, "test"),
    Augmented("scaling", "Augmented SVM, scaling", None, "test", scaling=True),
    Augmented("noise", "Augmented SVM, noise", None, "test", noise=True),
)
VOTERS = ("svm", "forest")


def estimator(name: str, seed: int) -> BaseEstimator:
    if name == "logistic":
        # Pixels of 0..1 as they are. Standardised ones do worse by 0.0013, at C=0.01.
        return Pipeline([("logistic", LogisticRegression(max_iter=1000))])
    if name == "forest":
        return RandomForestClassifier(random_state=seed)
    return SVC(C=10, gamma="scale", cache_size=fit.CACHE_MB)


def pick(names: Sequence[str] | None) -> tuple[Row, ...]:
    """Give the rows of these names, in the order of ROWS, and those that they are made of; all
    for None. Raises ConfigError for a name that is none."""
    if names is None:
        return ROWS
    known = {row.name for row in ROWS}
    if unknown := sorted(set(names) - known):
        raise ConfigError(
            f"no row {', '.join(unknown)}; there are {', '.join(r.name for r in ROWS)}"
        )
    wanted = set(names)
    if any(isinstance(row, Vote) and row.name in wanted for row in ROWS):
        wanted |= set(VOTERS)
    return tuple(row for row in ROWS if row.name in wanted)
