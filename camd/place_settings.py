"""The options of places in the frame, of which there can be several: regions and masks."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from camd.geometry import area, crosses_itself, is_convex
from camd.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Corner = tuple[Share, Share]
Corners = tuple[Corner, ...]
PlaceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]


def _polygon(points: Corners) -> Corners:
    if crosses_itself(points):
        raise ValueError("its sides must not cross or touch one another")
    if area(points) == 0:
        raise ValueError("it has no area")
    return points


def _straightened(points: Corners) -> Corners:
    if not is_convex(points):
        raise ValueError(
            "must be top left, top right, bottom right and bottom left of one flat thing"
        )
    return points


def _expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from error
    return pattern


Polygon = Annotated[Corners, Field(min_length=3, max_length=100), AfterValidator(_polygon)]
FourCorners = Annotated[Corners, Field(min_length=4, max_length=4), AfterValidator(_straightened)]


class RegionSettings(Section):
    """One `[[region]]`: where one number stands, and what it can be."""

    name: PlaceName = Field(examples=["meter"], description="in topics: camd/<name>/region/meter")
    polygon: Polygon | None = Field(
        None,
        examples=[((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))],
        description="digits centred in it; shares of the frame's width and height",
    )
    corners: FourCorners | None = Field(
        None,
        validate_default=True,
        examples=[((0.1, 0.2), (0.6, 0.25), (0.6, 0.45), (0.1, 0.4))],
        description="instead: of a flat thing, from its top left clockwise; straightened",
    )
    digits: int | None = Field(None, ge=1, le=15, examples=[5], description="so many, no other")
    pattern: Annotated[str, AfterValidator(_expression)] | None = Field(
        None,
        max_length=200,
        examples=["[0-9]{5}"],
        description="a regular expression for all of the text",
    )
    decimals: int = Field(0, ge=0, le=15, description="how many of the digits are decimals")
    min: float | None = Field(None, examples=[0.0], description="least value")
    max: float | None = Field(None, examples=[99999.0], description="greatest value")
    max_step: float | None = Field(
        None, gt=0, examples=[5.0], description="largest change from the last good value"
    )
    step_s: float = Field(
        60, ge=0, description="so much for each so many seconds since then; 0: however long"
    )
    never_decreasing: bool = Field(False, description="as a meter's, while camd runs")

    @field_validator("corners")
    @classmethod
    def _one_place(cls, corners: Corners | None, info: ValidationInfo) -> Corners | None:
        # A polygon that is wrong is not in the data; its own mistake is then named.
        polygon = info.data.get("polygon", ())
        if corners is None and polygon is None:
            raise ValueError("a region needs a polygon or corners")
        if corners is not None and polygon is not None:
            raise ValueError("a region has a polygon or corners, not both")
        return corners

    @field_validator("max")
    @classmethod
    def _above_min(cls, value: float | None, info: ValidationInfo) -> float | None:
        least = info.data.get("min")
        if value is not None and least is not None and value < least:
            raise ValueError(f"should not be less than min, {least:g}")
        return value


class MaskSettings(Section):
    """One `[[mask]]`: where nothing is read."""

    name: PlaceName = Field(examples=["clock"], description="as the overlay shows it")
    polygon: Polygon = Field(
        examples=[((0.7, 0.0), (1.0, 0.0), (1.0, 0.1), (0.7, 0.1))],
        description="digits centred in it are rejected as masked",
    )
