"""Times `camd run` from the command to its first frame, beside importing only OpenCV and NumPy.

    python -m benchmarks start [--rounds 9]

`camd run` reads a file, without a broker, and is timed up to its first line on stdout. The two are
run in turns. On a busy machine look at the processor time.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import machine
from testing.process import command, environment

GOAL_S = 1.0
"""How much longer than the imports alone camd should take at most, seconds."""
IMPORTS = [sys.executable, "-c", "import cv2, numpy; print()"]


def first_line(arguments: Sequence[str], home: Path) -> tuple[float, float]:
    """Give the seconds until a program writes its first line, and the seconds of processor time
    until it ends, which should be right after that."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen(
        arguments, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    taken = time.perf_counter() - began
    process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if not line or process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {process.returncode}")
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return taken, spent


def table(imports: Sequence[tuple[float, float]], runs: Sequence[tuple[float, float]]) -> list[str]:
    """Return the lines of a Markdown table of what `first_line` gave for both programs."""
    lines = ["| what | median | quartiles | processor time, median |", "|---|---|---|---|"]
    bare, whole = np.array(imports), np.array(runs)
    names = ("importing cv2 and numpy", "`camd run` to its first frame", "the difference")
    for name, taken in zip(names, (bare, whole, whole - bare), strict=True):
        low, median, high = np.percentile(taken[:, 0], (25, 50, 75))
        lines.append(
            f"| {name} | {median:.2f} s | {low:.2f} to {high:.2f} s"
            f" | {np.median(taken[:, 1]):.2f} s |"
        )
    met = "met" if np.median(whole - bare, axis=0)[0] < GOAL_S else "missed"
    return [*lines, "", f"Goal: under {GOAL_S:g} s more; {met}."]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks start", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    run = command("run", "--device", "demo", "--broker", "none", "--json", "--frames", "1")
    imports, runs = [], []
    with tempfile.TemporaryDirectory() as home:
        for turn in range(options.rounds + 1):
            pair = first_line(IMPORTS, Path(home)), first_line(run, Path(home))
            if turn:  # The first turn does not count: it reads from the disk.
                imports.append(pair[0])
                runs.append(pair[1])
    sys.stdout.write(f"{machine.line()}\n\n" + "\n".join(table(imports, runs)) + "\n")


if __name__ == "__main__":
    main()
