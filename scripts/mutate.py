"""If a line of the core is broken, does a test notice?

    scripts/mutate [--count 30] [--seed 1] [--json FILE] [PATH...]

Breaks COUNT places, one at a time, in a copy of the tree, and runs the tests that are most likely
to notice: of each file of tests only those that come to the broken line, as a run of the unbroken
tree has shown. PATH is a file or folder; without one it is the core: all of camd but what speaks to
people. The same seed picks the same places after code has moved to other files.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from pathlib import Path

from coverage import CoverageData

ROOT = Path(__file__).parent.parent
LIMIT_S = 120
"""No more tests are begun for a mutation after so long; a file of tests that takes as long by
itself is not used."""
MOST = 200
"""Tests of a file that are named one by one on a command line."""
PATIENCE_S = 30
"""A file of tests hangs when it takes four times as long as unmutated, and so much more."""
TO_PEOPLE = {"click", "rich", "paint", "finding"}
"""Modules that import one of these speak to people: commands, pictures, the doctor."""
LEFT_BEHIND = (".?*", "build", "dist", "runs", "*.egg-info")

PAIRS: list[tuple[type[ast.AST], str, str, type[ast.AST]]] = [
    (ast.Lt, "<", ">=", ast.GtE),
    (ast.Gt, ">", "<=", ast.LtE),
    (ast.Eq, "==", "!=", ast.NotEq),
    (ast.In, "in", "not in", ast.NotIn),
    (ast.Is, "is", "is not", ast.IsNot),
    (ast.And, "and", "or", ast.Or),
    (ast.Add, "+", "-", ast.Sub),
    (ast.Mult, "*", "/", ast.Div),
]
SWAPS = {a: (x, y) for a, x, y, _ in PAIRS} | {b: (y, x) for _, x, y, b in PAIRS}


@dataclass(frozen=True, slots=True)
class Mutation:
    path: str
    """Of the file, from the root of the tree."""
    line: int
    statement: tuple[int, int]
    """First and last line of the statement, without its body."""
    function: str
    kind: str
    before: str
    after: str
    """What changes, with the rest of its lines, all on one line."""
    start: int
    stop: int
    """Where in the file, bytes."""
    new: str
    """What is to stand there."""
    order: str
    """What the choice goes by: nothing that changes when code moves to another file."""


def mutations(path: str, data: bytes, seed: int) -> Iterator[Mutation]:
    """Yield all single mutations of a file."""
    lines = data.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]
    seen = Counter[str]()
    tree = ast.parse(data)
    statements = [_head(node) for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for node, function in _running(tree, "<module>"):
        for kind, start, stop, new in _edits(node, data, starts):
            first, last = (sum(begin <= at for begin in starts) - 1 for at in (start, stop - 1))
            name = f"{function}|{lines[first].decode().strip()}|{kind}"
            seen[name] += 1
            begin, end = starts[first], starts[last + 1]
            after = data[begin:start] + new.encode() + data[stop:end]
            yield Mutation(
                path=path,
                line=first + 1,
                statement=min(
                    (head for head in statements if head[0] <= first + 1 <= head[1]),
                    key=lambda head: head[1] - head[0],
                    default=(first + 1, first + 1),  # a handler, a decorator
                ),
                function=function,
                kind=kind,
                before=" ".join(data[begin:end].decode().split()),
                after=" ".join(after.decode().split()),
                start=start,
                stop=stop,
                new=new,
                order=hashlib.sha256(f"{seed}|{name}|{seen[name]}".encode()).hexdigest(),
            )


def _head(node: ast.stmt) -> tuple[int, int]:
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
    return node.lineno, max(node.lineno, last)


def _running(node: ast.AST, name: str) -> Iterator[tuple[ast.AST, str]]:
    """Yield each node that does something, and the qualified name of what it is in. Of f-strings
    the parts have no exact places before Python 3.12, of classes the numbers are mostly bounds."""
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    yield node, name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        name = f"{name}.{node.name}".removeprefix("<module>.")
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns"):
            for child in value if isinstance(value, list) else [value]:
                constant = isinstance(node, ast.ClassDef) and isinstance(child, ast.AnnAssign)
                if isinstance(child, ast.AST) and not constant:
                    yield from _running(child, name)


def _edits(
    node: ast.AST, data: bytes, starts: Sequence[int]
) -> Iterator[tuple[str, int, int, str]]:
    """Yield the kind of each mutation of this node, from where to where in the file it goes, and
    what is to stand there."""

    def span(node: ast.expr | ast.stmt) -> tuple[int, int]:
        start = starts[node.lineno - 1] + node.col_offset
        return start, starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    pairs: Iterable[tuple[tuple[ast.expr, ast.expr], ast.AST]] = []
    match node:
        case ast.Compare():
            pairs = zip(pairwise([node.left, *node.comparators]), node.ops, strict=True)
        case ast.BoolOp():
            pairs = [(pair, node.op) for pair in pairwise(node.values)]
        case ast.BinOp() if type(node.op) in SWAPS:
            pairs = [((node.left, node.right), node.op)]
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare):
            start, stop = span(test)
            yield "condition", start, stop, f"not ({data[start:stop].decode()})"
        case ast.Constant(value=float() as value):
            yield "number", *span(node), repr(value * 1.5 or 1.0)
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            yield "number", *span(node), repr(value + 1 if value < 10 else value * 3 // 2)
        case ast.Return(value=ast.expr() as result) if ast.unparse(result) != "None":
            yield "return", *span(result), "None"
        case (
            ast.AugAssign()
            | ast.Expr(value=ast.Call() | ast.Await() | ast.Yield())
            | ast.Assign(targets=[ast.Attribute()])
            | ast.AnnAssign(target=ast.Attribute(), value=ast.expr())
        ):
            yield "drop", *span(node), "pass"
    for (left, right), op in pairs:
        old, new = SWAPS[type(op)]
        at = data.find(old.encode(), span(left)[1], span(right)[0])
        if at >= 0:
            yield "operator", at, at + len(old), new


def imports(root: Path) -> dict[str, set[str]]:
    """Tell which modules of the tree each one imports, and which of TO_PEOPLE. What is run with
    "-m" counts, and for a test what its conftest.py imports."""
    files = {path: dotted(path.relative_to(root)) for path in root.glob("[!.]*/**/*.py")}
    graph: dict[str, set[str]] = {}
    for path, name in files.items():
        text = path.read_text(encoding="utf-8")
        found = set(re.findall(r'"-m", "([\w.]+)"', text))
        found |= {f"{module}.__main__" for module in found}
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        found |= {module.partition(".")[0] for module in found} & TO_PEOPLE
        found |= {c for c in files.values() if c.endswith(".conftest") and name.startswith(c[:-8])}
        graph[name] = found & {*files.values(), *TO_PEOPLE} - {name}
    return graph


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def core(root: Path, graph: dict[str, set[str]]) -> Iterator[Path]:
    """Yield the files of camd that do not speak to people, wherever they lie."""
    for path in root.glob("camd/**/*.py"):
        name = dotted(path.relative_to(root))
        if not TO_PEOPLE & {module.rpartition(".")[2] for module in {name, *graph[name]}}:
            yield path


def likely(module: str, graph: dict[str, set[str]]) -> list[str]:
    """List the tests that may notice: first the one of the same name, then those that import the
    module, then those that import what imports it; of these the ones of its package first, and
    those that import least.

    Helpers of tests and commands are seen through: a test that runs camd imports the daemon."""
    through = {m for m in graph if m.startswith(("tests.", "testing.")) or m.endswith(".__main__")}
    commands = {m for m in graph if "click" in graph[m]}
    through |= commands | {command.rpartition(".")[0] for command in commands}
    above = {m for m in graph if module in graph[m]} - through
    ranked = []
    for test in graph:
        name = test.rpartition(".")[2]
        found, todo = set[str](), [test] if name.startswith("test_") else []
        while todo:
            new = graph[todo.pop()] - found - TO_PEOPLE
            found |= new
            todo += new & through
        same = name == f"test_{module.rpartition('.')[2]}"
        apart = test.split(".")[1:-1] != module.split(".")[1:-1]
        if same or module in found or found & above:
            ranked.append((not same, module not in found, apart, len(found), test))
    return [test for *_, test in sorted(ranked)]


def starts_camd(test: str, graph: dict[str, set[str]]) -> bool:
    """Tell whether a file of tests starts processes: what they run is not seen from here."""
    return "testing.process" in graph[test] or any(m.endswith(".__main__") for m in graph[test])


@contextmanager
def copy(root: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
        yield tree


def run(tree: Path, tests: Sequence[str], limit: float, *more: str) -> tuple[str, float]:
    """Run tests; return "passes", "fails" or "hangs", and the seconds it took. They fail only where
    they do so twice: on a busy machine a test can starve."""
    once = _run(tree, tests, limit, *more)
    return _run(tree, tests, limit, *more) if once[0] == "fails" else once


def _run(tree: Path, tests: Sequence[str], limit: float, *more: str) -> tuple[str, float]:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [f"--basetemp={tree.parent / 'tmp'}", *more, *tests]
    # CI: Hypothesis then tries the same examples each time.
    env = {"PYTHONPATH": str(tree), "CI": "true", "COVERAGE_FILE": str(_coverage(tree))}
    quiet = subprocess.DEVNULL
    start = time.monotonic()
    process = subprocess.Popen(
        command, cwd=tree, env=os.environ | env, stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        outcome = "fails" if process.wait(limit) else "passes"
    except subprocess.TimeoutExpired:
        outcome = "hangs"
    with suppress(ProcessLookupError):  # and what it has started
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return outcome, time.monotonic() - start


@dataclass(frozen=True, slots=True)
class Usual:
    """How a file of tests does unmutated."""

    outcome: str
    seconds: float
    came: Mapping[str, Mapping[int, list[str]]]
    """For each file of camd and each of its lines: the tests that came there; "" is the import."""

    def those(self, mutation: Mutation) -> set[str]:
        first, last = mutation.statement
        lines = self.came.get(mutation.path, {})
        return {test for line in range(first, last + 1) for test in lines.get(line, ())}


class Trial:
    """Tries mutations in one copy of a tree, and remembers how its tests do unmutated."""

    def __init__(self, tree: Path, graph: dict[str, set[str]]) -> None:
        self._tree, self._graph = tree, graph
        self._known: dict[str, Usual] = {}

    def outcome(self, mutation: Mutation) -> tuple[str, list[str]]:
        """Return what became of it, and the tests that were run; the last of them noticed it."""
        spent, ran = 0.0, list[str]()
        for apart, test in self._ordered(mutation):
            usual = self._usual(test)
            chosen = sorted(usual.those(mutation))
            if usual.outcome != "passes" or not (chosen or apart):
                continue
            if apart or "" in chosen or len(chosen) > MOST:
                chosen = [_file(test)]
            ran.append(test)
            with self._mutated(mutation):
                outcome, took = run(self._tree, chosen, PATIENCE_S + 4 * usual.seconds)
            spent += took
            if outcome != "passes":
                return "noticed" if outcome == "fails" else "hangs", ran
            if spent > LIMIT_S:
                break
        return "survived", ran

    def _ordered(self, mutation: Mutation) -> list[tuple[bool, str]]:
        """Give the tests that may notice, those that start processes last, and whether they do."""
        tests = likely(dotted(Path(mutation.path)), self._graph)
        found = [(starts_camd(test, self._graph), test) for test in tests]
        return sorted(found, key=lambda one: one[0])

    @contextmanager
    def _mutated(self, mutation: Mutation) -> Iterator[None]:
        file = self._tree / mutation.path
        data = file.read_bytes()
        file.write_bytes(data[: mutation.start] + mutation.new.encode() + data[mutation.stop :])
        try:
            _forget(file)
            yield
        finally:
            file.write_bytes(data)
            _forget(file)

    def _usual(self, test: str) -> Usual:
        if test not in self._known:
            cover = ("-p", "pytest_cov", "--cov=camd", "--cov-context=test", "--cov-report=")
            outcome, seconds = run(self._tree, [_file(test)], LIMIT_S, *cover)
            came = _came(self._tree) if outcome == "passes" else {}
            self._known[test] = Usual(outcome, seconds, came)
            if outcome != "passes":
                _say(f"unusable {test}: it {outcome} unmutated")
        return self._known[test]


def _coverage(tree: Path) -> Path:
    return tree.parent / "coverage"


def _came(tree: Path) -> dict[str, dict[int, list[str]]]:
    data = CoverageData(str(_coverage(tree)))
    data.read()
    return {
        str(Path(path).relative_to(tree)): {
            line: [test.partition("|")[0] for test in tests]
            for line, tests in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }


def _file(test: str) -> str:
    return f"{test.replace('.', '/')}.py"


def _forget(file: Path) -> None:
    """Delete what Python compiled: it knows a file by its size and the second it was written."""
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("mutate", description="Does a test notice a broken line?")
    parser.add_argument("--count", type=int, default=30, help="how many mutations (30)")
    parser.add_argument("--seed", type=int, default=1, help="which of them (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it all there too")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    options = parser.parse_args(arguments)
    graph, paths = imports(ROOT), set[Path]()
    for path in map(Path.resolve, options.paths):
        if not path.exists() or not path.is_relative_to(ROOT):
            parser.error(f"{path}: no such file or folder in {ROOT}")
        paths |= {path} if path.is_file() else set(path.rglob("*.py"))
    found: list[Mutation] = []
    for path in sorted(paths if options.paths else core(ROOT, graph)):
        found += mutations(str(path.relative_to(ROOT)), path.read_bytes(), options.seed)
    picked = sorted(found, key=lambda mutation: mutation.order)[: options.count]
    _say(f"{len(picked)} of {len(found)} mutations")
    results = []
    with copy(ROOT) as tree:
        trial = Trial(tree, graph)
        for m in picked:
            outcome, ran = trial.outcome(m)
            by = ran[-1] if outcome != "survived" else f"{len(ran)} files of tests"
            _say(f"{outcome} {m.path}:{m.line} {m.function}: {m.before}  ->  {m.after}  [{by}]")
            results.append({"outcome": outcome, "tests": ran, **asdict(m)})
            if options.json:
                options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _say(f"{sum(r['outcome'] == 'survived' for r in results)} of {len(results)} survived")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        # nohup; what it lets ignore is ignored by the tests too, and a handler is not handed on.
        signal.signal(signal.SIGHUP, lambda *_: None)
    sys.exit(main(sys.argv[1:]))
