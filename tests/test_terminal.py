import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from rich.cells import cell_len
from rich.table import Table

from camd.stdio import printable
from camd.terminal import Printer, Status, console
from camd.values import Reading, RegionReading
from testing.process import ROOT, on_terminal
from testing.screen import seen
from tests.names import texts

WIDTH = 60
AT = time.mktime((2026, 3, 1, 10, 13, 20, 0, 0, -1))

SCRIPT = """
import logging, sys, threading
from camd.logs import setup_logging
from camd.terminal import Printer, Status
from camd.values import Reading
setup_logging("info")
printer = Printer(sys.stderr, live=True)
log = logging.getLogger("camd.test")
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen(program: str) -> tuple[list[str], bytes]:
    """Run `program` on a terminal; return the lines that a user then sees, and all bytes."""
    status, written = on_terminal(
        [sys.executable, "-c", SCRIPT + program],
        env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        columns=WIDTH,
    )
    assert status == 0, written
    return seen(written, WIDTH), written


def test_readings_and_log_lines_stand_above_the_status() -> None:
    lines, _ = screen(f"""
printer.status(Status("waiting"))
printer.reading(Reading(("1947", "28")), {AT})
printer.status(Status("open", 29.7, 18.4, 6, "connected", "1947 | 28"))
thread = threading.Thread(target=log.warning, args=("the broker is [red]away[/red]",))
thread.start()
thread.join()
printer.reading(Reading(), {AT + 5})
printer.status(Status("open", 9.72, 18.4, 1, "connecting", "1947"))
import os
os._exit(0)
""")
    assert lines[0] == "10:13:20  1947 | 28"
    assert re.fullmatch(r"\d\d:\d\d:\d\d  warning: the broker is \[red\]away\[/red\]", lines[1])
    assert lines[2] == "10:13:25  (no digits)"
    assert lines[3] == "1947   ● camera  9.7 fps  18 ms behind   ● mqtt connecting"
    assert len(lines) == 4


def test_the_cursor_is_there_even_after_a_kill() -> None:
    _, written = screen('printer.status(Status("open"))\nimport os\nos._exit(0)')
    assert written.rfind(b"\x1b[?25h") >= written.rfind(b"\x1b[?25l")


def test_close_leaves_the_readings_only() -> None:
    lines, _ = screen(f"""
printer.status(Status("open"))
printer.reading(Reading(("7",)), {AT})
printer.status(Status("open"))
printer.close()
printer.close()
sys.stderr.write("$ prompt")
""")
    assert [line for line in lines if line] == ["10:13:20  7", "$ prompt"]
    assert lines[1] == "$ prompt"


def test_long_lines_are_cut_but_messages_are_not() -> None:
    lines, _ = screen(f"""
printer.reading(Reading(("12345",) * 30), {AT})
printer.message("subscribe with: mosquitto_sub -h 127.0.0.1 -p 1883 -t 'camd/desk/#' -v")
for _ in range(3):
    printer.status(Status("open", 30, 18, 6, "connected", "12345 " * 30))
import os
os._exit(0)
""")
    assert len(lines[0]) <= WIDTH
    assert lines[0].endswith("…")
    assert lines[1] + lines[2] == (
        "subscribe with: mosquitto_sub -h 127.0.0.1 -p 1883 -t 'camd/desk/#' -v"
    )
    assert len(lines[3]) <= WIDTH
    assert lines[3].endswith("…")
    assert len(lines) == 4


@pytest.mark.parametrize("state", ["open", "ended", "missing"])
def test_only_an_unusual_state_is_spelt_out(state: str) -> None:
    lines, _ = screen(f"printer.status(Status({state!r}))\nimport os\nos._exit(0)")
    assert ("missing" in lines[0]) == (state == "missing")
    assert "mqtt" not in lines[0]


def test_the_reading_comes_first_where_there_is_little_room() -> None:
    lines, _ = screen(f"""
printer.status(Status("open", 30, 18, 6, "connected", "{"12345 " * 9}| 28"))
import os
os._exit(0)
""")
    assert lines[0].startswith("12345 12345")
    assert len(lines) == 1


@pytest.mark.parametrize(("digits", "says"), [(0, "no digits"), (3, "reading ...")])
def test_the_state_says_whether_there_is_anything_to_read(digits: int, says: str) -> None:
    lines, _ = screen(f'printer.status(Status("open", digits={digits}))\nimport os\nos._exit(0)')
    assert lines[0].startswith(f"{says}   ● camera")


STAGES = """
import sys
from camd.terminal import stages
with stages("camd: ") as begin:
    begin("fitting")
    begin("test: [3] errors")
print("wrote it", flush=True)
"""


def test_stages_leave_a_line_each_and_one_bar_while_they_last() -> None:
    lines, written = screen(STAGES)
    assert [line for line in lines if line] == [
        "camd: fitting",
        "camd: test: [3] errors",
        "wrote it",
    ]
    assert "0:00:00 fitting" in re.sub(r"\x1b\[[\d;]*m", "", written.decode())


def test_stages_of_a_pipe_are_lines() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STAGES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "camd: fitting\ncamd: test: [3] errors\n"


@pytest.mark.parametrize("live", [False, True])
def test_a_picture_of_many_is_named(live: bool) -> None:
    stream = Terminal()
    printer = Printer(stream, live=live)
    printer.reading(Reading(("1947", "28")), AT, "[old] page.png")
    printer.region(RegionReading("meter", "ok", 19.47), AT, "[old] page.png")
    said = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
    assert said == ("10:13:20  [old] page.png  1947 | 28\n10:13:20  [old] page.png  meter  19.47\n")


def test_without_a_terminal_there_are_plain_lines_only() -> None:
    stream = io.StringIO()
    printer = Printer(stream, live=False)
    printer.status(Status("open", 30, 18, 6, "connected", "1947"))
    printer.reading(Reading(("1947", "28") * 30), AT)
    printer.reading(Reading(), AT + 1)
    printer.reading(Reading(("19",), complete=False), AT + 2)
    printer.message("snapshot saved: camd-1.jpg")
    printer.close()
    assert stream.getvalue() == (
        f"10:13:20  {' | '.join(['1947 | 28'] * 30)}\n"
        "10:13:21  (no digits)\n"
        "10:13:22  19  (a digit is unsure)\n"
        "snapshot saved: camd-1.jpg\n"
    )


def test_the_journal_adds_the_time_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    with path.open("w") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        Printer(stream, live=False).reading(Reading(("1947",)), AT)
    assert path.read_text() == "1947\n"


@given(texts)
def test_no_text_is_taken_for_markup(text: str) -> None:
    stream = io.StringIO()
    out = console(stream)
    out.print(text, soft_wrap=True)
    assert stream.getvalue() == printable(text) + "\n"
    table = Table(text)
    table.add_row(text)
    out.print(table)
    for line in printable(text).split("\n"):
        if cell_len(line) or not line:  # rich leaves out of a table what cannot be seen
            assert stream.getvalue().count(line) >= 3


@given(texts)
def test_no_printer_takes_what_it_is_told_for_markup(text: str) -> None:
    for live in (False, True):
        stream = Terminal()
        printer = Printer(stream, live=live)
        printer.message(text)
        printer.region(RegionReading(text, "empty"), AT)
        said = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
        assert said.startswith(printable(text) + "\n")
        for line in printable(text).split("\n"):
            assert said.count(line) >= 2


@given(texts)
def test_no_state_is_taken_for_markup(text: str) -> None:
    stream = Terminal()
    printer = Printer(stream, live=True)
    printer.status(Status(text, broker=text, reading=text))
    printer.close()
    commands = re.findall(r"\x1b.[\d;?]*[A-Za-z]", stream.getvalue())
    assert "\x1b[31m" not in commands
    assert not any(command[-1] == "J" for command in commands)


def test_a_pipe_gets_whole_lines() -> None:
    stream = io.StringIO()
    out = console(stream)
    table = Table("name", "value")
    table.add_row("x" * 300, "y")
    out.print(table)
    out.print("word " * 100)
    assert len(stream.getvalue().splitlines()) == 6
