"""The rows of the study: the machines that are compared, and the accuracy that the notebook got."""

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
    """Accuracy of this machine in the notebook; None where the notebook only proposed it."""
    on: On = "validation"
    """The images on which the notebook measured that accuracy."""


@dataclass(frozen=True, slots=True)
class Search(Row):
    """The candidates of a grid are cross-validated, and the best one is fitted on the whole
    training set."""

    grid: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def candidates(self) -> dict[str, list[Any]]:
        return {name: list(values) for name, values in self.grid}


@dataclass(frozen=True, slots=True)
class Vote(Row):
    """The machines of the rows `svm` and `forest` vote together."""

    soft: bool = False


@dataclass(frozen=True, slots=True)
class Augmented(Row):
    """The SVM is fitted on the training and validation images and on distorted copies of them."""

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
        # The pixels, 0..1, are used as they are. Standardised pixels give an accuracy that is lower
        # by 0.0013, at C=0.01.
        return Pipeline([("logistic", LogisticRegression(max_iter=1000))])
    if name == "forest":
        return RandomForestClassifier(random_state=seed)
    return SVC(C=10, gamma="scale", cache_size=fit.CACHE_MB)


def pick(names: Sequence[str] | None) -> tuple[Row, ...]:
    """Give the rows with these names and the rows that they need, in the order of ROWS. None stands
    for all rows. Raises ConfigError for an unknown name."""
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
