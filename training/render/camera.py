"""Photographs a sheet on a table, with perspective, light, focus, colour and noise."""

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.values import Box, DoubleArray, Image
from training.render.paper import Canvas, Sheet


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the sheet is. Lengths are pixels of the frame, angles are degrees."""

    x: float
    y: float
    """x and y are the middle of the sheet."""
    width: float
    """Width of the sheet when it is seen straight on."""
    turn: float = 0.0
    """How far the sheet is turned clockwise in the picture."""
    tilt: tuple[float, float] = (0.0, 0.0)
    """How far it is tilted about the level and about the upright axis; this makes the
    perspective."""


@dataclass(frozen=True, slots=True)
class Light:
    exposure: float = 1.0
    slope: tuple[float, float] = (0.0, 0.0)
    """How much brightness changes from the middle to the right edge and to the lower edge, as
    shares."""
    vignette: float = 0.0
    """How much darker the corners are, as a share."""
    shadow: float = 0.0
    """How much darker a soft shadow over a part of the frame is, as a share."""
    shadow_at: tuple[float, float] = (0.0, 0.0)
    """Where the edge of the shadow is: its angle in degrees, and its distance from the middle in
    half widths of the frame."""
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """The factors by which blue, green and red are multiplied."""


@dataclass(frozen=True, slots=True)
class Optics:
    blur: float = 0.6
    """Standard deviation of the Gaussian blur, pixels."""
    noise: float = 1.5
    """Standard deviation of the noise, grey levels."""
    motion: tuple[float, float] = (0.0, 0.0)
    """How far the picture moves while the shutter is open, pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The table that the sheet lies on; a picture as large as the frame."""

    image: Canvas = field(repr=False)

    @classmethod
    def random(cls, rng: np.random.Generator, size: tuple[int, int]) -> "Table":
        return cls.wood(rng, size, TABLES[rng.integers(len(TABLES))])

    @classmethod
    def wood(
        cls, rng: np.random.Generator, size: tuple[int, int], color: tuple[int, int, int]
    ) -> "Table":
        """Make a wooden table top of `size` (width, height) with a `color` in BGR."""
        width, height = size
        base = np.array(color, np.float32)
        streaks = rng.normal(0, 1, (height // 2 + 1, max(4, width // 40))).astype(np.float32)
        smooth = cv2.GaussianBlur(streaks, (0, 0), 1.0)
        grain = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC)
        patches = rng.normal(0, 1, (4, 6)).astype(np.float32)
        cloud = cv2.resize(patches, (width, height), interpolation=cv2.INTER_CUBIC)
        tone = 1 + rng.uniform(0.02, 0.09) * grain + 0.04 * cloud
        # The table is blurred a little, because the camera is focused on the sheet.
        tone = cv2.GaussianBlur(tone, (0, 0), 2.0)
        return cls(np.asarray(base * tone[:, :, None], np.float32))


TABLES = ((62, 92, 132), (48, 70, 98), (104, 104, 100), (70, 58, 52), (128, 150, 168))


def photograph(
    sheet: Sheet | None,
    pose: Pose,
    table: Table,
    light: Light,
    optics: Optics,
    rng: np.random.Generator,
    foreground: Canvas | None = None,
) -> Image:
    """Take a picture that is as large as that of the table. Without a `sheet`, the table is empty.

    `foreground` is something in front of the sheet, such as a hand: (H, W, 4) float32, BGR and how
    far it covers the pixel, 0..1.
    """
    height, width = table.image.shape[:2]
    view = table.image.copy()
    if sheet is not None:
        _lay(view, sheet.image, homography(sheet, pose))
    if foreground is not None:
        cover = foreground[:, :, 3:]
        view = view * (1 - cover) + foreground[:, :, :3] * cover
    view = view * _lighting(light, (width, height))[:, :, None]
    view *= np.array(light.balance, np.float32) * np.float32(light.exposure)
    view = _smear(view, optics.motion)
    if optics.blur > 0.2:
        view = np.asarray(cv2.GaussianBlur(view, (0, 0), optics.blur), np.float32)
    if optics.noise > 0:
        view = view + rng.normal(0, optics.noise, view.shape).astype(np.float32)
    return np.asarray(np.clip(view + 0.5, 0, 255), np.uint8)


def homography(sheet: Sheet, pose: Pose) -> DoubleArray:
    """Return the matrix (3, 3) that turns pixels of the sheet into pixels of the frame. The camera
    is a pinhole camera; it is two and a half widths of the sheet away."""
    height, width = sheet.image.shape[:2]
    a, b, c = (math.radians(angle) for angle in (*pose.tilt, pose.turn))
    about_x = np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])
    about_y = np.array([[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    turned = about_z @ about_y @ about_x
    far = 2.5 * width
    plane = np.column_stack([turned[:, 0], turned[:, 1], (0, 0, far)])
    scale = pose.width / width
    lens = np.array([[scale * far, 0, pose.x], [0, scale * far, pose.y], [0, 0, 1]])
    middle = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    return np.asarray(lens @ plane @ middle, np.float64)


def boxes_in_frame(sheet: Sheet, pose: Pose) -> list[Box]:
    """Return the box of each digit of the sheet in the frame; boxes may be outside the frame."""
    matrix = homography(sheet, pose)
    found = []
    for written in sheet.digits:
        x, y, w, h = written.box
        corners = np.array([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]], np.float64)
        corners = cv2.perspectiveTransform(corners, matrix)[0]
        left, top = np.floor(corners.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(corners.max(axis=0)).astype(int).tolist()
        found.append((left, top, right - left, bottom - top))
    return found


def _lay(view: Canvas, image: Canvas, matrix: DoubleArray) -> None:
    """Put the sheet on the table, with the shadow that its edge throws."""
    height, width = view.shape[:2]
    shrink = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2] / matrix[2, 2]))))
    if shrink < 0.8:  # Without this blur, thin strokes would flicker as the sheet moves.
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / shrink), np.float32)
    laid = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(
        np.ones(image.shape[:2], np.float32), matrix, (width, height), flags=cv2.INTER_LINEAR
    )
    aside = np.array([[1, 0, 5], [0, 1, 7]], np.float64)
    shadow = cv2.GaussianBlur(cv2.warpAffine(cover, aside, (width, height)), (0, 0), 9)
    view *= (1 - 0.45 * shadow)[:, :, None]
    view *= (1 - cover)[:, :, None]
    view += laid * cover[:, :, None]


def _lighting(light: Light, size: tuple[int, int]) -> NDArray[np.float32]:
    width, height = size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    field = 1 + light.slope[0] * x + light.slope[1] * y
    field *= 1 - light.vignette * (x * x + y * y) / 2
    if light.shadow:
        angle = math.radians(light.shadow_at[0])
        across = x * math.cos(angle) + y * math.sin(angle) * height / width - light.shadow_at[1]
        field *= 1 - light.shadow / (1 + np.exp(-across / 0.06))
    return np.asarray(field, np.float32)


def _smear(view: Canvas, motion: tuple[float, float]) -> Canvas:
    length = math.hypot(*motion)
    if length < 1:
        return view
    side = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((side, side), np.uint8)
    half = np.array(motion) / 2
    start, end = (((side - 1) / 2 - half) * 16, ((side - 1) / 2 + half) * 16)
    first, last = np.rint(start).astype(int).tolist(), np.rint(end).astype(int).tolist()
    cv2.line(kernel, first, last, 255, 1, cv2.LINE_AA, shift=4)
    weights = kernel.astype(np.float32)
    return np.asarray(cv2.filter2D(view, -1, weights / weights.sum()), np.float32)
