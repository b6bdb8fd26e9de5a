"""The real process, as a user starts it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without a display, and without settings of the person who runs the tests."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept = {k: v for k, v in kept.items() if not k.startswith("CAMD_")}
    return kept | {"XDG_CONFIG_HOME": str(home), "PYTHONPATH": str(ROOT)} | dict(extra or {})


def camd(
    *arguments: str | Path, home: Path, env: Mapping[str, str] | None = None, timeout: float = 50
) -> subprocess.CompletedProcess[str]:
    """Run camd to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(home, env),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def start(
    *arguments: str | Path, home: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start camd and return at once."""
    return subprocess.Popen(
        command(*arguments),
        env=environment(home, env),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "camd", *map(str, arguments)]
