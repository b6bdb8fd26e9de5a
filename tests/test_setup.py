"""scripts/setup where nobody may install packages: with the real tools of this system, but sudo."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOBODY = 65534
ABSENT = "camd-a-package-that-is-nowhere"


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, as those of pytest are not."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def tools(folder: Path, *without: str) -> Path:
    """Return a folder with all commands of this system, but those."""
    folder.mkdir()
    for directory in ("/usr/sbin", "/usr/bin", "/bin"):
        for command in Path(directory).iterdir():
            name = command.name
            if not any(name == word or name.startswith(f"{word}3") for word in without):
                (folder / name).unlink(missing_ok=True)
                (folder / name).symlink_to(command)
    return folder


def run(command: str, path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it as somebody who may not install anything."""
    somebody = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    clone = path.parent / "clone"
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    return subprocess.run(
        [*somebody, path / "bash", "-c", f". scripts/setup {command}"],
        cwd=clone,
        env={"PATH": str(path), "LC_ALL": "C", "TMPDIR": "/tmp"} | more,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_sudo_it_says_what_to_ask_the_administrator_for(place: Path) -> None:
    if not shutil.which("dpkg-query"):
        pytest.skip("no Debian: nothing would be installed by apt-get")
    done = run(f"'' bash {ABSENT}", tools(place / "bin", "sudo"))
    assert done.returncode == 69
    assert f"    apt-get install {ABSENT}\n" in done.stderr
    assert "administrator" in done.stderr
    assert "not found" not in done.stderr


def test_all_that_is_missing_is_asked_for_at_once(place: Path) -> None:
    if not shutil.which("dpkg-query"):
        pytest.skip("no Debian: nothing would be installed by apt-get")
    done = run(f"'' {ABSENT}", tools(place / "bin", "sudo", "python"))
    asked = done.stderr.partition("apt-get install ")[2].split()
    assert ABSENT in asked
    assert done.returncode == 69
    # Without a Python that is new enough, one is asked for too, where it is not installed.
    assert (shutil.which("python3", path="/usr/bin") is None) == ("python3" in asked)


def test_what_is_no_debian_is_told_the_names_of_other_systems(place: Path) -> None:
    path = tools(place / "bin", "sudo", "python", "apt-get")
    done = run("''", path)
    assert done.returncode == 69
    assert "dnf install python3" in done.stderr
    assert "Alpine" in done.stderr


def test_without_bash_the_demo_says_so(place: Path) -> None:
    path = tools(place / "bin", "bash")
    done = subprocess.run(
        [path / "dash" if (path / "dash").exists() else path / "sh", ROOT / "scripts" / "demo"],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 69
    assert "bash is missing" in done.stderr


def test_a_bare_system_is_made_by_root_alone_and_for_known_names_only(place: Path) -> None:
    somebody = ["setpriv", f"--reuid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    for name, status, said in (("debian-13", 77, "sudo"), ("debian-1", 64, "debian-12, debian-13")):
        done = subprocess.run(
            [*somebody, "bash", "-s", name, place / "root"],
            input=(ROOT / "scripts" / "bare-root").read_text(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status
        assert said in done.stderr
