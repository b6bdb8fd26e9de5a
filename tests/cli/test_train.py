import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from camd.classify import svm
from camd.cli.train import eval_model, train
from camd.errors import MissingExtraError
from tests.training.fit import small_digits
from tests.training.study.small import small_grids

__all__ = ["small_grids"]


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put the signal handlers back that a command sets."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_trained_model_loads(tmp_path: Path) -> None:
    data = small_digits.write(tmp_path / "small.npz")
    out = tmp_path / "digits.npz"
    arguments = ["--quick", "--data", str(data), "--out", str(out)]
    done = CliRunner().invoke(train, arguments, catch_exceptions=False)
    assert f"wrote {out}" in done.output
    assert f"camd run --model {out}" in done.stderr
    assert svm.load(out).id in (tmp_path / "digits.json").read_text()

    told = CliRunner().invoke(
        eval_model, ["--data", str(data), "--model", str(out)], catch_exceptions=False
    )
    assert "test: " in told.output
    assert " errors in " in told.output


@pytest.mark.usefixtures("small_grids", "handlers")
def test_a_quick_study_writes_its_report(tmp_path: Path) -> None:
    data = small_digits.write(tmp_path / "small.npz")
    out = tmp_path / "out"
    arguments = ["study", "--quick", "--data", str(data), "--out", str(out)]
    more = ["--cache", str(tmp_path / "cache"), "--rows", "logistic,hard"]
    done = CliRunner().invoke(train, arguments + more, catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == str(out / "REPORT.md")
    assert "camd train" in done.stderr
    report = (out / "REPORT.md").read_text()
    for title in ("Logistic regression", "Random forest", "SVM, RBF", "Voting, hard"):
        assert title in report


def test_options_of_train_do_not_silently_pass_by_a_study(tmp_path: Path) -> None:
    told = CliRunner().invoke(train, ["--data", str(tmp_path), "study"])
    assert told.exit_code == 2
    assert "options of study follow it" in told.output


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "training"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "imgaug", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[train\]"):
        CliRunner().invoke(train, [], catch_exceptions=False)
