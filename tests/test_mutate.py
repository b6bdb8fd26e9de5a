"""The mutations, of a tree so small that each run of its tests takes a second."""

import ast
import json
from pathlib import Path

import pytest

from scripts import mutate

FAR = """
FAR = 10


def far(distance: int) -> bool:
    return distance > FAR
"""
NEAR = """
def near(distance: int) -> int:
    return distance + 1
"""
TESTS = """
from camd.far import far


def test_far() -> None:
    assert far(100)
    assert not far(1)
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two modules one is tested, and not where it matters."""
    for name, text in {
        "camd/__init__.py": "",
        "camd/far.py": FAR,
        "camd/near.py": NEAR,
        "camd/told.py": "import click\n\nclick.echo(1 + 1)\n",
        "tests/test_far.py": TESTS,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    # The small tree needs no plugin of pytest, and loading ours takes longer than its tests.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return tmp_path


def test_says_what_survived_and_what_was_noticed(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    assert mutate.main(["--json", str(tmp_path / "out.json"), str(tree / "camd/far.py")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 of 3 mutations"
    broken = "camd/far.py:6 far: return distance > FAR"
    assert sorted(said[1:-1]) == [
        f"noticed {broken}  ->  return None  [tests.test_far]",
        f"noticed {broken}  ->  return distance <= FAR  [tests.test_far]",
        "survived camd/far.py:2 <module>: FAR = 10  ->  FAR = 15  [1 files of tests]",
    ]
    assert said[-1] == "1 of 3 survived"
    written = json.loads((tmp_path / "out.json").read_text())
    assert [item["outcome"] for item in written].count("survived") == 1
    assert {path: path.read_bytes() for path in tree.rglob("*.py")} == before


def test_what_no_test_imports_survives(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mutate.main([str(tree / "camd/near.py")]) == 0
    assert capsys.readouterr().out.endswith("[0 files of tests]\n3 of 3 survived\n")


def test_tests_that_fail_anyway_notice_nothing(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "tests/test_far.py").write_text(f"{TESTS}    assert not far(1000)\n")
    assert mutate.main([str(tree / "camd/far.py")]) == 0
    said = capsys.readouterr().out
    assert said.count("unusable tests.test_far: it fails unmutated") == 1
    assert said.endswith("3 of 3 survived\n")


def picks(tree: Path) -> list[tuple[str, str, str]]:
    graph = mutate.imports(tree)
    found = [
        mutation
        for path in mutate.core(tree, graph)
        for mutation in mutate.mutations(str(path.relative_to(tree)), path.read_bytes(), 1)
    ]
    return [(m.function, m.before, m.after) for m in sorted(found, key=lambda m: m.order)]


def test_the_choice_is_the_same_after_a_move(tree: Path) -> None:
    before = picks(tree)
    assert len(before) == 6
    (tree / "camd/space").mkdir()
    (tree / "camd/far.py").rename(tree / "camd/space/distance.py")
    (tree / "camd/near.py").write_text('"""Moved down."""\n' + NEAR)
    assert picks(tree) == before


def test_the_tests_most_likely_to_notice_come_first() -> None:
    graph = {
        "camd.near": set[str](),
        "camd.daemon": {"camd.near"},
        "camd.cli.run": {"click", "camd.daemon"},
        "camd.cli": {"camd.cli.run"},
        "camd.__main__": {"camd.cli"},
        "testing.process": {"camd.__main__"},
        "tests.test_run": {"testing.process"},
        "tests.test_both": {"camd.near", "camd.daemon"},
        "tests.test_near": {"camd.near"},
        "tests.test_other": {"camd.cli.other"},
    }
    graph["camd.cli.other"] = set()
    assert mutate.likely("camd.near", graph) == [
        "tests.test_near",
        "tests.test_both",
        "tests.test_run",
    ]
    graph = {
        "camd.space.far": set(),
        "tests.test_all": {"camd.space.far"},
        "tests.space.test_round": {"camd.space.far", "camd.space.other"},
        "camd.space.other": set(),
    }
    assert mutate.likely("camd.space.far", graph) == ["tests.space.test_round", "tests.test_all"]


def test_each_mutation_changes_one_place_and_is_still_python() -> None:
    source = (
        '"""A doc of 1 + 1."""\n'
        "class Ä:\n"
        "    def f(self, a: int = 3) -> 'int | None':\n"
        '        """Another."""\n'
        "        self.ä = a * 2.0 if a and (a) not in (1,) else -a\n"
        "        self.ä += 12\n"
        "        print(\n            f'{a + 1}')\n"
        "        return self.ä\n"
    ).encode()
    found = list(mutate.mutations("a.py", source, 1))
    changed = [source[: m.start] + m.new.encode() + source[m.stop :] for m in found]
    assert len({ast.dump(ast.parse(text)) for text in [source, *changed]}) == 1 + len(found)
    assert {(source[m.start : m.stop].decode(), m.new) for m in found} >= {
        ("not in", "in"),
        ("and", "or"),
        ("*", "/"),
        ("2.0", "3.0"),
        ("12", "18"),
        ("3", "4"),
        ("self.ä += 12", "pass"),
        ("print(\n            f'{a + 1}')", "pass"),
        ("a and (a) not in (1,)", "not (a and (a) not in (1,))"),
    }
    assert {m.function for m in found} == {"Ä.f"}
