"""Users without a home, a name, a terminal or a UTF-8 locale, as containers and services have them.

Real processes, in a user namespace with an id that no file knows (unshare of util-linux)."""

import json
import os
import subprocess
from pathlib import Path

import cv2
import pytest

from testing.broker import mosquitto
from testing.pages import page
from testing.process import LONG, ROOT, command, on_terminal
from tests.training.fit import small_digits

NOBODY = ("unshare", "--user", "--map-user=12345", "--map-group=12345")
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
C_LOCALE = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), page("3 2 5"))
    return path


def nobody(
    *arguments: str | Path, home: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*NOBODY, *command(*arguments)],
        env={**BARE, **(env or {})},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LONG,
        check=False,
    )


@pytest.mark.parametrize("env", [C_LOCALE, {"HOME": "/nonexistent"}, {"HOME": ""}], ids=str)
def test_one_without_a_home_and_a_name_can_read(
    tmp_path: Path, photo: Path, env: dict[str, str]
) -> None:
    done = nobody("read", "--json", photo, home=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert [digit["digit"] for digit in json.loads(done.stdout)["digits"]] == [3, 2, 5]


def test_one_without_a_home_can_run_and_ask_the_doctor(tmp_path: Path, photo: Path) -> None:
    for arguments in (("run", "--broker", "none"), ("doctor", "--broker", "none")):
        done = nobody(*arguments, "--device", photo, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert b"bug" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("config", "init"), "HOME"),
        (("region", "draw", "m", "--points", "0,0 1,0 1,1"), "HOME"),
        (("run", "--config", "disk.toml"), "STATE_DIRECTORY"),
        (("run", "--config", "requests.toml"), "STATE_DIRECTORY"),
        (("service", "install", "--user"), "HOME"),
        (("train",), "--data"),
    ],
    ids=str,
)
def test_what_needs_a_home_says_so(tmp_path: Path, arguments: tuple[str, ...], option: str) -> None:
    (tmp_path / "disk.toml").write_text('[camera]\ndevice = "demo"\n[mqtt]\noutbox = "disk"\n')
    (tmp_path / "requests.toml").write_text('[camera]\ndevice = "demo"\n[mqtt]\nrequests = true\n')
    done = nobody(*arguments, home=tmp_path)
    assert done.returncode == 78, done.stderr
    assert done.stderr.startswith(b"camd: this user has no home directory")
    assert option in done.stderr.decode()


def test_one_without_a_home_can_work_for_others(tmp_path: Path) -> None:
    with mosquitto() as broker:
        process = subprocess.Popen(
            [*NOBODY, *command("worker", "--broker", f"mqtt://{broker.host}:{broker.port}")],
            env={**BARE, **C_LOCALE},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        assert "taking crops" in process.stderr.readline()
        process.terminate()
        assert process.wait(LONG) == 0


def test_one_without_a_home_can_use_what_trains(tmp_path: Path) -> None:
    data = small_digits.write(tmp_path / "small.npz")
    done = nobody("eval-model", "--data", data, home=tmp_path, env=C_LOCALE)
    assert done.returncode == 0, done.stderr
    assert b"errors in" in done.stdout


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "cp1252:strict"])
def test_any_encoding_will_do(tmp_path: Path, photo: Path, encoding: str) -> None:
    there = photo.rename(tmp_path / "blätt 漢✓.png")
    env = {"PYTHONIOENCODING": encoding}
    done = nobody("doctor", "--device", there, "--broker", "none", home=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode(encoding.partition(":")[0])
    assert "camd can do its work" in said
    assert ("✓ every key" in said) == (encoding == "utf-8")
    assert ("+ every key" in said) == (encoding != "utf-8")


@pytest.mark.parametrize("terminal", [None, "dumb", "xterm-256color"])
def test_any_terminal_will_do(tmp_path: Path, photo: Path, terminal: str | None) -> None:
    status, written = on_terminal(
        [*NOBODY, *command("run", "--device", photo, "--broker", "none")],
        env={**BARE, **C_LOCALE, **({"TERM": terminal} if terminal else {})},
        cwd=tmp_path,
    )
    assert status == 0, written
    assert b"3 2 5" in written or b"325" in written
    assert written.isascii()
