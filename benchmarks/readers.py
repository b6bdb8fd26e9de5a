"""Lets camd and other readers read the same images: how much is right, and how long it takes.

    python -m benchmarks readers DIR [--notebook FOLDER] [--data mnist.npz]

DIR has images and their labels.json, as for `camd eval`. Each image is decoded once, and the
readers read it one after the other, on one core. Times are processor times; on one core this is the
time that an idle machine takes. Scores are those of `camd eval`, for digits only.
benchmarks/peers.py tells what to install.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import machine, peers
from benchmarks.peers import MissingError, Reader
from camd.errors import CamdError
from camd.evaluate.score import Evaluation, score
from camd.evaluate.truth import Label, load_labels
from camd.sources.picture import first_page
from camd.values import Image


@dataclass
class Account:
    """What one reader has read so far."""

    reader: Reader
    digits: dict[str, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


def read_all(images: Iterable[tuple[str, Image]], readers: Sequence[Reader]) -> list[Account]:
    """Let every reader read each image, one after the other. `images` are pairs (name, image)."""
    accounts = [Account(reader) for reader in readers]
    for number, (name, image) in enumerate(images, 1):
        sys.stderr.write(f"\rimage {number} ")
        for account in accounts:
            if number == 1:
                account.reader.digits(image)  # loading does not count
            began = time.process_time()
            account.digits[name] = account.reader.digits(image)
            account.seconds.append(time.process_time() - began)
    sys.stderr.write("\r" + " " * 20 + "\r")
    return accounts


def table(labels: Sequence[Label], accounts: Sequence[Account]) -> list[str]:
    """Return the lines of a Markdown table. All accounts are compared with the first one."""
    scores = [score(labels, {f: [read] for f, read in one.digits.items()}) for one in accounts]
    counts = scores[0]
    head = (
        f"| reader | F1, {counts.ordinary.images} ordinary photos"
        f" | F1, all {counts.positives.images} with digits"
        f" | false digits on each of {counts.negatives.images} without | of these clean"
        " | median time | times as long |"
    )
    lines = [head, "|---|---|---|---|---|---|---|"]
    own = float(np.median(accounts[0].seconds))
    for account, found in zip(accounts, scores, strict=True):
        median = float(np.median(account.seconds))
        lines.append(
            f"| {account.reader.name} | {_figures(found)} | {duration(median)}"
            f" | {median / own:.3g} |"
        )
    return lines


def _figures(found: Evaluation) -> str:
    none = found.negatives
    return (
        f"{found.ordinary.f1:.3f} | {found.positives.f1:.3f}"
        f" | {none.false_an_image:.2f} | {100 * none.clean / max(1, none.images):.0f} %"
    )


def duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks readers", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--notebook", type=Path, help="folder of benchmarks.notebook --cache")
    parser.add_argument("--data", type=Path, help="MNIST, should the notebook's machine be missing")
    options = parser.parse_args(arguments)
    try:
        labels = load_labels(options.directory)
        images = (
            (label.file, first_page(options.directory / label.file).image) for label in labels
        )
        found = list(peers.readers(options.notebook, options.data))
        accounts = read_all(images, [one for one in found if isinstance(one, Reader)])
    except CamdError as error:
        sys.stderr.write(f"readers: {error}\n")
        sys.exit(error.status)
    show(table(labels, accounts), found)


def show(lines: Sequence[str], found: Sequence[Reader | MissingError]) -> None:
    """Print a table, the machine that it was measured on, and the versions of its readers."""
    sys.stdout.write(f"{machine.line()}\n\n" + "\n".join(lines) + "\n\n")
    for one in found:
        text = f"{one.name}: {one.how}" if isinstance(one, Reader) else f"{one}"
        sys.stdout.write(f"- {text}\n")
