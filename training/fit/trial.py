"""Fits machines without a sixth of the images. Those images then serve to calibrate the machines,
and to choose from which margin on the small one is believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camd.values import FloatArray
from training.digits import Digits, stratified
from training.fit.bench import Bench, Machines
from training.fit.fit import LearntProjection, Progress, Recipe, learn_projection
from training.render.lettering import Fonts
from training.render.photographs import NO_FONTS, photograph
from training.workers import Workers


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    bench: Bench
    machines: Machines
    """They were not trained on the validation images, and are calibrated on them."""
    validation: Digits


def try_out(
    learn: Digits,
    joined: Digits,
    copies: NDArray[np.intp],
    weights: FloatArray,
    recipe: Recipe,
    seed: int,
    progress: Progress,
    workers: Workers | None,
    projection: LearntProjection | None = None,
    fonts: Fonts = NO_FONTS,
) -> Tried:
    """Fit machines without a sixth of the images of `learn`, and calibrate them on these. `joined`
    is `learn` followed by the user's own images; so many `copies` (N,) are made of each. Without a
    `projection`, one is learnt first."""
    part, held = stratified(learn.labels, 1 / 6)
    validation = learn.take(held)
    seen_by_camera = photographs_of(
        learn.take(part), recipe.photographs, seed, progress, workers, fonts
    )
    if projection is None:
        progress(f"learning the features' components from {len(part)} images")
        projection = learn_projection(learn.images[part], recipe)
    bench = Bench.of(
        joined, copies, weights, projection, seen_by_camera, recipe, seed, progress, workers
    )
    progress("first machines: without the validation images, to measure and calibrate")
    without = np.append(part, np.arange(len(learn), len(joined)))
    # Digits from a camera are not as clean as MNIST's, and the confidence must be right for them,
    # too.
    count = recipe.photographs * len(held) // len(part)
    taken = photographs_of(validation, count, seed + 1, progress, workers, fonts)
    return Tried(bench, bench.calibrated(bench.fit(without), validation, taken), validation)


def photographs_of(
    digits: Digits,
    count: int,
    seed: int,
    progress: Progress,
    workers: Workers | None,
    fonts: Fonts = NO_FONTS,
) -> Digits:
    if count:
        progress(f"rendering photographs, {count} digits; this takes minutes")
    return photograph(digits, count, seed, workers, fonts)
