"""A study small enough for tests: scikit-learn's own digits, and grids of two candidates."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.fit.small_digits import digits
from training.study import rows
from training.study.rows import Search

GRIDS = {
    "logistic": (("logistic__C", (0.01, 0.5)),),
    "forest": (("n_estimators", (5, 10)),),
    "svm": (("C", (1, 10)),),
}


def write(path: Path, count: int = 700) -> Path:
    own = digits()
    np.savez(path, x=own.images[:count], y=own.labels[:count])
    return path


@pytest.fixture
def small_grids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        rows,
        "ROWS",
        tuple(
            Search(row.name, row.title, row.notebook, grid=GRIDS[row.name])
            if isinstance(row, Search)
            else row
            for row in rows.ROWS
        ),
    )
