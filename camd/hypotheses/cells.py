"""PURE. Reads a row of digits in a region without parting its ink: the digits of displays are made
of pieces, those of wheels touch their window, and no contour goes around either.

A window slides over the region, at several heights of a digit, and a machine says of each place
which digit stands in it, or that none does. The row is the likeliest set of places that do not
overlap (Viterbi, "Error bounds for convolutional codes", 1967, over positions along the row). The
machine has learnt to turn away windows that are shifted, too large, too small, or of the wrong
polarity, so the row's place and height need not be known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from camd.hypotheses import windows
from camd.hypotheses.windows import (
    CROP,
    LEAST,
    OVERLAP,
    SAME,
    STEP,
    STRONGEST,
    Cell,
    Machine,
    Spots,
    Strip,
)
from camd.values import Box, DoubleArray, IntArray, Plane

HEIGHTS = (1.0, 0.86, 0.74, 0.64, 0.55, 0.47)
"""Heights of a digit that are tried, as shares of the region's. The machine has learnt from windows
a tenth larger and smaller."""
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
ROWS = 24
"""So many rows of pixels are enough to say so."""
ROOM_CLOSER, APART_CLOSER = 0.21, 0.38
"""The same as ROOM and APART, for digits that are looked for closely."""
HEIGHTS_CLOSER = (0.74, 0.86, 1.0, 1.16, 1.35)
OFF_ACROSS: DoubleArray = np.arange(-0.14, 0.15, 0.07)
OFF_DOWN: DoubleArray = np.arange(-0.3, 0.31, 0.1)
"""Where a missing digit is looked for: how high it may be, and how far right of its place and below
it its middle, in heights of the others."""
NEAR = 1.3
"""What is looked at around it, in heights of the others: a window of the largest, and how far it
may be off."""
LOOKED_FOR = 0.55
"""Most confidence in what is found so: too little for a good value, even of as many digits as it is
to have."""
WORTHWHILE = 0.7
"""Of the most that any height promises at first sight; one that promises less is not asked about,
but for what may be a digit beside the row."""
SPARE = 0.5
"""By how much more than a row is worth, in logits, the best height may promise for no other to be
asked about, where every digit is as sure as can be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row was found, to look there first next time."""

    height: float
    """Of a digit, pixels."""
    y: float
    """Of the middle of the row, pixels."""


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

    @property
    def light_ink(self) -> bool:
        """Whether the ink of most of its digits is lighter than their ground."""
        return 2 * sum(cell.dark for cell in self.cells) < len(self.cells)


def read(
    picture: Plane,
    inside: Box,
    machine: Machine,
    known: Place | None = None,
) -> Row:
    """Return the best row of digits whose middles lie in the box `inside` of a picture, grey uint8.
    With a `known` place only that is looked at, and no closer: the next frame shows it again."""
    heights = [share * inside[3] for share in HEIGHTS] if known is None else [known.height]
    level = None if known is None else known.y
    strips = [strip_in(picture, inside, tall, level) for tall in heights]
    row, seen = _likeliest(windows.spots(strips, machine.coarse), machine)
    if row.place is None:
        return row
    boxes = (
        *_left_out(row, seen),
        *_unread(picture, inside, row),
        *_between(picture, inside, row),
    )
    row = replace(row, doubts=boxes)
    return _filled(picture, inside, row, machine) if boxes and known is None else row


def _likeliest(places: list[Spots], machine: Machine) -> tuple[Row, list[Cell]]:
    """Return the row of most worth of all heights, and what else was seen at any of them."""
    if machine.coarse is None:
        seen = windows.judged(places, machine)
        rows = [_best(some, own.strip.tall) for some, own in zip(seen, places, strict=True)]
        return max(rows, key=lambda row: row.worth), [cell for some in seen for cell in some]
    places = sorted(places, key=lambda own: -own.promise)
    promises = [own.promise for own in places]
    seen = windows.judged(places[:1], machine)
    row = _best(seen[0], places[0].strip.tall)
    asked = 1
    if not _full(row) or row.worth < promises[0] - SPARE:
        asked = sum(promise >= WORTHWHILE * promises[0] for promise in promises)
        more = windows.judged([places[0].around(), *places[1:asked]], machine)
        seen = [seen[0] + more[0], *more[1:]]
        rows = [_best(some, own.strip.tall) for some, own in zip(seen, places, strict=False)]
        best = max(range(asked), key=lambda n: rows[n].worth)
        row = rows[best]
        if best and not _full(row):
            seen[best] += windows.judged([places[best].around()], machine)[0]
            row = _best(seen[best], places[best].strip.tall)
    seen += windows.judged([own.beside(row.boxes) for own in places[asked:]], machine)
    return row, [cell for some in seen for cell in some]


def _full(row: Row) -> bool:
    """Tell whether no digit of a row can be worth more."""
    return row.worth >= STRONGEST * len(row.cells)


def _left_out(row: Row, seen: Sequence[Cell]) -> list[Box]:
    """Return the boxes of what may be digits, too, and lies beside all of the row's."""
    boxes: list[Box] = []
    own = row.boxes
    likely = [cell for cell in seen if cell.confidence > LIKELY]
    for cell in sorted(likely, key=lambda cell: -cell.worth):
        x, y, width, height = box = cell.box
        free = all(
            _common(x, width, other[0], other[2]) < OVERLAP * min(width, other[2])
            or _common(y, height, other[1], other[3]) < OVERLAP * min(height, other[3])
            for other in (*own, *boxes)
        )
        if free:
            boxes.append(box)
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


def _filled(picture: Plane, inside: Box, row: Row, machine: Machine) -> Row:
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
            for cell in _closer(picture, x, _level(row, x), row.cells[0].height, machine)
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


def _closer(picture: Plane, x: float, y: float, tall: float, machine: Machine) -> list[Cell]:
    """Return what may be digits near a place, of about the height `tall`."""
    left, top = (max(0, int(at - NEAR * tall)) for at in (x, y))
    part = picture[top : int(y + NEAR * tall), left : int(x + NEAR * tall)]
    if not part.size:
        return []
    xs, ys = x - left + tall * OFF_ACROSS, y - top + tall * OFF_DOWN
    strips = []
    for share in HEIGHTS_CLOSER:
        scale = CROP / (share * tall)
        strips.append(Strip.of(part, share * tall, xs * scale, ys * scale))
    # Everywhere: what is looked for was not seen at first sight.
    seen = windows.judged(windows.spots(strips, None), machine)
    return [replace(one, x=one.x + left, y=one.y + top) for found in seen for one in found]


def _between(picture: Plane, inside: Box, row: Row) -> list[Box]:
    """Return the boxes of what is seen in the row beside the digits, in strokes: what is alike from
    top to bottom is what parts the wheels of a meter."""
    tall = row.cells[0].height
    level = float(np.mean([cell.y for cell in row.cells]))
    top, bottom = (round(level + share * tall) for share in MIDST)
    left, right = max(0, inside[0] - round(tall)), max(0, inside[0] + inside[2] + round(tall))
    band = picture[max(0, top) : max(0, bottom), left:right]
    if not band.size:
        return []
    strokes = windows.spread(band[:: max(1, len(band) // ROWS)], 0.1)
    free = np.zeros(len(strokes), bool)
    free[max(0, inside[0] - left) : inside[0] + inside[2] - left] = True
    usual = []
    for cell in row.cells:
        own = slice(*(max(0, round(cell.x + side * tall) - left) for side in (-0.33, 0.33)))
        usual.append(float(np.percentile(strokes[own], 80)) if strokes[own].size else 0.0)
        free[own] = False
    seen = free & (strokes > STRONG * np.median(usual))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], seen, [False])).astype(np.int8)))
    return [
        (left + start, round(level - tall / 2), end - start, round(tall))
        for start, end in edges.reshape(-1, 2).tolist()
        if end - start >= UNREAD * tall
    ]


def _contrast(picture: Plane, x: float, y: float, tall: float) -> float:
    """Return how far apart ink and ground are there, grey levels."""
    left, top = max(0, round(x - 0.35 * tall)), max(0, round(y - 0.45 * tall))
    patch = picture[top : round(y + 0.45 * tall), left : round(x + 0.35 * tall)]
    return windows.contrast(patch)


def candidates(picture: Plane, inside: Box, tall: float, machine: Machine) -> list[Cell]:
    """Return what may be digits of the height `tall`, with their middles in `inside`."""
    strip = strip_in(picture, inside, tall)
    return windows.judged(windows.spots([strip], machine.coarse), machine)[0]


def strip_in(picture: Plane, inside: Box, tall: float, level: float | None = None) -> Strip:
    """Look for digits of the height `tall` with their middles in `inside`; with a `level`, only
    near that y."""
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
    return Strip.of(picture, tall, np.arange(left, right + 1, STEP), ys)


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
