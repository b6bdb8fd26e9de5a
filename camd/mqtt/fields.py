"""PURE: single fields of the payloads, with the bounds and descriptions their schemas get."""

from typing import Annotated, TypeAlias

from pydantic import Field

from camd.values import RegionStatus

Camera: TypeAlias = Annotated[str, Field(description="its name, as in the topic")]
Boot: TypeAlias = Annotated[
    str, Field(pattern="^[0-9a-f]{4}$", description="one run of camd: another one, another value")
]
Seq: TypeAlias = Annotated[
    int, Field(ge=1, description="one more each message of this topic; starts again with each boot")
]
At: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        json_schema_extra={"format": "date-time"},
        description="RFC 3339, UTC",
    ),
]
Confidence: TypeAlias = Annotated[
    float, Field(ge=0, le=1, description="probability that the digit is right, rounded down")
]
Box: TypeAlias = Annotated[
    list[int],
    Field(min_length=4, max_length=4, description="x, y, width, height: pixels of the frame"),
]
Size: TypeAlias = Annotated[
    list[int], Field(min_length=2, max_length=2, description="of a frame: width, height in pixels")
]
Turn: TypeAlias = Annotated[
    int,
    Field(
        ge=0,
        lt=360,
        description="degrees, clockwise, by which the writing was turned to be read",
    ),
]
Number: TypeAlias = Annotated[
    int | float | None, Field(description="null unless the status is ok, which says why")
]
AllRight: TypeAlias = Annotated[
    float | None,
    Field(ge=0, le=1, description="probability that all of the text is right, rounded down"),
]
Status: TypeAlias = Annotated[
    RegionStatus, Field(description="ok, or why there is no value; more may be added")
]
Value: TypeAlias = Annotated[int, Field(ge=0, le=9)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Milliseconds: TypeAlias = Annotated[float, Field(ge=0)]
