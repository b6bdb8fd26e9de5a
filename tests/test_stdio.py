"""Standard streams that are closed, full, unread, or of an encoding that lacks our characters."""

import fcntl
import io
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd import stdio
from testing.broker import free_port, until
from testing.pages import page
from testing.process import command, environment
from tests.names import texts

LONG = 50.0
"""Seconds that nothing takes unless it is broken."""
LIVE = ("run", "--device", "demo", "--loop", "--realtime", "--broker", "none")
FILE = ("run", "--device", "demo", "--loop", "--broker", "none")
PIPE_SIZE = 4096


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), page("3 2 5"))
    return path


def commands(photo: Path) -> list[tuple[str | Path, ...]]:
    """One for each way of printing: in colours, JSON, plain lines, click's."""
    run = ("run", "--json", "--device", photo, "--broker", "none")
    return [("read", photo, photo), run, ("config", "show"), ("--help",)]


def in_shell(redirections: str, *arguments: str | Path, home: Path) -> tuple[int, str]:
    """Run camd with `redirections` of the shell; give its status, and what it said at all."""
    done = subprocess.run(
        ["bash", "-c", f'"$@" {redirections}', "bash", *command(*arguments)],
        env=environment(home),
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG,
        check=False,
    )
    return done.returncode, done.stdout


def test_no_stream_need_be_open(tmp_path: Path, photo: Path) -> None:
    for arguments in commands(photo):
        assert in_shell("<&- >&- 2>&-", *arguments, home=tmp_path) == (0, ""), arguments
    doctor = ("doctor", "--device", photo, "--broker", "none")
    assert in_shell("<&- >&- 2>&-", *doctor, home=tmp_path) == (0, "")


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-"])
def test_any_stream_may_be_closed(tmp_path: Path, photo: Path, redirection: str) -> None:
    arguments = ("run", "--json", "--device", photo, "--broker", "none")
    status, said = in_shell(redirection, *arguments, home=tmp_path)
    assert status == 0
    assert ('"seq": 1' in said) == (redirection != ">&-")
    assert ("reading" in said) == (redirection != "2>&-")


def test_who_stops_reading_ends_the_command_quietly(tmp_path: Path, photo: Path) -> None:
    for arguments in commands(photo):
        reader, writer = os.pipe()
        os.close(reader)
        process = subprocess.run(
            command(*arguments),
            env=environment(tmp_path),
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LONG,
            check=False,
        )
        os.close(writer)
        assert process.returncode == 0, arguments
        said = process.stderr.lower()
        assert "broken" not in said, arguments
        assert "traceback" not in said, arguments


def test_a_reader_of_the_log_that_leaves_stops_nothing(tmp_path: Path, photo: Path) -> None:
    arguments = ("run", "--json", "--device", photo, "--broker", "none")
    status, said = in_shell("2> >(true)", *arguments, home=tmp_path)
    assert status == 0
    assert '"seq": 1' in said


@pytest.mark.parametrize(
    ("redirection", "why"), [(">/dev/full", "No space left"), ("1</dev/null", "Bad file")]
)
def test_output_that_cannot_be_written_is_said(
    tmp_path: Path, photo: Path, redirection: str, why: str
) -> None:
    for arguments in (("read", photo), ("config", "show")):
        status, said = in_shell(redirection, *arguments, home=tmp_path)
        assert status == 69, arguments
        assert said.splitlines()[-1].startswith(f"camd: cannot write any more: {why}"), arguments


@contextmanager
def unread(*arguments: str, stream: str, home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run camd with a full pipe as `stream`; give the process and the pipe's other end."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    os.write(writer, b"\n" * PIPE_SIZE)
    other = "stderr" if stream == "stdout" else "stdout"
    streams = {stream: writer, other: subprocess.PIPE}
    process = subprocess.Popen(
        command(*arguments), env=environment(home), cwd=home, text=True, **streams
    )
    os.close(writer)
    try:
        yield process, reader
    finally:
        os.close(reader)
        process.kill()
        process.wait()


def ends(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(LONG) == 0


def handles_sigterm(process: subprocess.Popen[str]) -> Callable[[], bool]:
    def handles() -> bool:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
        return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)

    return handles


def test_a_camera_is_read_on_though_nobody_reads_the_json(tmp_path: Path) -> None:
    with unread(*LIVE, "--json", stream="stdout", home=tmp_path) as (process, pipe):
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        assert any("nobody reads standard output" in line for line in lines)
        assert any("camd:" not in line for line in lines)  # a reading
        os.set_blocking(pipe, False)
        assert set(os.read(pipe, PIPE_SIZE)) == set(b"\n")
        assert any("lines were left out" in line for line in lines)
        os.set_blocking(pipe, True)
        assert os.read(pipe, 2) == b'{"'  # a whole line
        ends(process)


def test_a_camera_is_read_on_though_nobody_reads_the_log(tmp_path: Path) -> None:
    with unread(*LIVE, "--json", stream="stderr", home=tmp_path) as (process, pipe):
        assert process.stdout
        for _ in range(20):
            assert json.loads(process.stdout.readline())
        assert set(os.read(pipe, PIPE_SIZE)) == set(b"\n")
        rest = ""
        while "lines were left out" not in rest:
            rest += os.read(pipe, PIPE_SIZE).decode()
        ends(process)


@pytest.mark.parametrize(
    ("arguments", "stream"),
    [
        ((*FILE, "--json"), "stdout"),
        (FILE, "stderr"),
        (("worker", "--broker", "mqtt://127.0.0.1:{port}"), "stderr"),
    ],
    ids=["frames of a file", "log", "worker"],
)
def test_sigterm_ends_what_waits_for_a_reader(
    tmp_path: Path, arguments: tuple[str, ...], stream: str
) -> None:
    port = str(free_port())
    arguments = tuple(part.replace("{port}", port) for part in arguments)
    with unread(*arguments, stream=stream, home=tmp_path) as (process, _):
        until(handles_sigterm(process), "the handler of SIGTERM")
        ends(process)


def test_the_frames_of_a_file_wait_for_their_reader(tmp_path: Path) -> None:
    arguments = (*FILE, "--json", "--frames", "40")
    with unread(*arguments, stream="stdout", home=tmp_path) as (process, pipe):
        with os.fdopen(os.dup(pipe)) as lines:
            rows = [json.loads(line) for line in lines if line.strip()]
        assert [row["seq"] for row in rows] == list(range(1, 41))
        assert process.wait(LONG) == 0


@given(texts)
def test_no_text_is_too_much_for_an_encoding(text: str) -> None:
    assert text.encode("ascii", "camd").isascii()
    assert text.encode("latin-1", "camd")
    plain = "".join(char for char in text if ord(char) < 0x80)
    assert all(char in text.encode("ascii", "camd").decode() for char in plain)


@given(texts)
def test_what_is_printable_moves_no_cursor(text: str) -> None:
    shown = stdio.printable(text)
    assert all(char.isprintable() or not char.isascii() or char == "\n" for char in shown)
    assert not set(shown) & set("\x1b\x9b\r\x85\u202e")
    assert stdio.printable(shown) == shown
    if text.isprintable():
        assert shown == text


@given(st.dictionaries(texts, texts), st.sampled_from(["ascii", "latin-1", "utf-8"]))
def test_json_is_one_line_in_any_encoding(data: dict[str, str], encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    stdio.write_json(data, stream)
    written = raw.getvalue().decode(encoding)
    stream.detach()
    assert written.count("\n") == 1
    assert json.loads(written) == data
