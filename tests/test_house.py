"""What CONTRIBUTING.md says of the house, beside the contracts that scripts/check holds."""

import ast
import re
import textwrap
from pathlib import Path

import cv2
import grimp
import pytest

import camd
from tests.sheets import paper, write

ROOT = Path(camd.__file__).parent
IMPURE = ("time", "threading", "socket", "subprocess", "paho", "camd.sources.camera", "camd.mqtt")


def test_the_loop_in_the_docstring_runs_and_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    cv2.imwrite(str(sheet), write(paper(), "1947", (60, 200)))
    _, _, code = str(camd.__doc__).partition("\n\n")
    code, _, _ = code.partition("\n\nA frame")
    # One picture instead of the clip, which takes a while.
    code = code.replace('"demo"', repr(str(sheet)))
    exec(compile(textwrap.dedent(code), "camd.__doc__", "exec"), {})  # noqa: S102
    assert "1947" in capsys.readouterr().out


def test_files_that_say_pure_know_no_clock_thread_or_network() -> None:
    graph = grimp.build_graph("camd", include_external_packages=True, cache_dir=None)
    pure = [
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in ROOT.rglob("*.py")
        if re.match(r"PURE\b", ast.get_docstring(ast.parse(path.read_text())) or "")
    ]
    assert len(pure) > 30
    for impure in IMPURE:
        users = graph.find_downstream_modules(impure) if impure in graph.modules else set()
        assert not users & set(pure), impure
