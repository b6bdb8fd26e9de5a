"""PURE. A region while it is drawn: points that are set, moved and taken back.

Points are shares of the frame's width and height, 0..1; so are distances.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from camd.geometry import Corners, Point, area, crosses_itself, is_convex

Kind: TypeAlias = Literal["corners", "polygon", "mask"]

MOST = {"corners": 4, "polygon": 100, "mask": 100}
LEAST = {"corners": 4, "polygon": 3, "mask": 3}
PLACES = 4
"""Decimals of a share that are kept: finer than a pixel of any camera."""


@dataclass(frozen=True, slots=True)
class Sketch:
    kind: Kind
    points: Corners = ()
    held: int | None = None
    """The point that the mouse holds."""
    past: tuple[Corners, ...] = ()
    """The points before each step, the latest last."""

    @property
    def outline(self) -> Corners:
        """The points in the order in which the configuration wants them.

        Four corners: from the one set first, which is the top left of what is written, clockwise
        as seen on a screen, however they were set."""
        if self.kind != "corners" or len(self.points) < 3:
            return self.points
        x, y = (sum(values) / len(self.points) for values in zip(*self.points, strict=True))
        ring = sorted(self.points, key=lambda point: math.atan2(point[1] - y, point[0] - x))
        first = ring.index(self.points[0])
        return (*ring[first:], *ring[:first])

    @property
    def lacking(self) -> int:
        """How many points at least are still to be set."""
        return max(0, LEAST[self.kind] - len(self.points))

    @property
    def problem(self) -> str:
        """Say what is wrong with the points, if they are enough; empty where nothing is."""
        if self.lacking:
            return ""
        if self.kind == "corners" and not is_convex(self.outline):
            return "these are not the corners of a flat thing"
        if crosses_itself(self.outline):
            return "the sides cross or touch one another"
        return "" if area(self.outline) else "it has no area"

    @property
    def done(self) -> bool:
        return not self.lacking and not self.problem

    def near(self, at: Point, reach: Point) -> int | None:
        """Return which point is nearest to `at`, within an ellipse of the half axes `reach`."""
        distances = [_apart(point, at, reach) for point in self.points]
        nearest = min(range(len(distances)), key=distances.__getitem__, default=None)
        return nearest if nearest is not None and distances[nearest] <= 1 else None

    def press(self, at: Point, reach: Point) -> "Sketch":
        """Take hold of the point near `at`; where there is none, set one: in the side that runs
        there, or after the last point."""
        held = self.near(at, reach)
        if held is not None:
            return replace(self, held=held, past=(*self.past, self.points))
        if len(self.points) == MOST[self.kind]:
            return self
        place = self._side(at, reach)
        points = (*self.points[:place], _inside(at), *self.points[place:])
        return replace(self, points=points, held=place, past=(*self.past, self.points))

    def drag(self, at: Point) -> "Sketch":
        """Move the point that is held."""
        if self.held is None:
            return self
        points = (*self.points[: self.held], _inside(at), *self.points[self.held + 1 :])
        return replace(self, points=points)

    def release(self) -> "Sketch":
        moved = self.held is None or self.points != self.past[-1]
        return replace(self, held=None, past=self.past if moved else self.past[:-1])

    def undo(self) -> "Sketch":
        """Take the last step back; of points that were there at the beginning, the last one."""
        if self.past:
            return replace(self, points=self.past[-1], held=None, past=self.past[:-1])
        return replace(self, points=self.points[:-1], held=None)

    def turn(self) -> "Sketch":
        """Let the next corner be the top left one: what stands on its side is read upright."""
        if self.kind != "corners" or self.lacking:
            return self
        points = (*self.outline[1:], self.outline[0])
        return replace(self, points=points, held=None, past=(*self.past, self.points))

    def _side(self, at: Point, reach: Point) -> int:
        """Return where in the order a new point goes."""
        count = len(self.points)
        if self.kind == "corners" or count < 3:
            return count
        sides = [
            _from_side(at, self.points[i], self.points[(i + 1) % count], reach)
            for i in range(count)
        ]
        nearest = sides.index(min(sides))
        return nearest + 1 if sides[nearest] <= 1 else count


def _apart(one: Point, other: Point, unit: Point) -> float:
    return math.hypot((one[0] - other[0]) / unit[0], (one[1] - other[1]) / unit[1])


def _from_side(at: Point, start: Point, end: Point, unit: Point) -> float:
    """Distance of `at` from the side between two points, in units."""
    dx, dy = (end[0] - start[0]) / unit[0], (end[1] - start[1]) / unit[1]
    x, y = (at[0] - start[0]) / unit[0], (at[1] - start[1]) / unit[1]
    length = dx * dx + dy * dy
    along = min(1.0, max(0.0, (x * dx + y * dy) / length)) if length else 0.0
    return math.hypot(x - along * dx, y - along * dy)


def _inside(at: Point) -> Point:
    x, y = (round(min(1.0, max(0.0, value)), PLACES) for value in at)
    return x, y
