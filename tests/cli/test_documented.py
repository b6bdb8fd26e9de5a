"""Each command line of camd in the README and the docs is one that camd takes: parsed, not run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from camd.cli.root import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>", "2>&1"}


def blocks(text: str) -> Iterator[str]:
    """Yield the command lines of the blocks for a shell, those that go on as one."""
    for block in re.findall(r"^ *```(?:sh|bash|console)\n(.*?)^ *```", text, re.M | re.S):
        yield from block.replace("\\\n", " ").splitlines()


def commands(line: str) -> Iterator[list[str]]:
    """Yield what follows each `camd` on a command line, up to its end."""
    words = shlex.split(line, comments=True)
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        first = not before or before in {*ENDS, "sudo", "exec", "-E"} or "=" in before
        if word in ("camd", "scripts/camd") or word.endswith("/bin/camd"):
            if not first:
                continue
            rest = words[place + 1 :]
            end = next((at for at, one in enumerate(rest) if one in ENDS), len(rest))
            yield rest[:end]


def parse(words: list[str]) -> None:
    """Have click parse the words of a command, and of the command within it. Raises UsageError."""
    command: click.Command = cli
    name, context = "camd", None
    while True:
        context = command.make_context(name, [*words], parent=context)
        words = [*getattr(context, "_protected_args", []), *context.args]
        if not isinstance(command, click.Group) or not words:
            return
        found, inner, words = command.resolve_command(context, words)
        assert inner
        name, command = str(found), inner


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of examples are nowhere."""
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, *_: Path(value))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_command_line_in_a_block_is_one(page: Path) -> None:
    for line in blocks(page.read_text()):
        for words in commands(line):
            try:
                parse(words)
            except click.exceptions.Exit:  # --help, --version
                pass
            except click.UsageError as error:
                pytest.fail(f"{page.name}: {line.strip()}: {error.format_message()}")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_command_named_in_a_sentence_is_one(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.M | re.S)
    for named in re.findall(r"`((?:sudo |scripts/|[\w/.]*/)?camd [^`]+)`", text):
        if re.search(r"\||\.\.\.|…", named):  # several in one, or only a part
            continue
        for words in commands(" ".join(named.split())):
            try:
                parse(words)
            except (click.exceptions.Exit, click.MissingParameter):
                pass
            except click.UsageError as error:
                pytest.fail(f"{page.name}: `{named}`: {error.format_message()}")


def test_there_are_some_and_a_wrong_one_is_noticed() -> None:
    lines = [line for page in PAGES for line in blocks(page.read_text())]
    found = [words for line in lines for words in commands(line)]
    assert len(found) > 25
    assert {"run", "read", "region", "service", "train"} <= {words[0] for words in found}
    assert list(commands("sudo /opt/camd/bin/camd run --loop | tee x  # camd eval")) == [
        ["run", "--loop"]
    ]
    for wrong in (["rum"], ["run", "--devise", "0"], ["region", "draw"], ["run", "--frames", "x"]):
        with pytest.raises(click.UsageError):
            parse(wrong)
