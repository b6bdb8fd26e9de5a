"""Reads digits of other hands than MNIST's, and of print, and sets whole writers apart for testing.

MNIST's writers are Americans: they write a 1 as a plain stroke and seldom cross a 7. Most of the
world writes otherwise. The sets are UCI's Semeion (80 Italians), optdigits and pendigits (Turks),
hwd-1000 (drawn with a mouse) and printed-digits-dataset (photographs of print). LICENCES says
whose they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.errors import DataError
from camd.segment.crop import normalise
from camd.values import Plane
from training.digits import Digits, join, stratified

FINE = 64
"""Bitmaps of black and white pixels are enlarged to about so many pixels and smoothed first:
otherwise the steps between their pixels would look like strokes in many directions."""
FRAME = 0.86
"""What is larger, as a share of a cell of a printed table, is the cell's frame."""
LICENCES = {
    "semeion": "UCI Semeion, CC BY 4.0",
    "optdigits": "UCI optdigits, CC BY 4.0",
    "pendigits": "UCI pendigits, CC BY 4.0",
    "hwd1000": "niklashenning/hwd-1000-dataset, MIT",
    "printed": "kaydee0502/printed-digits-dataset, MIT",
}


@dataclass(frozen=True, slots=True, eq=False)
class Hands:
    learn: Digits
    alike: NDArray[np.intp]
    """(N,): how many images the set has from which each of `learn` is, for training."""
    tests: Mapping[str, Digits]
    """What is never trained with, by the name of the set."""

    @property
    def licences(self) -> dict[str, str]:
        return {name: LICENCES[name] for name in self.tests}


def load(folder: Path) -> Hands:
    """Read all sets that are in `folder`; docs/training.md says in which form. Raises DataError
    where there is none, or one is damaged."""
    readers: dict[str, tuple[str, Callable[[Mapping[str, NDArray[Any]]], tuple[Digits, Digits]]]]
    readers = {
        "semeion": ("semeion.npz", _semeion),
        "optdigits": ("optdigits32.npz", _in_two_parts),
        "pendigits": ("pendigits_drawn28.npz", _in_two_parts),
        "hwd1000": ("hwd1000.npz", partial(_by_class, dark=True)),
        "printed": ("printed_kaydee.npz", _printed),
    }
    found = {
        name: _read(folder / file, reader)
        for name, (file, reader) in readers.items()
        if (folder / file).exists()
    }
    if not found:
        names = ", ".join(file for file, _ in readers.values())
        raise DataError(f"{folder}: none of {names} is there; docs/training.md says what they are")
    parts = [learnt for learnt, _ in found.values()]
    sizes = [len(part) for part in parts]
    return Hands(
        reduce(join, parts),
        np.repeat(sizes, sizes),
        {name: test for name, (_, test) in found.items()},
    )


def _read(
    path: Path, reader: Callable[[Mapping[str, NDArray[Any]]], tuple[Digits, Digits]]
) -> tuple[Digits, Digits]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return reader(dict(stored))
    except (OSError, KeyError, ValueError, IndexError, EOFError) as exc:
        raise DataError(f"{path}: damaged, or not in the form of docs/training.md ({exc})") from exc


def _semeion(stored: Mapping[str, NDArray[Any]]) -> tuple[Digits, Digits]:
    """Split by writer. The file has six rounds of the digits 0 to 9. In each of the first four, 20
    people write, and 40 in each of the last two. The two rounds of a pair are by the same people
    (docs/lab/2026-12-01-hands.md shows it). The middle pair is for testing."""
    labels = stored["y"].astype(np.int64)
    rounds = np.cumsum(np.diff(labels, prepend=labels[:1]) < 0)
    digits = Digits(_crops(stored["x"]), labels)
    held = rounds // 2 == 1
    return digits.take(np.flatnonzero(~held)), digits.take(np.flatnonzero(held))


def _in_two_parts(stored: Mapping[str, NDArray[Any]]) -> tuple[Digits, Digits]:
    """Split as the set itself is: its test is by other writers."""
    learn, test = (
        Digits(_crops(stored[f"x_{part}"]), stored[f"y_{part}"].astype(np.int64))
        for part in ("train", "test")
    )
    return learn, test


def _by_class(stored: Mapping[str, NDArray[Any]], *, dark: bool = False) -> tuple[Digits, Digits]:
    """Hold back a seventh of each class, as of other data whose writers are not known."""
    images = 255 - stored["x"] if dark else stored["x"]
    digits = Digits(_crops(images), stored["y"].astype(np.int64))
    learn, test = stratified(digits.labels, 1 / 7)
    return digits.take(learn), digits.take(test)


def _printed(stored: Mapping[str, NDArray[Any]]) -> tuple[Digits, Digits]:
    """Leave out the set's empty cells, which are labelled 0, and cells whose frame is seen, too."""
    there = np.flatnonzero(stored["y"] > 0)
    images = [_alone(image) for image in stored["x"][there]]
    good = [n for n, image in enumerate(images) if image is not None]
    kept = np.stack([image for image in images if image is not None])
    return _by_class({"x": kept, "y": stored["y"][there[good]]})


def _alone(image: Plane) -> Plane | None:
    """Return only the largest piece of ink; None where that is the frame of the cell."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((image > 90).astype(np.uint8))
    if len(stats) < 2:
        return None
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height = stats[best, :4].tolist()
    if left == 0 or top == 0 or max(width, height) > FRAME * max(image.shape):
        return None
    near = cv2.dilate((pieces == best).astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(image * near, np.uint8)


def _crops(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Give the (N, 28, 28) crops of images (N, h, w), bright ink on 0, of bits or of greys."""
    return np.stack([normalise(_smooth(image)) for image in images])


def _smooth(image: NDArray[Any]) -> Plane:
    if image.max(initial=0) > 1:
        return np.asarray(cv2.copyMakeBorder(image, 2, 2, 2, 2, cv2.BORDER_CONSTANT), np.uint8)
    times = max(1, FINE // max(image.shape))
    large = np.kron(image.astype(np.uint8) * 255, np.ones((times, times), np.uint8))
    padded = cv2.copyMakeBorder(large, times, times, times, times, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.GaussianBlur(padded, (0, 0), 0.5 * times), np.uint8)
