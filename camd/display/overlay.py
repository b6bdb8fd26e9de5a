"""Draws what was read over the frame, for the window and for snapshots alike.

PURE. The picture stays what it is about: digits and lines wear thin marks (labels.py), and all
else is in one bar at the bottom, the reading large, the state of things small.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from camd.config.settings import MaskSettings
from camd.display import legend, paint, regions
from camd.display.labels import ACCENT, AMBER, Labels
from camd.display.paint import Text
from camd.values import Box, Image, Line, Rejected, Result

_USUAL = ("open", "ended")


@dataclass(frozen=True, slots=True)
class Hud:
    """What the bar says beside the reading."""

    name: str = "camd"
    fps: float = 0.0
    """Frames processed a second."""
    latency_ms: float | None = None
    """From capture to result, milliseconds; None before the first frame."""
    source: str = "the camera"
    """What is waited for before the first frame, e.g. "/dev/video0"."""
    camera: str = "open"
    """"open", "ended" (a file), or in a few words why there are no frames: "missing"."""
    broker: str = ""
    """"connected", "" without one, or in a few words why not: "connecting"."""
    paused: bool = False
    message: str = ""
    """Of the moment, e.g. "saved camd-1.png"; the caller takes it away again."""
    keys: float = 0.0
    """Opacity of the line that says the keys, 0..1."""
    legend: bool = False
    """Whether the panel is open that explains keys and marks."""


def draw(
    image: Image,
    result: Result,
    hud: Hud,
    *,
    details: bool = False,
    masks: Sequence[MaskSettings] = (),
) -> Image:
    """Return a copy of `image` with the result drawn on it; any size from 1x1 on.

    `details`: also what was not taken for a digit, and `masks`; each confidence and track; and how
    long a frame takes."""
    canvas = image.copy()
    unit = _unit(canvas)
    bar = _bar(canvas, unit)
    rejected = result.rejected if details else ()
    summary = _reasons(canvas, rejected, unit) if details else _Pill(Text("", 1, AMBER), 0, 0)
    regions.hatch_masks(canvas, masks if details else (), unit)
    regions.outline_regions(canvas, result.regions, unit)
    tags = regions.tags(canvas, result.regions, unit)
    kept_off = (bar, summary.box, *(tag.box for tag in tags))
    Labels(canvas, unit, kept_off, details=details).draw(_lines(result), rejected)
    for tag in tags:
        tag.paint(canvas)
    summary.paint(canvas)
    if bar[3]:
        # Over the edges of the picture, where anti-aliasing would leave a pale rim.
        paint.glass(canvas, (bar[0] - 2, bar[1], bar[2] + 4, bar[3] + 2), 0)
        left = _states(canvas, hud, bar, unit, details)
        _reading(canvas, result, bar, left, unit)
    if hud.legend:
        legend.panel(canvas, bar)
    _toasts(canvas, hud, bar, unit)
    return canvas


def waiting(size: tuple[int, int], hud: Hud) -> Image:
    """Return a picture of `size` (width, height) to show before the first frame."""
    wide, high = size
    canvas = np.full((high, wide, 3), (38, 33, 30), np.uint8)
    unit = _unit(canvas)
    x, y = wide / 2, high / 2 - 34 * unit
    body = (round(x - 34 * unit), round(y - 22 * unit), round(68 * unit), round(46 * unit))
    stroke = max(1, round(2.4 * unit))
    paint.outline(canvas, body, 9 * unit, paint.GREY, stroke)
    paint.ring(canvas, x, y + unit, 13 * unit, AMBER, stroke)
    paint.dot(canvas, x + 25 * unit, y - 13 * unit, 2.4 * unit, AMBER)
    title = Text(f"waiting for {hud.source}", 17 * unit, paint.WHITE, 500)
    _centred(canvas, title, high / 2 + 26 * unit)
    reason = hud.camera if hud.camera not in (*_USUAL, "waiting") else hud.name
    _centred(canvas, Text(hud.message or reason, 12 * unit, paint.SILVER), high / 2 + 50 * unit)
    if hud.legend:
        legend.panel(canvas, (0, high, wide, 0))
    else:
        legend.hint(canvas, high - 10 * unit, 12 * unit)
    return canvas


def encode_jpeg(image: Image, quality: int) -> bytes:
    """Return `image` as a JPEG file; quality 1 to 100."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done  # uint8 BGR of at most 65,500 pixels a side always encodes
    return data.tobytes()


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A picture as a JPEG file."""

    data: bytes
    reduced: bool = False
    """True where it is worse than was asked for, because it would have been too large."""


COARSER = (60, 40)
"""Qualities that are tried before the picture is made smaller: its text can still be read."""
LEAST_WIDTH = 32
"""No picture is made less wide, pixels: nobody would see anything on it."""


def encode_within(image: Image, quality: int, most: int) -> Jpeg:
    """Return `image` as a JPEG file of at most `most` bytes, as good as that allows. Where nothing
    is small enough, it has more."""
    qualities = [quality, *(coarser for coarser in COARSER if coarser < quality)]
    data = b""
    for tried in qualities:
        data = encode_jpeg(image, tried)
        if len(data) <= most:
            return Jpeg(data, reduced=tried < quality)
    high, wide = image.shape[:2]
    scale = 1.0
    while len(data) > most and scale * wide >= 2 * LEAST_WIDTH:
        # A file has about as many bytes for each of its pixels, and never less than some hundred.
        scale *= min(0.9, max(0.5, 0.95 * (most / len(data)) ** 0.5))
        size = max(1, round(scale * wide)), max(1, round(scale * high))
        smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        data = encode_jpeg(smaller, qualities[-1])
    return Jpeg(data, reduced=True)


def _unit(image: Image) -> float:
    """Growing more slowly than the frame: on a bigger picture more of it should be free."""
    high, wide = image.shape[:2]
    return max(0.5, float(min(wide / 640, high / 480) ** 0.75))


def _lines(result: Result) -> list[Line]:
    """The lines, and each digit that is in none as a line of its own."""
    grouped = {id(digit) for line in result.lines for digit in line.digits}
    alone = [digit for digit in result.digits if id(digit) not in grouped]
    return [*result.lines, *(Line(str(one.digit), (one,), one.box) for one in alone)]


def _bar(image: Image, unit: float) -> Box:
    high, wide = image.shape[:2]
    tall = round(46 * unit)
    # A thumbnail is better off without.
    return (0, high - tall, wide, tall) if high >= 4 * tall else (0, high, 0, 0)


def _states(image: Image, hud: Hud, bar: Box, unit: float, details: bool) -> float:
    """Write the two small rows at the right of the bar; return how far left they reach."""
    _, top, wide, tall = bar
    size = max(10.5, 12 * unit)
    right = wide - 14 * unit

    row: list[tuple[paint.Colour | None, Text]] = [(None, Text(hud.name, size, paint.WHITE, 600))]
    fine = hud.camera in _USUAL
    row.append(
        (ACCENT, Text("camera", size, paint.SILVER))
        if fine
        else (AMBER, Text("camera", size, AMBER))
    )
    if hud.broker == "connected":
        row.append((ACCENT, Text("mqtt", size, paint.SILVER)))
    elif hud.broker:
        row.append((AMBER, Text(f"mqtt {hud.broker}", size, AMBER)))
    left = x = right
    for colour, whole in reversed(row):
        text = whole.shortened((0.15 if colour is None else 0.27) * wide)
        x -= text.width
        text.write(image, x, top + 0.31 * tall)
        if colour is not None:
            x -= 0.65 * size
            paint.dot(image, x, top + 0.31 * tall, 0.24 * size, colour)
        left = x
        x -= 1.1 * size

    x = right
    fps = f"{hud.fps:.0f} fps" if hud.fps >= 10 else f"{hud.fps:.1f} fps"
    late = f"{hud.latency_ms:.0f} ms" if details and hud.latency_ms is not None else ""
    for part in (late, fps):
        text = Text(part, size, paint.SILVER)
        x -= text.width
        text.write(image, x, top + 0.70 * tall)
        left = min(left, x)
        x -= 1.1 * size if part else 0
    return left - 14 * unit


def _reading(image: Image, result: Result, bar: Box, right: float, unit: float) -> None:
    """Write the lines of the reading as large as they fit, a thin stroke between two."""
    _, top, _, tall = bar
    left, middle = 14 * unit, top + tall / 2
    said = [
        (item.name, item.said, paint.WHITE if item.status == "ok" else AMBER)
        for item in result.regions
    ] or [("", row, paint.WHITE) for row in result.reading.lines]
    if not said:
        hint = "reading …" if result.digits else "no digits"
        Text(hint, 17 * unit, paint.GREY).shortened(right - left).write(image, left, middle)
        return
    doubt = "" if result.regions or result.reading.complete else " ?"
    size = 30 * unit
    while True:
        texts = [Text(text, size, colour, 600) for _, text, colour in said]
        names = [Text(name, max(10.5, 0.5 * size), paint.SILVER) for name, *_ in said]
        gap = 0.4 * size
        before = [name.width + 0.6 * gap if name.text else 0.0 for name in names]
        mark = Text(doubt, size, AMBER, 600)
        total = sum(text.width for text in texts) + sum(before)
        total += 2 * gap * (len(texts) - 1) + mark.width
        if total <= right - left or size <= 13 * unit:
            break
        size *= 0.9
    x = left
    for name, room, text in zip(names, before, texts, strict=True):
        if x > left:
            ends = (x, middle - 0.42 * size), (x, middle + 0.42 * size)
            paint.rule(image, *ends, ACCENT, max(1, round(unit)))
            x += gap
        name.shortened(right - x).write(image, x, middle)
        x += room
        fitting = text.shortened(right - x - mark.width)
        fitting.write(image, x, middle)
        x += fitting.width + gap
        if fitting != text:
            break
    mark.write(image, x - gap, middle)


def _reasons(image: Image, rejected: Sequence[Rejected], unit: float) -> "_Pill":
    """Count the rejected contours by reason, in the top left corner."""
    counts = Counter(one.reason for one in rejected).most_common()
    parts = [f"{len(rejected)} rejected", *(f"{count} {reason}" for reason, count in counts)]
    text = Text("  ·  ".join(parts), max(10.5, 12 * unit), paint.SILVER)
    return _Pill(text.shortened(image.shape[1] - 40 * unit), 10 * unit, 10 * unit)


def _toasts(image: Image, hud: Hud, bar: Box, unit: float) -> None:
    """Say what is unusual, centred above the bar."""
    size = max(11, 15 * unit)
    texts = [Text("paused", size, AMBER, 600)] if hud.paused else []
    if hud.camera not in _USUAL:
        texts.append(Text(f"camera {hud.camera}", size, AMBER, 500))
    if hud.message:
        texts.append(Text(hud.message, size, paint.WHITE, 500))
    bottom = bar[1] - 8 * unit
    if not (texts or hud.legend):
        legend.hint(image, bottom, 0.9 * size, hud.keys)
    for whole in reversed(texts):
        text = whole.shortened(image.shape[1] - 40 * unit)
        _, _, wide, high = _Pill(text, 0, 0).box
        bottom -= high
        _Pill(text, (image.shape[1] - wide) / 2, bottom).paint(image)
        bottom -= 6 * unit


@dataclass(frozen=True, slots=True)
class _Pill:
    """Text on a rounded piece of glass; nothing without text."""

    text: Text
    x: float
    y: float

    @property
    def box(self) -> Box:
        if not self.text.text:
            return (0, 0, 0, 0)
        size = self.text.size
        wide = self.text.width + round(1.2 * size)
        return round(self.x), round(self.y), wide, round(1.8 * size)

    def paint(self, image: Image) -> None:
        if not self.text.text:
            return
        _, _, _, high = self.box
        paint.glass(image, self.box, high / 2)
        self.text.write(image, self.x + 0.6 * self.text.size, self.y + high / 2)


def _centred(image: Image, text: Text, middle: float) -> None:
    text = text.shortened(0.92 * image.shape[1])
    text.write(image, (image.shape[1] - text.width) / 2, middle)
