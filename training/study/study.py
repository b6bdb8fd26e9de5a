"""What `camd train study` does: it computes all rows, or takes them from the cache, and writes the
report."""

import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn

from camd.errors import DataError
from training import digits as datasets
from training.fit.fit import ENGINE
from training.study import report
from training.study.cache import Cache, Key
from training.study.measure import measures
from training.study.outcome import Bench, Outcome, outcome
from training.study.progress import Report, Step, to_log
from training.study.rows import Search, Vote, pick
from training.study.split import Split, split
from training.workers import Cluster, Workers


def run(
    data: Path | None,
    out: Path,
    *,
    quick: bool = False,
    seed: int = 42,
    scheduler: str | None = None,
    rows: Sequence[str] | None = None,
    cache: Path | None = None,
    progress: Report = to_log,
) -> dict[str, Any]:
    """Do the study, and write REPORT.md, plots/, study.json and models/ into the folder `out`.
    Return the contents of study.json. The models are joblib files: loading one runs code, so load
    only your own.

    `data` is as in training.digits.load; `quick` uses a tenth of it. `rows` are names of rows in
    training.study.ROWS; None means all. `scheduler` is a Dask scheduler (tcp://host:port) that
    computes grids and distorted images. Each finished fit is kept in the folder `cache`, by default
    in the user's cache directory, so a run that was interrupted goes on from there.

    Raises DataError, ConfigError, MissingExtraError, CamdError."""
    picked = pick(rows)
    digits = datasets.load(data)
    parts = split(digits, quick=quick, seed=seed)
    _make(out / "models")
    kept = Cache(cache)
    key: Key = {
        "data": [part.sha256() for part in (parts.train, parts.validation, parts.test)],
        "seed": seed,
        "engine": ENGINE,
        "sklearn": sklearn.__version__,
    }
    study: dict[str, Any] = {
        "images": len(digits),
        "sha256": digits.sha256(),
        "split": {
            "train": len(parts.train),
            "validation": len(parts.validation),
            "test": len(parts.test),
        },
        "quick": quick,
        "seed": seed,
        "versions": {
            "engine": ENGINE,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "processors": joblib.cpu_count(),
        "date": datetime.now(UTC).date().isoformat(),
        "rows": {},
    }
    outcomes: dict[str, Outcome] = {}
    with _workers(scheduler) as workers:
        bench = Bench(parts, key, seed, kept, Workers(), workers, progress)
        for row in picked:
            found = outcome(row, bench, outcomes)
            if isinstance(row, Search):  # The votes need its machine later.
                outcomes[row.name] = found
            model = _save(found.fitted.machine, out / "models" / f"{row.name}.joblib")
            study["rows"][row.name] = _described(found, parts, model)
            progress(Step(row.name, "done", 1, 1))
    (out / "study.json").write_text(json.dumps(study, indent=1) + "\n")
    report.write(study, parts, out)
    return study


@contextmanager
def _workers(scheduler: str | None) -> Iterator[Workers]:
    if scheduler is None:
        yield Workers()
        return
    cluster = Cluster(scheduler)
    try:
        yield cluster
    finally:
        cluster.close()


def _described(found: Outcome, parts: Split, model: Path) -> dict[str, Any]:
    row, fitted = found.row, found.fitted
    vectors = getattr(fitted.machine, "support_vectors_", None)
    described: dict[str, Any] = {
        "title": row.title,
        "notebook": row.notebook,
        "on": row.on,
        "params": found.params,
        "learnt": fitted.learnt,
        "fit_s": None if isinstance(row, Vote) else round(fitted.seconds, 1),
        "support_vectors": None if vectors is None else len(vectors),
        "model_bytes": model.stat().st_size,
        "test": measures(parts.test.labels, fitted.test),
    }
    if fitted.validation is not None:
        described["validation"] = measures(parts.validation.labels, fitted.validation)
    if found.searched is not None:
        described["grid"] = [
            {
                "params": candidate.params,
                "scores": [round(score, 6) for score in candidate.scores],
                "mean": round(candidate.mean, 6),
                "seconds": round(candidate.seconds, 1),
            }
            for candidate in found.searched.candidates
        ]
    return described


def _save(machine: Any, path: Path) -> Path:
    partial = path.with_suffix(".partial")
    joblib.dump(machine, partial, compress=1)
    partial.replace(path)
    return path


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise DataError(f"{folder}: cannot be made ({exc.strerror}); give another --out") from exc
