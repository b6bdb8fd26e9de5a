import subprocess
import sys
from pathlib import Path

import pytest

from testing.process import camd, environment

SHELL = """
camd() { "$PYTHON" -m camd "$@"; }
eval "$(camd completion bash)"
COMP_WORDS=(camd "${@:1}") COMP_CWORD=$#
_camd_completion "$COMMAND"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["con"], {"config"}),
        (["config", ""], {"check", "init", "password", "schema", "show"}),
        (["run", "--no-"], {"--no-window", "--no-mirror", "--no-web"}),
        (["run", "--rotate", ""], {"0", "90", "180", "270"}),
    ],
)
def test_bash_completes_commands_options_and_choices(
    tmp_path: Path, words: list[str], offered: set[str]
) -> None:
    command = tmp_path / "camd"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m camd "$@"\n')
    command.chmod(0o755)
    more = {"PYTHON": sys.executable, "COMMAND": str(command)}
    done = subprocess.run(
        ["bash", "--norc", "-c", SHELL, "bash", *words],
        env=environment(tmp_path, more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(done.stdout.split()) == offered, done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_a_script_that_asks_camd(tmp_path: Path, shell: str) -> None:
    done = camd("completion", shell, home=tmp_path)
    assert f"_CAMD_COMPLETE={shell}_complete" in done.stdout
    asked = {"_CAMD_COMPLETE": f"{shell}_complete", "COMP_WORDS": "camd dis", "COMP_CWORD": "1"}
    if shell == "fish":
        asked["COMP_CWORD"] = "dis"
    told = subprocess.run(
        [sys.executable, "-m", "camd"],
        env=environment(tmp_path, asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "discovery" in told.stdout, told.stderr


def test_a_shell_that_is_none_of_them_is_refused(tmp_path: Path) -> None:
    done = camd("completion", "csh", home=tmp_path)
    assert done.returncode == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr


def test_a_shell_does_not_wait_for_opencv(tmp_path: Path) -> None:
    code = "import sys, camd.cli.root; sys.exit('cv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), check=True)
