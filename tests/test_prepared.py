"""The processes that the tests start after camd's imports: they behave as those started anew."""

import signal
from pathlib import Path

import pytest

from testing.prepared import Prepared, can_be_prepared
from testing.process import LONG, start


@pytest.mark.parametrize("words", [("read", "nothing.png"), ("--version",), ("run", "--nonsense")])
def test_it_says_and_ends_as_one_started_anew(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = []
    for fresh in (False, True):
        with start(*words, home=tmp_path, env={"COLUMNS": "70"}, fresh=fresh) as process:
            assert isinstance(process, Prepared) is not fresh
            said.append((*process.communicate(timeout=LONG), process.returncode))
    assert said[0] == said[1]
    assert any(said[0])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, 0)])
def test_it_gets_signals_in_its_own_folder_and_ends_as_ours(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    words = ("--device", "demo", "--realtime", "--loop", "--broker", "none", "--no-window")
    with start("run", *words, home=tmp_path) as process:
        assert process.stderr
        while "open" not in process.stderr.readline():
            assert process.poll() is None
        assert Path(f"/proc/{process.pid}/cwd").readlink() == tmp_path
        process.send_signal(number)
        process.communicate(timeout=LONG)
    assert process.returncode == status


def test_what_python_and_libraries_read_at_their_start_needs_a_fresh_one() -> None:
    assert can_be_prepared({"CAMD_CAMERA__DEVICE": "demo", "DISPLAY": ":1"})
    for name in ("PYTHONIOENCODING", "LC_ALL", "LANG", "OMP_NUM_THREADS", "QT_QPA_PLATFORM"):
        assert not can_be_prepared({name: "x"})
