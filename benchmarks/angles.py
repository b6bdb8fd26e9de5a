"""How well images are read that are turned: each by each of 24 angles.

    python -m benchmarks angles DIR [DIR ...] [--angles 24]

Each DIR holds images and a labels.json, as for `camd eval`. The goal: F1 of the worst angle is at
least 0.95 of that of the images as they are.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks import machine
from camd import paths
from camd.classify import svm
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.evaluate.score import Evaluation, score
from camd.evaluate.truth import Label, load_labels
from camd.pipeline import Pipeline
from camd.runtime import bounded
from camd.sources.picture import first_page
from camd.values import Image

LARGEST = 1920
"""Long side to which larger images are reduced before they are turned, pixels."""


def turned(image: Image, angle: float) -> Image:
    """Turn an image clockwise, in degrees; what is added in the corners has the colour that its
    edge has in the median."""
    height, width = image.shape[:2]
    middle = (width - 1) / 2, (height - 1) / 2
    matrix = cv2.getRotationMatrix2D(middle, -angle, 1.0)
    cos, sin = abs(matrix[0, :2])
    size = round(width * cos + height * sin), round(height * cos + width * sin)
    matrix[:, 2] += (np.array(size) - (width, height)) / 2
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = np.atleast_1d(np.median(edge, axis=0)).tolist()
    return np.asarray(
        cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=colour), np.uint8
    )


def read(
    images: Sequence[tuple[Label, Image]], pipeline: Pipeline, angle: float
) -> tuple[Evaluation, int]:
    """Read all images turned by an angle; give the score, and how many of those with digits were
    turned back to within 30 degrees."""
    lines: dict[str, list[str]] = {}
    back = 0
    for label, image in images:
        result = pipeline.still(turned(image, angle) if angle else image)
        lines[label.file] = [line.text for line in result.lines]
        off = (result.turn + angle + 180) % 360 - 180
        back += abs(off) <= 30 and not label.negative
    return score([label for label, _ in images], lines), back


def table(
    images: Sequence[tuple[Label, Image]], pipeline: Pipeline, angles: Sequence[float]
) -> Iterator[str]:
    """Give the lines of the table, an angle each, and what the worst is to the first."""
    yield "| turned by | F1, all with digits | of the first | upright again | false, each without |"
    yield "|---|---|---|---|---|"
    first, worst = 0.0, 1.0
    for angle in angles:
        found, back = read(images, pipeline, angle)
        first = first or found.positives.f1
        share = found.positives.f1 / first if first else 0.0
        worst = min(worst, share)
        yield (
            f"| {angle:g} | {found.positives.f1:.3f} | {share:.3f}"
            f" | {back} of {found.positives.images} | {found.negatives.false_an_image:.2f} |"
        )
    yield ""
    yield f"worst: {worst:.3f} of the first"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks angles", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("directory", type=Path, nargs="+", help="as for camd eval")
    parser.add_argument("--angles", type=int, default=24, help="so many, evenly around")
    parser.add_argument("--model", type=Path, help="default: the one that ships")
    options = parser.parse_args(arguments)
    try:
        images = [
            (label, _reduced(first_page(directory / label.file).image))
            for directory in options.directory
            for label in load_labels(directory)
        ]
        pipeline = Pipeline(Settings(), svm.load(options.model or paths.model_file()))
    except CamdError as error:
        sys.stderr.write(f"angles: {error}\n")
        sys.exit(error.status)
    sys.stdout.write(f"{machine.line()}\n\n")
    angles = [360 * i / options.angles for i in range(options.angles)]
    with bounded(1):
        for line in table(images, pipeline, angles):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def _reduced(image: Image) -> Image:
    scale = LARGEST / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )


if __name__ == "__main__":
    main()
