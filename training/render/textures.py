"""Draws pictures without writing at random: what a camera may see when there is no sheet."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]
"""(H, W) float32, 0..1."""


def draw(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Draw one texture or scene of any kind."""
    kinds: tuple[Callable[[np.random.Generator, int, int], Grey], ...] = (
        _clouds,
        _clouds,
        _stripes,
        _bricks,
        _checks,
        _discs,
        _cells,
        _blocks,
        _blocks,
        _branches,
        _hairs,
    )
    image = kinds[rng.integers(len(kinds))](rng, width, height)
    if rng.random() < 0.3:  # something of another kind in front of it
        other = kinds[rng.integers(len(kinds))](rng, width, height)
        veil = _noise(rng, width, height, 0.2 * width) > 0
        image = np.where(veil, image, other)
    return np.asarray(np.clip(image, 0, 1), np.float32)


def _noise(rng: np.random.Generator, width: int, height: int, grain: float) -> Grey:
    """Draw smooth noise with a variance of 1, whose blobs are about `grain` pixels wide."""
    factor = max(1.0, grain / 4)
    size = max(2, round(width / factor)), max(2, round(height / factor))
    small = rng.normal(0, 1, (size[1], size[0])).astype(np.float32)
    soft = cv2.GaussianBlur(small, (0, 0), max(0.3, grain / factor / 2.5))
    field = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def _clouds(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Blobs of one or several sizes, soft or with hard edges."""
    field = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(1, 4)):
        grain = float(np.exp(rng.uniform(np.log(4), np.log(80))))
        field += rng.uniform(0.3, 1) * _noise(rng, width, height, grain)
    hard = float(np.exp(rng.uniform(np.log(0.3), np.log(20))))
    level = rng.uniform(-1.5, 1.5)
    # Beyond 50 the result is 0 or 1 anyway, and the exponential would overflow.
    steep = np.clip(hard * (field - level), -50, 50)
    return np.asarray(1 / (1 + np.exp(-steep)), np.float32)


def _stripes(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Grain of wood, blinds, fur: bands that bend and break off."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    period = rng.uniform(8, 60)
    bend = rng.uniform(0, 1.5) * _noise(rng, width, height, rng.uniform(30, 200))
    phase = (x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period
    wave = np.sin(phase + 2 * bend) + 0.6 * _noise(rng, width, height, rng.uniform(6, 40))
    return np.asarray(0.5 + 0.4 * np.tanh(rng.uniform(0.5, 6) * (wave - rng.uniform(0, 1))))


def _bricks(rng: np.random.Generator, width: int, height: int) -> Grey:
    tall = int(rng.integers(14, 90))
    wide = round(tall * rng.uniform(1.2, 3))
    joint = max(1, round(tall * rng.uniform(0.04, 0.2)))
    image = np.full((height, width), rng.uniform(0.3, 0.9), np.float32)
    for row, y in enumerate(range(-tall, height, tall)):
        for x in range(-wide - (row % 2) * wide // 2, width, wide):
            corner = (x + joint, y + joint), (x + wide, y + tall)
            cv2.rectangle(image, *corner, float(rng.uniform(0.2, 0.8)), -1)
    rough = 0.08 * _noise(rng, width, height, rng.uniform(3, 12))
    return np.asarray(image + rng.uniform(0, 2) * rough, np.float32)


def _checks(rng: np.random.Generator, width: int, height: int) -> Grey:
    side = rng.uniform(12, 90)
    angle = rng.uniform(-0.5, 0.5)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    board = ((u // side) + (v // (side * rng.uniform(0.5, 1.5)))) % 2
    if rng.random() < 0.5:  # tiles with joints rather than squares
        board = ((u % side) < 0.1 * side) | ((v % side) < 0.1 * side)
    return np.asarray(0.2 + 0.6 * board + 0.03 * _noise(rng, width, height, 5), np.float32)


def _discs(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Coins, buttons, lamps and knobs."""
    image = np.full((height, width), rng.uniform(0.1, 0.9), np.float32)
    rough = _noise(rng, width, height, rng.uniform(3, 14))
    size = rng.uniform(10, 0.15 * width)
    for _ in range(rng.integers(5, 40)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        axes = (
            max(4, round(size * rng.uniform(0.6, 1.2))),
            max(4, round(size * rng.uniform(0.6, 1.2))),
        )
        tone = float(rng.uniform(0, 1))
        disc = np.zeros((height, width), np.uint8)
        cv2.ellipse(disc, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        inside = disc > 0
        image[inside] = tone + rng.uniform(0, 0.3) * rough[inside]
        if rng.random() < 0.3:
            cv2.ellipse(image, (x, y), axes, 0, 0, 360, float(rng.uniform(0, 1)), 2, cv2.LINE_AA)
    return image


def _cells(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Cracks, scales and paving: a Voronoi diagram, its walls or its areas."""
    count = int(rng.integers(20, 300))
    seeds = np.ones((height, width), np.uint8)
    seeds[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    _, nearest = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5)
    tones = rng.uniform(0.1, 0.9, int(nearest.max()) + 1).astype(np.float32)
    if rng.random() < 0.5:
        return np.asarray(tones[nearest], np.float32)
    walls = cv2.morphologyEx(nearest.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    thick = np.ones((int(rng.integers(1, 7)),) * 2, np.uint8)
    lines = cv2.dilate(walls.astype(np.uint8), thick)
    broken = (lines > 0) & (_noise(rng, width, height, 30) > rng.uniform(-2, 0.5))
    return np.asarray(0.8 - rng.uniform(0.2, 0.7) * broken, np.float32)


def _blocks(rng: np.random.Generator, width: int, height: int) -> Grey:
    """A room or a street: polygons and frames in front of each other, each with its own shading."""
    image = np.full((height, width), rng.uniform(0.2, 0.9), np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for _ in range(rng.integers(10, 60)):
        middle = rng.uniform(0, 1, 2) * (width, height)
        reach = np.exp(rng.uniform(np.log(6), np.log(0.3 * width)))
        corners = int(rng.integers(3, 8))
        turns = np.sort(rng.uniform(0, 2 * np.pi, corners))
        if rng.random() < 0.4:
            turns = np.array([0.8, 2.3, 3.9, 5.5]) + rng.normal(0, 0.05)
        stretch = np.array([rng.uniform(0.2, 1), rng.uniform(0.2, 1)])
        points = middle + reach * stretch * np.stack([np.cos(turns), np.sin(turns)], 1)
        shape = np.zeros((height, width), np.uint8)
        cv2.fillPoly(shape, [points.round().astype(np.int32)], 1)
        if rng.random() < 0.2:
            thin = np.ones((3, 3), np.uint8)
            shape = np.asarray(cv2.morphologyEx(shape, cv2.MORPH_GRADIENT, thin), np.uint8)
        slope = rng.normal(0, 0.2 / width, 2)
        shade = rng.uniform(0, 1) + slope[0] * (x - middle[0]) + slope[1] * (y - middle[1])
        image = np.where(shape > 0, shade.astype(np.float32), image)
    return np.asarray(image + 0.02 * _noise(rng, width, height, 4), np.float32)


def _branches(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Vessels, twigs and cables: lines that wander, taper and fork."""
    image = np.full((height, width), rng.uniform(0.5, 0.9), np.float32)
    for _ in range(rng.integers(4, 25)):
        at = rng.uniform(0, 1, 2) * (width, height)
        angle, turn = rng.uniform(0, 2 * np.pi), 0.0
        thick = rng.uniform(1.5, 14)
        tone = float(rng.uniform(0, 0.5))
        for _ in range(int(rng.integers(10, 90))):
            turn = 0.8 * turn + rng.normal(0, 0.12)
            angle += turn
            to = at + 7 * np.array([np.cos(angle), np.sin(angle)])
            ends = np.stack([at, to]).round().astype(np.int32)
            cv2.polylines(image, [ends], False, tone, max(1, round(thick)), cv2.LINE_AA)
            at, thick = to, max(1.0, thick * rng.uniform(0.96, 1.01))
            if rng.random() < 0.03:
                angle += rng.choice([-0.8, 0.8])
    return np.asarray(image + 0.05 * _noise(rng, width, height, 40), np.float32)


def _hairs(rng: np.random.Generator, width: int, height: int) -> Grey:
    """Grass, fur, crumbs: short strokes, mostly in one direction."""
    image = np.full((height, width), rng.uniform(0.4, 0.9), np.float32)
    main, spread = rng.uniform(0, np.pi), rng.uniform(0.1, 1.5)
    long = rng.uniform(8, 60)
    for _ in range(rng.integers(30, 250)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        angle, reach = main + rng.normal(0, spread), long * rng.uniform(0.4, 1.4)
        t = np.linspace(-0.5, 0.5, 8)
        bow = rng.normal(0, 0.15) * reach * (1 - 4 * t**2)
        px = x + reach * t * np.cos(angle) - bow * np.sin(angle)
        py = y + reach * t * np.sin(angle) + bow * np.cos(angle)
        points = np.stack([px, py], 1).round().astype(np.int32)
        thick = max(1, round(reach * rng.uniform(0.03, 0.25)))
        cv2.polylines(image, [points], False, float(rng.uniform(0, 0.6)), thick, cv2.LINE_AA)
    return image
