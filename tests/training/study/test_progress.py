import io
import re

import pytest
from hypothesis import given
from rich.console import Console

from camd.stdio import printable
from camd.terminal import console
from tests.names import texts
from training.study.progress import Display, Step, in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (3540, "59 min"), (3600, "1 h 00 min"),
     (9000, "2 h 30 min")],
)  # fmt: skip
def test_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def shown(*, terminal: bool, steps: list[Step]) -> str:
    text = io.StringIO()
    with Display(Console(file=text, force_terminal=terminal, width=100)) as display:
        for step in steps:
            display(step)
    return text.getvalue()


STEPS = [Step("svm", "grid", 0, 27), Step("svm", "grid", 7, 27, 5400.0)]


def test_a_terminal_gets_a_bar_with_the_time_left() -> None:
    last = shown(terminal=True, steps=STEPS)
    for part in ("svm", "grid", "7/27", "1 h 30 min left"):
        assert part in last


def test_there_is_one_bar_and_a_line_for_each_finished_row() -> None:
    more = [Step("svm", "done", 1, 1), Step("forest", "grid", 3, 9)]
    said = re.sub(r"\x1b\[[\d;]*m", "", shown(terminal=True, steps=[*STEPS, *more]))
    assert "svm: done in 0 s\n" in said
    last = said.split("svm: done in 0 s")[1]
    assert "forest" in last
    assert "27" not in last


def test_a_file_gets_a_line_a_step() -> None:
    lines = shown(terminal=False, steps=STEPS).splitlines()
    assert [line.strip() for line in lines if line.strip()] == [
        "svm: grid, 0 of 27",
        "svm: grid, 7 of 27, 1 h 30 min left",
    ]


@given(texts)
def test_no_row_is_taken_for_markup(name: str) -> None:
    text = io.StringIO()
    with Display(console(text)) as display:
        display(Step(name, "grid", 0, 27))
    assert text.getvalue() == f"{printable(name)}: grid, 0 of 27\n"
