"""PURE. A quick look over a whole picture: where in it may a digit stand at all?

A linear machine on a grid of gradient directions, of the kind of Dalal and Triggs ("Histograms of
oriented gradients for human detection", CVPR 2005): each direction's map is made once for the
picture and summed up in cells, and windows that overlap share them. The machine has one template
for each digit and one for what is none; what it finds likely, the machine for rows looks at in
earnest (camd/hypotheses/cells.py). It has learnt what that machine says
(training/fit/coarse.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.classify.features import directions_of
from camd.classify.kernel import Kernel, Projection
from camd.values import SIDE, FloatArray, Plane

CELL = 4
"""Side of a cell, pixels, and so the step from window to window."""
DOWN, ACROSS = SIDE // CELL, 5
"""Cells of a window that are looked at: of each side one column shows the neighbours alone."""
ASIDE = (SIDE // CELL - ACROSS) // 2
DIRECTIONS = 8
SIZE = DOWN * ACROSS * DIRECTIONS
FLAT = 1e-3
"""Least length of a window's features, so that what is all of one grey divides by something."""


@dataclass(frozen=True, slots=True, eq=False)
class Coarse:
    templates: FloatArray
    """(ACROSS * DIRECTIONS, DOWN * 2 * n): what each cell and direction adds to the scores of n
    classes, for bright ink and for dark ink."""
    offsets: FloatArray
    """(n,): added to these scores."""
    least: float
    """Least score of the templates with which a window is looked at once more."""
    projections: tuple[Projection, Projection]
    """Of the features of a window with bright ink, and with dark."""
    kernel: Kernel
    weights: FloatArray
    """(S, n): what each of S vectors adds to the score of each class."""
    intercepts: FloatArray
    """(n,): added to these scores."""
    enough: float
    """Least score of what the machine for rows is to look at."""

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> "Coarse":
        """Make the machine from what is named coarse_* in a model file."""
        templates, matrix = arrays["coarse_templates"], arrays["coarse_projection"]
        offset, vectors = arrays["coarse_offset"], arrays["coarse_vectors"]
        # A window's cells stand row by row: of each template row all classes come next to each
        # other, of both polarities.
        both = np.stack([templates, _turned_over(templates)], axis=1)
        rows = both.reshape(DOWN, ACROSS * DIRECTIONS, -1).transpose(1, 0, 2)
        return cls(
            np.ascontiguousarray(rows.reshape(ACROSS * DIRECTIONS, -1)),
            arrays["coarse_offsets"],
            -meta["coarse_first"],
            (Projection(matrix, offset), Projection(_turned_over(matrix), offset)),
            Kernel.of(vectors, meta["coarse_gamma"]),
            arrays["coarse_weights"],
            arrays["coarse_intercepts"],
            -meta["coarse_second"],
        )

    def likely(self, pictures: Sequence[Plane]) -> list[FloatArray]:
        """Give how likely a digit is in each window of each picture, (2, rows, columns), in logits:
        with bright ink and with dark; -inf where there is none. The first window is at the upper
        left; from each to the next it is CELL pixels."""
        found: list[FloatArray] = []
        features: list[FloatArray] = []
        for picture in pictures:
            cells = _cells(picture)
            rows, columns = cells.shape[0] - DOWN + 1, cells.shape[1] - ACROSS - 2 * ASIDE + 1
            own = np.full((2, max(0, rows), max(0, columns)), -np.inf, np.float32)
            found.append(own)
            if not own.size:
                continue
            lengths = _lengths(cells)
            cells = np.sqrt(cells, out=cells)
            np.copyto(own, 0, where=self._first(cells, lengths) >= self.least)
            _, *at = np.nonzero(own == 0)
            features.append(_windows(cells)[*at].reshape(-1, SIZE) / lengths[*at][:, None])
        if features:
            self._look_again(found, np.concatenate(features))
        return found

    def _look_again(self, found: Sequence[FloatArray], features: FloatArray) -> None:
        """Say of the windows that are 0 in `found` what the second machine says, in their order
        there: of their `features` (N, SIZE)."""
        dark = np.concatenate([np.nonzero(own == 0)[0] for own in found]) > 0
        components = np.empty((len(features), len(self.projections[0].offset)), np.float32)
        for projection, some in zip(self.projections, (~dark, dark), strict=True):
            components[some] = projection.components(features[some])
        scores = self._second(components)
        scores[scores < self.enough] = -np.inf
        start = 0
        for own in found:
            some = own == 0
            count = int(np.count_nonzero(some))
            own[some] = scores[start : start + count]
            start += count

    def answers(self, crops: NDArray[np.uint8]) -> FloatArray:
        """Give the scores of crops (N, 28, 28) uint8, (N, 4): of the templates with bright ink and
        with dark, and of the second machine."""
        said = np.empty((len(crops), 4), np.float32)
        for crop, own in zip(crops, said, strict=True):
            cells = _cells(crop)
            seen = features(crop)[0]
            own[:2] = self._first(np.sqrt(cells), _lengths(cells))[:, 0, 0]
            for polarity, projection in enumerate(self.projections):
                own[2 + polarity] = self._second(projection.components(seen))[0]
        return said

    def _first(self, cells: FloatArray, lengths: FloatArray) -> FloatArray:
        """Give how likely the templates find a digit in each window, (2, rows, columns)."""
        rows, columns = lengths.shape
        # A window's row of cells is one stretch of memory: one product with the rows of all
        # templates, which are added up afterwards, copies each cell 5 times instead of 35.
        across = _windows(cells, 1).reshape(-1, ACROSS * DIRECTIONS)
        parts = (across @ self.templates).reshape(len(cells), columns, DOWN, -1)
        total = parts[:rows, :, 0].copy()
        for down in range(1, DOWN):
            total += parts[down : down + rows, :, down]
        total /= lengths[:, :, None]
        total = total.reshape(rows, columns, 2, -1)
        total += self.offsets
        # The class of what is no digit comes first.
        best: FloatArray = total[..., 1:].max(axis=3) - total[..., 0]
        return best.transpose(2, 0, 1)

    def _second(self, components: FloatArray) -> FloatArray:
        """Give how likely components (N, P) are a digit, (N,), in logits."""
        scores = np.empty((len(components), len(self.intercepts)), np.float32)
        for part, kernel in self.kernel.values(self.kernel.inputs(components)):
            np.matmul(kernel, self.weights, out=scores[part])
        scores += self.intercepts
        most = scores[:, 1:].max(axis=1)
        total = np.exp(scores[:, 1:] - most[:, None]).sum(axis=1)
        return np.asarray(np.log(total) + most - scores[:, 0], np.float32)


def _lengths(cells: FloatArray) -> FloatArray:
    """Give the length of the features of each window, (rows, columns)."""
    rows, columns = cells.shape[0] - DOWN + 1, cells.shape[1] - ACROSS - 2 * ASIDE + 1
    squares = cv2.boxFilter(cells.sum(axis=2), -1, (ACROSS, DOWN), anchor=(0, 0), normalize=False)
    return np.asarray(
        np.maximum(np.sqrt(squares[:rows, ASIDE : ASIDE + columns]), np.float32(FLAT))
    )


def _windows(cells: FloatArray, down: int = DOWN) -> FloatArray:
    """Show the windows in cells (rows, columns, DIRECTIONS), or their rows: (rows, columns, down,
    ACROSS * DIRECTIONS), without copying."""
    rows, columns = len(cells) - down + 1, cells.shape[1] - ACROSS - 2 * ASIDE + 1
    shape = rows, columns, down, ACROSS * DIRECTIONS
    below, beside, one = cells.strides
    return np.lib.stride_tricks.as_strided(
        cells[:, ASIDE:], shape, (below, beside, below, one), writeable=False
    )


def features(picture: Plane) -> FloatArray:
    """Give the features of the windows of a picture, (rows, columns, SIZE), with bright ink;
    `Coarse` never has them all at once."""
    cells = _cells(picture)
    if len(cells) < DOWN or cells.shape[1] < ACROSS + 2 * ASIDE:
        return np.empty((0, 0, SIZE), np.float32)
    windows = _windows(np.sqrt(cells))
    flat = windows.reshape(*windows.shape[:2], SIZE)
    length = np.linalg.norm(flat, axis=2, keepdims=True)
    return np.asarray(flat / np.maximum(length, FLAT), np.float32)


def turned_over(seen: FloatArray) -> FloatArray:
    """Give the features (..., SIZE) that the same windows have with dark ink for bright: it has
    the same edges, each the other way around."""
    by_direction = seen.reshape(*seen.shape[:-1], -1, DIRECTIONS)
    return np.roll(by_direction, DIRECTIONS // 2, axis=-1).reshape(seen.shape)


def _turned_over(matrix: NDArray[Any]) -> NDArray[Any]:
    """Turn over a matrix (SIZE, n) that features are multiplied with."""
    return np.ascontiguousarray(turned_over(matrix.T).T)


def _cells(picture: Plane) -> FloatArray:
    """Give how much edge of ink runs in each direction in each cell, (rows, columns,
    DIRECTIONS)."""
    rows, columns = (side // CELL for side in picture.shape)
    kept = picture[: rows * CELL, : columns * CELL]
    gradient = np.empty((2, *kept.shape), np.float32)
    if not gradient.size:
        return np.empty((rows, columns, DIRECTIONS), np.float32)
    cv2.Sobel(kept, cv2.CV_32F, 1, 0, dst=gradient[0])
    cv2.Sobel(kept, cv2.CV_32F, 0, 1, dst=gradient[1])
    sides = directions_of(gradient.reshape(2, -1), DIRECTIONS)
    # All maps below each other are one picture, and no cell lies in two of them.
    means = cv2.resize(
        sides.reshape(-1, columns * CELL),
        (columns, DIRECTIONS * rows),
        interpolation=cv2.INTER_AREA,
    )
    return np.ascontiguousarray(means.reshape(DIRECTIONS, rows, columns).transpose(1, 2, 0))
