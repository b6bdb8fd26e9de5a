import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import joblib
import numpy as np
import pytest

from camd.errors import CamdError, ConfigError, DataError
from tests.training.study.small import small_grids, write
from training import digits, study
from training.study.progress import Step
from training.study.split import pixels, split

__all__ = ["small_grids"]


@pytest.mark.usefixtures("small_grids")
def test_every_row_is_fitted_saved_and_reported_and_again_from_the_cache(tmp_path: Path) -> None:
    source, out, cache = write(tmp_path / "own.npz", 490), tmp_path / "out", tmp_path / "cache"
    found = study.run(source, out, cache=cache)
    names = [row.name for row in study.ROWS]
    assert list(found["rows"]) == names
    assert json.loads((out / "study.json").read_text()) == json.loads(json.dumps(found))

    parts = split(digits.load(source), quick=False, seed=42)
    for name, row in found["rows"].items():
        machine = joblib.load(out / "models" / f"{name}.joblib")
        said = machine.predict(pixels(parts.test.images))
        assert row["test"]["errors"] == int((said != parts.test.labels).sum())
        assert np.trace(row["test"]["confusion"]) == len(said) - row["test"]["errors"]
        assert row["test"]["accuracy"] > 0.7
        assert ("validation" in row) == (not is_augmented(name))
        assert row["learnt"] == (4 * 420 if is_augmented(name) else 350)

    report = (out / "REPORT.md").read_text()
    plots = {part.split(")")[0] for part in report.split("](")[1:]} - {"study.json"}
    assert len(plots) == 6 + len(names)
    assert plots == {f"plots/{path.name}" for path in (out / "plots").iterdir()}
    for plot in plots:
        picture = cv2.imread(str(out / plot))
        assert picture is not None
        assert picture.std() > 5

    steps: list[Step] = []
    some = ["hard", "augmented"]
    again = study.run(source, tmp_path / "other", cache=cache, rows=some, progress=steps.append)
    assert list(again["rows"]) == ["forest", "svm", "hard", "augmented"]
    for name, row in again["rows"].items():
        assert row == found["rows"][name] | {"model_bytes": row["model_bytes"]}
    assert not [step for step in steps if step.what == "grid" and step.done < step.total]
    assert {step.row for step in steps if step.what == "fitting"} == {"hard"}


def test_an_unknown_row_is_told_before_any_data_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no row knn; there are logistic, forest"):
        study.run(tmp_path / "missing.npz", tmp_path, rows=["svm", "knn"])


def test_bad_data_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        study.run(tmp_path / "missing.npz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CamdError, match="--out"):
        study.run(write(tmp_path / "own.npz"), tmp_path / "file" / "out", cache=tmp_path / "cache")


def command(tmp_path: Path, *more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "camd", "train", "study", "--out", str(tmp_path / "out"),
         "--cache", str(tmp_path / "cache"), *more],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def stopped(
    tmp_path: Path, *arguments: str, at: str, by: Callable[[int, int], None], number: int
) -> list[str]:
    """Start a study, stop it when it says `at`, and return what it said."""
    study = command(tmp_path, *arguments)
    assert study.stderr is not None
    said = []
    for line in study.stderr:
        said.append(line)
        if at in line:
            by(study.pid, number)
    assert study.wait(60) == 130
    assert "goes on from here" in said[-1]
    assert not [line for line in said if "Traceback" in line or "Warning" in line]
    assert not (tmp_path / "out" / "REPORT.md").exists()
    while alive(study.pid):  # its workers; else pytest-timeout
        time.sleep(0.1)
    return said


@pytest.mark.timeout(180)  # two processes that import scikit-learn, and their workers
def test_it_stops_cleanly_and_the_same_command_goes_on(tmp_path: Path) -> None:
    arguments = ("--data", str(write(tmp_path / "own.npz", 350)), "--rows", "logistic")
    # As a terminal does, to the workers too.
    stopped(tmp_path, *arguments, at=" 3 of 12", by=os.killpg, number=signal.SIGINT)
    rest = stopped(tmp_path, *arguments, at=" 9 of 12", by=os.kill, number=signal.SIGTERM)
    assert 3 <= int(rest[0].split(", ")[1].split()[0]) < 12


def alive(group: int) -> list[int]:
    """Give the processes of a group; not those that are dead, and wait for somebody to ask."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found


def is_augmented(name: str) -> bool:
    return name in {"augmented", "scaling", "noise"}
