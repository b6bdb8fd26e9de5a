"""PURE. Reads a row of digits in a region without parting its ink: the digits of displays are made
of pieces, those of wheels touch their window, and no contour goes around either.

A window slides over the region, at several heights of a digit, and a machine says of each place
which digit stands in it, or that none does. The row is the likeliest set of places that do not
overlap (Viterbi, "Error bounds for convolutional codes", 1967, over positions along the row). The
machine has learnt to turn away windows that are shifted, too large, too small, or of the wrong
polarity, so the row's place and height need not be known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import SIDE, Box, Classified, DoubleArray, FloatArray, IntArray, Plane

TALL = 1.25
"""Side of a window in heights of a digit. What is above and below a digit tells a whole one from
one that is half rolled in."""
SHARE = 21
"""Columns of the window that count; those beside them show the neighbours, and fade out."""
FADE = 3.0
"""Over so many columns."""
STEP = 3
"""Pixels of the window between two places: a seventh of a digit's height. The machine has learnt
from windows shifted by half of that."""
HEIGHTS = (1.0, 0.86, 0.74, 0.64, 0.55, 0.47)
"""Heights of a digit that are tried, as shares of the region's. The machine has learnt from windows
a tenth larger and smaller."""
FAINTEST = 8.0
"""Grey levels between ink and ground; less is noise."""
APART = 0.42
"""Least distance of two digits, from middle to middle, in heights of a digit."""
LEVEL = 0.3
"""How far the middle of a digit may be above or below its neighbour's, in heights of a digit: a
camera is seldom quite level, and a wheel seldom quite at rest."""
PITCHES: DoubleArray = np.geomspace(0.45, 2.2, 24)
"""Steps from digit to digit that are tried, in heights of a digit."""
UNEVEN = 1.5
"""What a step costs that does not fit, in logits: the digits of displays and wheels stand at equal
steps, and what is seen between two of them is an edge."""
LOOSE, LOOSE_OF_ONE = 0.12, 0.3
"""By what share of it a step may be off until it costs all of that: of segments a 1 stands aside in
its cell, in print it is slim."""
OVERLAP = 0.35
"""Of the smaller of two boxes; with more in both directions they show the same ink."""
LIKELY = 0.8
"""Confidence of what is left out, from which on it may be a digit."""
ROOM = 0.3
"""Between the middle of a digit at the end of a row and the edge of its region, in heights."""
STRONG = 0.5
"""Share of the contrast of a row's digits that something unread between them has."""
UNREAD, MIDST = 0.25, (-0.4, 0.25)
"""Width of what is seen in a row outside its digits and may be one, in heights of a digit, and
between which heights below their middle it is looked for: a point stands lower. Of 34 right rows of
the dev images that were called good one had more, at most 0.23 the others; the wrong one had
more."""
ROOM_CLOSER, APART_CLOSER = 0.21, 0.38
"""The same as ROOM and APART, for digits that are looked for closely."""
HEIGHTS_CLOSER = (0.74, 0.86, 1.0, 1.16, 1.35)
OFF_ACROSS: DoubleArray = np.arange(-0.14, 0.15, 0.07)
OFF_DOWN: DoubleArray = np.arange(-0.3, 0.31, 0.1)
"""Where a missing digit is looked for: how high it may be, and how far right of its place and below
it its middle, in heights of the others."""
LOOKED_FOR = 0.55
"""Most confidence in what is found so: too little for a good value, even of as many digits as it is
to have."""
SAME = 0.25
"""Windows with the same digit that are closer than this, in heights of it, show one."""
STRONGEST = 4.0
"""Most that one digit adds to a row, in logits: many digits, each likely, are more than one."""
LEAST = -0.4
"""Least of a window that may be in a row, in logits. Below 0: of what is left out nobody hears."""

CROP = SIDE / TALL
"""Height of a digit in a window, pixels."""
_FADING: FloatArray = np.clip(
    (SHARE / 2 + 1 - np.abs(np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2)) / FADE, 0, 1
)

Classify = Callable[[NDArray[np.uint8]], Classified]


def worth(confidence: float) -> float:
    """Return how much a digit of that confidence speaks for a reading, in logits."""
    p = min(max(confidence, 1e-6), 1 - 1e-6)
    return min(float(np.log(p / (1 - p))), STRONGEST)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row was found, to look there first next time."""

    height: float
    """Of a digit, pixels."""
    y: float
    """Of the middle of the row, pixels."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A digit, or what may be one, at one place."""

    label: int
    confidence: float
    margin: float
    x: float
    y: float
    """Its middle, pixels."""
    height: float
    dark: bool
    """Whether its ink is darker than its ground."""

    @property
    def worth(self) -> float:
        return worth(self.confidence)

    @property
    def box(self) -> Box:
        width = 0.6 * self.height
        return (
            round(self.x - width / 2),
            round(self.y - self.height / 2),
            max(1, round(width)),
            max(1, round(self.height)),
        )


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...] = ()
    place: Place | None = None
    doubts: tuple[Box, ...] = ()
    """What stands beside the row, or in it, and may be a digit of it, too."""

    @property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(cell.box for cell in self.cells)

    @property
    def worth(self) -> float:
        return sum(cell.worth for cell in self.cells)


def read(picture: Plane, inside: Box, classify: Classify, known: Place | None = None) -> Row:
    """Return the best row of digits whose middles lie in the box `inside` of a picture, grey uint8.
    With a `known` place only that is looked at."""
    heights = [share * inside[3] for share in HEIGHTS] if known is None else [known.height]
    level = None if known is None else known.y
    seen = [candidates(picture, inside, tall, classify, level) for tall in heights]
    rows = [_best(some, tall) for some, tall in zip(seen, heights, strict=True)]
    best = max(range(len(rows)), key=lambda n: rows[n].worth)
    row = rows[best]
    if row.place is None:
        return row
    every = [cell for some in seen for cell in some]
    boxes = (
        *_left_out(row, every),
        *_unread(picture, inside, row),
        *_between(picture, inside, row),
    )
    row = replace(row, doubts=boxes)
    return _filled(picture, inside, row, classify) if boxes else row


def _left_out(row: Row, seen: Sequence[Cell]) -> list[Box]:
    """Return the boxes of what may be digits, too, and lies beside all of the row's."""
    boxes: list[Box] = []
    for cell in sorted(seen, key=lambda cell: -cell.worth):
        x, y, width, height = cell.box
        free = all(
            _common(x, width, other[0], other[2]) < OVERLAP * min(width, other[2])
            or _common(y, height, other[1], other[3]) < OVERLAP * min(height, other[3])
            for other in (*row.boxes, *boxes)
        )
        if free and cell.confidence > LIKELY:
            boxes.append(cell.box)
    return boxes


def _common(start: int, length: int, other: int, its: int) -> int:
    return max(0, min(start + length, other + its) - max(start, other))


def _unread(picture: Plane, inside: Box, row: Row) -> list[Box]:
    """Return the places in the row, and at its ends, where a digit has room, none is read, and
    something is seen that is half as strong as the digits are."""
    tall = row.cells[0].height
    level = float(np.mean([cell.y for cell in row.cells]))
    usual = float(np.median([_contrast(picture, cell.x, cell.y, tall) for cell in row.cells]))
    return [
        (round(x - 0.3 * tall), round(level - tall / 2), round(0.6 * tall), round(tall))
        for x in _free(inside, row, ROOM)
        if _contrast(picture, x, level, tall) > STRONG * usual
    ]


def _free(inside: Box, row: Row, room: float) -> list[float]:
    """Return where in the row, and at its ends, a digit has room and none is read, x in pixels.
    `room`: between the middle of a digit and the edge of its region, in heights."""
    tall, xs = row.cells[0].height, [cell.x for cell in row.cells]
    steps = np.diff(xs)
    step = float(np.median(steps)) if len(steps) else 0.8 * tall
    left, right = inside[0] + room * tall, inside[0] + inside[2] - room * tall
    places = [x for x in (xs[0] - step, xs[-1] + step) if left <= x <= right]
    for x, gap in zip(xs, steps.tolist(), strict=False):
        fit = round(gap / step)
        places += [x + gap * part / fit for part in range(1, fit)]
    return places


def _filled(picture: Plane, inside: Box, row: Row, classify: Classify) -> Row:
    """Look closer where the steps of a doubtful row say that a digit is missing: the last wheels
    are lower, larger, or half as bright as the others. What is found so is no sure digit: it was
    looked for."""
    tried: set[float] = set()
    while len(row.cells) > 1:
        free = [x for x in _free(inside, row, ROOM_CLOSER) if round(x) not in tried]
        if not free:
            break
        x = free[0]
        tried.add(round(x))
        found = [
            cell
            for cell in _closer(picture, x, _level(row, x), row.cells[0].height, classify)
            if all(abs(cell.x - other.x) >= APART_CLOSER * other.height for other in row.cells)
        ]
        if found:
            best = max(found, key=lambda cell: cell.worth)
            cell = replace(best, confidence=min(best.confidence, LOOKED_FOR))
            row = replace(row, cells=tuple(sorted((*row.cells, cell), key=lambda one: one.x)))
    return row


def _level(row: Row, x: float) -> float:
    """Return how far down a digit at `x` would stand: on Sen's (1968) line through the others."""
    xs, ys = np.array([(cell.x, cell.y) for cell in row.cells]).T
    left, right = np.triu_indices(len(xs), 1)
    slope = float(np.median((ys[right] - ys[left]) / (xs[right] - xs[left])))
    return float(np.median(ys + slope * (x - xs)))


def _closer(picture: Plane, x: float, y: float, tall: float, classify: Classify) -> list[Cell]:
    """Return what may be digits near a place, of about the height `tall`."""
    found: list[Cell] = []
    for share in HEIGHTS_CLOSER:
        scale = CROP / (share * tall)
        xs, ys = ((at + off * tall) * scale for at, off in ((x, OFF_ACROSS), (y, OFF_DOWN)))
        found += _judged(picture, share * tall, xs, ys, classify)
    return found


def _between(picture: Plane, inside: Box, row: Row) -> list[Box]:
    """Return the boxes of what is seen in the row beside the digits, in strokes: what is alike from
    top to bottom is what parts the wheels of a meter."""
    tall = row.cells[0].height
    level = float(np.mean([cell.y for cell in row.cells]))
    top, bottom = (round(level + share * tall) for share in MIDST)
    band = picture[max(0, top) : max(0, bottom)]
    if not band.size:
        return []
    low, high = np.percentile(band, (10, 90), axis=0)
    strokes: DoubleArray = high - low
    free = np.zeros(len(strokes), bool)
    free[inside[0] : inside[0] + inside[2]] = True
    usual = []
    for cell in row.cells:
        own = slice(max(0, round(cell.x - 0.33 * tall)), max(0, round(cell.x + 0.33 * tall)))
        usual.append(float(np.percentile(strokes[own], 80)) if strokes[own].size else 0.0)
        free[own] = False
    seen = free & (strokes > STRONG * np.median(usual))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], seen, [False])).astype(np.int8)))
    return [
        (left, round(level - tall / 2), right - left, round(tall))
        for left, right in edges.reshape(-1, 2).tolist()
        if right - left >= UNREAD * tall
    ]


def _contrast(picture: Plane, x: float, y: float, tall: float) -> float:
    """Return how far apart ink and ground are there, grey levels."""
    left, top = max(0, round(x - 0.35 * tall)), max(0, round(y - 0.45 * tall))
    patch = picture[top : round(y + 0.45 * tall), left : round(x + 0.35 * tall)]
    if not patch.size:
        return 0.0
    low, high = np.percentile(patch, (8, 92))
    return float(high - low)


def crop_at(picture: Plane, x: float, y: float, height: float, *, dark: bool) -> Plane | None:
    """Return the (28, 28) window around a digit of `height` pixels, whose middle is at (x, y), of a
    picture, grey uint8; `dark`: its ink is darker than its ground. None where all is one grey.

    Training cuts out its digits with it."""
    scaled, scale = _scaled(picture, height)
    move = np.array([[1, 0, SIDE / 2 - x * scale], [0, 1, SIDE / 2 - y * scale]], np.float64)
    view = cv2.warpAffine(
        scaled, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    crops, contrast = _contrasted(np.asarray(view, np.uint8)[None], dark=dark)
    return np.asarray(crops[0], np.uint8) if contrast[0] >= FAINTEST else None


def _scaled(picture: Plane, height: float) -> tuple[Plane, float]:
    """Scale a picture so that a digit of `height` pixels is as high as it is in a window."""
    scale = CROP / height
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8), scale


def _contrasted(views: NDArray[np.uint8], *, dark: bool) -> tuple[NDArray[np.uint8], FloatArray]:
    """Stretch the contrast of each of the windows (N, 28, 28) from its ground to its ink; return
    them, and how far apart the two are in grey levels, (N,)."""
    middle = views[:, 3:-3:2, 5:-5:2].reshape(len(views), -1)
    count = middle.shape[1]
    low, high = round(0.08 * count), round(0.94 * count)
    order = np.partition(middle, (count - 1 - high, low, high, count - 1 - low), axis=1)
    if dark:
        ground, ink = order[:, count - 1 - low], order[:, count - 1 - high]
    else:
        ground, ink = order[:, low], order[:, high]
    contrast = np.abs(ink.astype(np.float32) - ground)
    scale = np.float32(-255 if dark else 255) / np.maximum(contrast, 1)
    values = (views - ground.astype(np.float32)[:, None, None]) * scale[:, None, None]
    return (np.clip(values, 0, 255) * _FADING).astype(np.uint8), contrast


def candidates(
    picture: Plane, inside: Box, tall: float, classify: Classify, level: float | None = None
) -> list[Cell]:
    """Return what may be digits of the height `tall`, with their middles in `inside`; with a
    `level`, only those whose middles are near that y."""
    scale = CROP / tall
    left, top = inside[0] * scale, inside[1] * scale
    right, bottom = left + inside[2] * scale, top + inside[3] * scale
    if level is None:
        # A digit reaches over neither edge of its region by more than a tenth of its height.
        slack = max(0.0, (bottom - top) / 2 - 0.4 * CROP)
        middle = (top + bottom) / 2
        ys = np.arange(middle - slack, middle + slack + 1, STEP)
    else:
        ys = level * scale + np.arange(-STEP, STEP + 1, STEP)
    return _judged(picture, tall, np.arange(left, right + 1, STEP), ys, classify)


def _judged(
    picture: Plane, tall: float, xs: DoubleArray, ys: DoubleArray, classify: Classify
) -> list[Cell]:
    """Return what may be digits of the height `tall` with their middles at any of `xs` and any of
    `ys`, pixels of a window."""
    scaled, scale = _scaled(picture, tall)
    half = SIDE // 2
    padded = cv2.copyMakeBorder(scaled, half, half, half, half, cv2.BORDER_REPLICATE)
    rows = np.clip(np.round(ys), 0, scaled.shape[0]).astype(int)
    columns = np.clip(np.round(xs), 0, scaled.shape[1]).astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (SIDE, SIDE))
    rows = np.unique(np.minimum(rows, len(windows) - 1))
    columns = np.unique(np.minimum(columns, windows.shape[1] - 1))
    views = np.asarray(windows[np.ix_(rows, columns)]).reshape(-1, SIDE, SIDE)
    y, x = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
    found: list[Cell] = []
    for dark in (False, True):
        crops, contrast = _contrasted(views, dark=dark)
        some = np.flatnonzero(contrast >= FAINTEST)
        judged = classify(crops[some])
        for n in np.flatnonzero(judged.labels >= 0).tolist():
            at = some[n]
            cell = Cell(
                int(judged.labels[n]),
                float(judged.confidence[n]),
                float(judged.margins[n]),
                float(x[at] / scale),
                float(y[at] / scale),
                tall,
                dark,
            )
            if cell.worth > LEAST:
                found.append(cell)
    return found


def _best(cells: Sequence[Cell], tall: float) -> Row:
    """Return the set of cells of most worth that follow each other along one row, at equal steps
    where they can."""
    order = sorted(_distinct(cells, tall), key=lambda cell: cell.x)
    if not order:
        return Row()
    x: DoubleArray = np.array([cell.x for cell in order])
    y: DoubleArray = np.array([cell.y for cell in order])
    own: DoubleArray = np.array([cell.worth - LEAST for cell in order])
    slim = np.array([cell.label == 1 for cell in order])
    pitches: DoubleArray = PITCHES * tall
    total = np.repeat(own[None], len(pitches), axis=0)
    before: IntArray = np.full(total.shape, -1)
    for n in range(1, len(order)):
        gap = x[n] - x[:n]
        # Far digits may be as far out of level as the row between them would lead.
        level = LEVEL * np.maximum(tall, gap)
        fit = (gap >= APART * tall) & (np.abs(y[n] - y[:n]) <= level)
        if not fit.any():
            continue
        loose = np.where(slim[n] | slim[:n], LOOSE_OF_ONE, LOOSE)
        off = (gap / pitches[:, None] - 1) / loose
        sums = np.where(fit, total[:, :n] - UNEVEN * np.minimum(1, off**2), -np.inf)
        best = sums.argmax(axis=1)
        most = np.take_along_axis(sums, best[:, None], axis=1)[:, 0]
        better = most > 0
        total[better, n] += most[better]
        before[better, n] = best[better]
    pitch, at = np.unravel_index(int(total.argmax()), total.shape)
    chosen = []
    while at >= 0:
        chosen.append(order[at])
        at = before[pitch, at]
    row = tuple(reversed(chosen))
    return Row(row, Place(tall, float(np.median([cell.y for cell in row]))))


def _distinct(cells: Sequence[Cell], tall: float) -> list[Cell]:
    """Leave out what is said better by a neighbour: a digit is seen from several places."""
    kept: list[Cell] = []
    for cell in sorted(cells, key=lambda cell: -cell.worth):
        if not any(
            cell.label == other.label
            and abs(cell.x - other.x) < SAME * tall
            and abs(cell.y - other.y) < SAME * tall
            for other in kept
        ):
            kept.append(cell)
    return kept
