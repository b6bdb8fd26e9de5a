"""Fits the quick look with which the reading of rows of digits begins (camd/classify/coarse.py);
training/fit/displays.py runs it.

It learns what the machine for rows says of windows anywhere in rendered rows, photographs and
pictures without writing, not what is written there: it is to say where that machine need not be
asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from camd.classify import coarse, svm
from camd.classify.coarse import CELL, SIZE
from camd.hypotheses import cells, windows
from camd.hypotheses.windows import Strip
from camd.values import SIDE, Box, FloatArray, Plane
from training.fit.fit import Progress
from training.fit.reduced import Adam, ReducedSet
from training.render.displays import Placed

HEIGHTS = 2
"""Of the heights at which a region is read, so many are learnt from of each picture."""
KEPT = 0.12
"""Share of the windows without a digit that are learnt from: there are 25 times as many as others,
and most are alike."""
NONE_COUNTS = 2.0
"""How much each of these counts; a digit counts 1."""
FINE = 2
"""Pixels between the windows that the machine for rows is asked about: the four around a window of
the quick look are all nearer to it than to the next."""
RIDGE = 1e-6
"""Of the templates' squares."""
LOOKED_AT = -3.5
"""Least score of the templates that the second machine learns from."""
COMPONENTS, VECTORS, WIDTH = 64, 384, 1.5
"""Of the second machine; its gamma is WIDTH divided by the variance of its components."""
BATCH, RATES = 2000, (0.02, 0.03)
"""How many windows each step of its fit looks at, and the greatest steps: of its vectors, in units
of their mean standard deviation, and of its weights."""
FIRST, SECOND = 3.0, 1.0
"""How far below 0 the scores of the templates and of the second machine may be for a window to be
looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    seen: NDArray[np.float16]
    """(N, SIZE) features, with bright ink."""
    classes: NDArray[np.intp]
    """(N,): 0 for no digit, else one more than the digit."""


def learn_coarse(
    model: svm.Model,
    pictures: Iterator[tuple[Plane, list[Placed]]],
    count: int,
    steps: int,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    """Fit the quick look for a machine for rows, to `count` pictures, its second machine in so many
    `steps`; return what goes into the model file of the machine for rows."""
    progress(f"rows of digits: looking at every window of {count} pictures")
    learn = gather(model, pictures, count, rng)
    digits = int((learn.classes > 0).sum())
    progress(f"rows of digits: a quick look, of {len(learn.seen)} windows, {digits} with a digit")
    templates, offsets = fit_templates(learn)
    scores = learn.seen.astype(np.float32) @ templates + offsets
    some = np.flatnonzero(scores[:, 1:].max(axis=1) - scores[:, 0] > LOOKED_AT)
    seen, classes = learn.seen[some].astype(np.float32), learn.classes[some]
    mean = seen.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(seen.T))
    matrix = np.ascontiguousarray(directions[:, ::-1][:, :COMPONENTS], np.float32)
    offset = -mean @ matrix
    small = fit_small(seen @ matrix + offset, classes, steps, rng)
    arrays = {
        "coarse_templates": templates,
        "coarse_offsets": offsets,
        "coarse_projection": matrix,
        "coarse_offset": offset,
        "coarse_vectors": small.vectors.astype(np.float16),
        "coarse_weights": small.weights,
        "coarse_intercepts": small.intercepts,
    }
    return arrays, {
        "coarse_gamma": float(small.gamma),
        "coarse_first": FIRST,
        "coarse_second": SECOND,
    }


def gather(
    model: svm.Model,
    pictures: Iterator[tuple[Plane, list[Placed]]],
    count: int,
    rng: np.random.Generator,
) -> Windows:
    """Ask the machine for rows about windows in regions of `count` pictures."""
    seen: list[NDArray[np.float16]] = []
    classes: list[NDArray[np.intp]] = []
    for _ in range(count):
        picture, placed = next(pictures)
        part, inside = _region(picture, placed, rng)
        if min(inside[2:]) < SIDE // 2:
            continue
        for share in rng.choice(cells.HEIGHTS, HEIGHTS, replace=False):
            tall = float(share * inside[3] * np.exp(rng.uniform(-0.07, 0.07)))
            strip = cells.strip_in(part, inside, tall)
            for own, labels in _windows(model, strip):
                kept = (labels > 0) | (rng.random(len(labels)) < KEPT)
                seen.append(own[kept].astype(np.float16))
                classes.append(labels[kept])
    return Windows(np.concatenate(seen), np.concatenate(classes))


def _region(
    picture: Plane, placed: Sequence[Placed], rng: np.random.Generator
) -> tuple[Plane, Box]:
    """Draw a region around the digits as a person may, and cut it out with what a view shows around
    it; return where it lies in that."""
    height, width = picture.shape
    if not placed or rng.random() < 0.2:
        return picture, (0, 0, width, height)
    tall = float(np.median([one.height for one in placed]))
    room = tall * rng.uniform(1, 2.1)
    top = float(np.mean([one.y for one in placed])) - room / 2
    top += rng.uniform(-0.5, 0.5) * (room - tall)
    left = min(one.x for one in placed) - tall * rng.uniform(0.4, 1.2)
    right = max(one.x for one in placed) + tall * rng.uniform(0.4, 1.2)
    x, y = max(0, int(left)), max(0, int(top))
    end, bottom = min(width, int(right) + 1), min(height, int(top + room) + 1)
    margin = max(0, min(end - x, bottom - y)) // 4
    from_x, from_y = max(0, x - margin), max(0, y - margin)
    part = picture[from_y : bottom + margin, from_x : end + margin]
    return part, (x - from_x, y - from_y, end - x, bottom - y)


def _windows(model: svm.Model, strip: Strip) -> Iterator[tuple[FloatArray, NDArray[np.intp]]]:
    """Give the features of all windows of the quick look on a strip, and which digit the machine
    for rows sees in the best of the windows around each; with bright ink, and with dark."""
    part = strip.part
    seen = coarse.features(part)
    rows, columns = seen.shape[:2]
    if not rows or not columns:
        return
    fine = [np.arange(-FINE, CELL * (many - 1) + FINE + 1, FINE) for many in (rows, columns)]
    around = np.pad(part, FINE, mode="edge")
    shown = np.lib.stride_tricks.sliding_window_view(around, (SIDE, SIDE))
    at = [np.clip(own + FINE, 0, most - 1) for own, most in zip(fine, shown.shape, strict=False)]
    views = shown[np.ix_(*at)].reshape(-1, SIDE, SIDE)
    step = CELL // FINE
    for dark in (False, True):
        crops, contrast = windows.contrasted(views, dark=dark)
        said = model.classify(crops)
        digit = (said.labels >= 0) & (contrast >= windows.FAINTEST)
        sure = np.where(digit, said.confidence, 0).reshape(len(at[0]), len(at[1]))
        labels = np.where(digit, said.labels + 1, 0).reshape(sure.shape)
        best, own = np.zeros((rows, columns)), np.zeros((rows, columns), np.intp)
        for down in range(3):
            for right in range(3):
                near = np.s_[
                    down : down + step * rows : step, right : right + step * columns : step
                ]
                better = sure[near] > best
                best[better], own[better] = sure[near][better], labels[near][better]
        own[best < POSSIBLE] = 0
        yield (
            (coarse.turned_over(seen) if dark else seen).reshape(-1, SIZE),
            own.ravel(),
        )


POSSIBLE = 1 / (1 + float(np.exp(-windows.LEAST)))
"""Least confidence of a digit that may be in a row."""


def fit_templates(learn: Windows) -> tuple[FloatArray, FloatArray]:
    """Fit (SIZE, 11) templates and (11,) offsets: multinomial logistic regression."""
    seen = np.hstack([learn.seen.astype(np.float32), np.ones((len(learn.seen), 1), np.float32)])
    wanted = np.eye(11, dtype=np.float32)[learn.classes]
    counts = np.where(learn.classes > 0, 1, NONE_COUNTS).astype(np.float32)
    counts /= counts.sum()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(-1, 11).astype(np.float32)
        likely, logs = _softmax(seen @ weights)
        gradient = seen.T @ ((likely - wanted) * counts[:, None])
        total = -float(((logs * wanted).sum(axis=1) * counts).sum())
        ridge = RIDGE * float((weights**2).sum())
        return total + ridge, (gradient + 2 * RIDGE * weights).ravel().astype(np.float64)

    start = np.zeros(seen.shape[1] * 11)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 250})
    weights = found.x.reshape(-1, 11).astype(np.float32)
    return np.ascontiguousarray(weights[:-1]), weights[-1]


def fit_small(
    components: FloatArray, classes: NDArray[np.intp], steps: int, rng: np.random.Generator
) -> ReducedSet:
    """Fit a small machine to say the classes (N,) of components (N, P): its vectors are moved until
    the scores are as likely as can be."""
    digits, others = np.flatnonzero(classes > 0), np.flatnonzero(classes == 0)
    half = min(VECTORS // 2, len(digits), len(others))
    chosen = np.append(rng.choice(digits, half, False), rng.choice(others, half, False))
    variances = components.var(axis=0)
    machine = ReducedSet(
        components[chosen].copy(),
        np.zeros((2 * half, 11), np.float32),
        np.zeros(11, np.float32),
        WIDTH / float(variances.sum()),
    )
    of_vectors, of_weights = RATES
    adam = Adam(
        [machine.vectors, machine.weights, machine.intercepts],
        [of_vectors * float(np.sqrt(variances.mean())), of_weights, of_weights],
        steps,
    )
    wanted = np.eye(11, dtype=np.float32)
    for _ in range(steps):
        some = rng.integers(len(components), size=BATCH)
        kernel = machine.kernel(components[some])
        likely, _ = _softmax(kernel @ machine.weights + machine.intercepts)
        along = (likely - wanted[classes[some]]) / np.float32(BATCH)
        adam.move(machine.gradients(components[some], kernel, along))
    return machine


def _softmax(scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give the probabilities (N, n) that scores (N, n) stand for, and their logarithms."""
    scores = scores - scores.max(axis=1, keepdims=True)
    likely = np.exp(scores)
    total = likely.sum(axis=1, keepdims=True)
    return likely / total, scores - np.log(total)
