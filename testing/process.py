"""The real process, as a user starts it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from testing.prepared import Prepared, can_be_prepared

ROOT = Path(__file__).parent.parent
LONG = 100.0
"""Seconds that nothing takes unless it is broken."""


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without a display, and without settings of the person who runs the tests."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept = {k: v for k, v in kept.items() if not k.startswith("CAMD_")}
    folders = {"XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    return kept | folders | {"PYTHONPATH": str(ROOT)} | dict(extra or {})


def camd(
    *arguments: str | Path, home: Path, env: Mapping[str, str] | None = None, timeout: float = LONG
) -> subprocess.CompletedProcess[str]:
    """Run camd to its end."""
    with start(*arguments, home=home, env=env) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start(
    *arguments: str | Path,
    home: Path,
    env: Mapping[str, str] | None = None,
    module: str = "camd",
    fresh: bool = False,
) -> subprocess.Popen[str]:
    """Start camd, or `module`, and return at once. `fresh`: with the start of Python itself, which
    is left out else where it makes no difference."""
    extra = dict(env or {})
    kind = Prepared if can_be_prepared(extra) and not fresh else subprocess.Popen[str]
    return kind(
        command(*arguments, module=module),
        env=environment(home, extra),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def command(*arguments: str | Path, module: str = "camd") -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def on_terminal(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    columns: int = 80,
    once: bytes = b"",
    send: int | None = None,
) -> tuple[int, bytes]:
    """Run `command` on a terminal of its own to its end; return its exit status, and all that it
    wrote there. `send`: a signal for it, once it has written `once`."""
    # The terminal alone says how wide it is.
    env = {key: value for key, value in env.items() if key not in ("COLUMNS", "LINES", "CI")}
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, env=env, cwd=cwd, stdin=end, stdout=end, stderr=end)
    os.close(end)
    written = b""
    try:
        with suppress(OSError):  # Linux's way to say that the other end is closed
            while block := os.read(terminal, 4096):
                written += block
                if send is not None and once in written:
                    process.send_signal(send)
                    send = None
        return process.wait(LONG), written
    finally:
        process.kill()
        process.wait()
        os.close(terminal)
