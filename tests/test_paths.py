import subprocess
import sys
from pathlib import Path

import pytest

from camd import paths

ROOT = Path(__file__).parents[1]


def test_in_a_clone_the_hint_installs_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert paths.pip_install("train") == "pip install '.[train]'"
    assert paths.pip_install() == "pip install ."


def test_run_from_a_clone_but_elsewhere_the_hint_names_the_clone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.pip_install("train") == f"pip install '{ROOT}[train]'"


def test_installed_the_hint_names_what_is_on_the_index_and_no_stranger(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "lib" / "camd")
    assert paths.pip_install("train") == "pip install 'camd-reader[train]'"
    # Another project's folder is no clone.
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "till"\n')
    assert paths.pip_install() == "pip install camd-reader"


def test_a_folder_that_is_gone_is_no_clone(tmp_path: Path) -> None:
    code = "import os, sys; os.chdir(sys.argv[1]); os.rmdir(sys.argv[1])\n"
    code += "from camd import paths\nprint(paths.pip_install())"
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("pip install "), done.stderr
