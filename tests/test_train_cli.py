import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from camd import svm
from camd.errors import MissingExtraError
from camd.train_cli import eval_model, train
from tests.training import small_digits


def test_a_trained_model_loads(tmp_path: Path) -> None:
    data = small_digits.write(tmp_path / "small.npz")
    out = tmp_path / "digits.npz"
    arguments = ["--quick", "--data", str(data), "--out", str(out)]
    done = CliRunner().invoke(train, arguments, catch_exceptions=False)
    assert f"wrote {out}" in done.output
    assert svm.load(out).id in (tmp_path / "digits.json").read_text()

    told = CliRunner().invoke(
        eval_model, ["--data", str(data), "--model", str(out)], catch_exceptions=False
    )
    assert "test: " in told.output
    assert " errors in " in told.output


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "training"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "imgaug", None)
    with pytest.raises(MissingExtraError, match=r"camd\[train\]"):
        CliRunner().invoke(train, [], catch_exceptions=False)
