"""Names that people give files, and that a printer must show as they are."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from camd.stdio import printable

MARKUP = (
    "[old] meter", ":smile:", "[/1]", "[red]7[/red]", "[link=http://a]b", "[/", "\\[", "[[x]]",
    "\x1b[2J", "\x9b31m", "a\rb", "a\tb", "a\nb", "\udcff", "\u202e7", "é 7 ✓ 漢",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(MARKUP),
    st.lists(st.sampled_from([*MARKUP, *"[]:/\\ 7"]), min_size=1, max_size=5).map("".join),
    st.text(min_size=1, max_size=30),
)


def _is_file_name(text: str) -> bool:
    try:
        return len(text.encode("utf-8", "surrogateescape")) < 200
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return False


file_names = texts.map(lambda text: text.replace("/", "_").replace("\0", "_")).filter(_is_file_name)


def written(name: str | Path) -> str:
    """What a printer writes for the name, on one line."""
    return printable(str(name).replace("\n", "\\n"))


few = settings(max_examples=8, deadline=None)
"""For what reads a picture an example."""


def printed(call: Callable[[], object]) -> str:
    """Return what `call` writes to standard output."""
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        call()
    return stream.getvalue()
