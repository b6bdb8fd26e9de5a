"""Says on which machine figures were measured, and keeps all that is compared on one core."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
from threadpoolctl import threadpool_info, threadpool_limits

from camd.runtime import keep_freed


def one_core() -> None:
    """Keep this process and the threads that it will start on one core. Also keep the memory that
    was freed, as the daemon does."""
    keep_freed()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    # Threads that wait for each other on one core waste its time. Some libraries are loaded
    # already, others are not yet: both must be told.
    threadpool_limits(1)
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = os.environ["OMP_THREAD_LIMIT"] = "1"


def line(packages: Iterable[str] = ()) -> str:
    """Return a line that tells when, with which commit, on what processor and with which versions
    of `packages` figures were measured."""
    parts = [
        datetime.now(UTC).date().isoformat(),
        f"commit {_commit()}",
        _processor(),
        f"{os.cpu_count()} cores",
        f"Python {platform.python_version()}",
    ]
    for name in ("numpy", "opencv-python", *packages):
        found = installed(name)
        if found:
            parts.append(f"{name} {found}")
        if name == "numpy":
            # An environment variable may force OpenBLAS to use code for an older processor.
            own = [lib for lib in threadpool_info() if "numpy" in lib["filepath"]]
            parts[-1] += "".join(f" (BLAS for {lib['architecture']})" for lib in own)
    return ", ".join(parts)


def installed(package: str) -> str | None:
    """Return the version of a package, or None when it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
