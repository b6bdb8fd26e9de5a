"""Drawing regions and masks on the page: what a drawing lacks, what is read in it, and saving it.
The shapes follow the same rules as in the window of `camd region draw`."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from camd.config.settings import MaskSettings, RegionSettings, Settings
from camd.display import overlay
from camd.display.regions import why
from camd.doctor import broker as doctor
from camd.doctor import camera as doctor_camera
from camd.geometry import Corners
from camd.mqtt import payloads
from camd.region_editor.reader import Reader
from camd.region_editor.sketch import Kind, Sketch, inside
from camd.values import Image, Result
from camd.web import options
from camd.web.changes import Changes
from camd.web.feed import Feed
from camd.web.pictures import shrunk

PREVIEW_WIDTH, PREVIEW_HIGH = 480, 320
"""Pixels of the cut out picture, at most."""
PLACE = ("name", "polygon", "corners")
"""What of a region is drawn, or asked for by itself."""
_WHOLE: Corners = ((0, 0), (1, 0), (1, 1), (0, 1))

Share = Annotated[float, Field(ge=-1, le=2)]
"""Of the frame; a hand may draw a little beyond it."""
At = tuple[Share, Share]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Drawing(_Request):
    """A region or mask while it is drawn."""

    kind: Kind
    name: str = Field(max_length=200)
    points: tuple[At, ...] = Field(max_length=100)
    options: dict[str, Any] = Field(default_factory=dict, max_length=50)
    press: At | None = None
    """Where to set a point."""
    reach: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (0.01, 0.01)
    """How far from a side a point still belongs to it."""
    turn: bool = False
    """Make the next corner the top left one."""

    @property
    def sketch(self) -> Sketch:
        sketch = Sketch(self.kind, tuple(inside(point) for point in self.points))
        if self.press is not None:
            sketch = sketch.press(self.press, self.reach).release()
        return sketch.turn() if self.turn else sketch


class Saving(Drawing):
    was: str = Field("", max_length=200)
    version: str = Field(max_length=100)


class Removal(_Request):
    kind: Kind
    name: str = Field(max_length=200)
    version: str = Field(max_length=100)


class Undo(_Request):
    version: str = Field(max_length=100)


def known(changes: Changes) -> dict[str, Any]:
    """Return what can be set up, and how it is. Raises ConfigError."""
    config = changes.config()
    settings = config.settings
    schemas = RegionSettings.model_json_schema()["properties"]
    return {
        "regions": [_region(place) for place in settings.region],
        "masks": [_mask(mask) for mask in settings.mask],
        "fields": [
            _field(name, info, schemas[name])
            for name, info in RegionSettings.model_fields.items()
            if name not in PLACE
        ],
        "options": options.known(config, changes.started()),
        "version": changes.version(),
        "undoable": changes.undoable,
    }


def look(drawing: Drawing, feed: Feed) -> dict[str, Any]:
    """Return the drawing as it is after what was done, what it lacks, and what is read there now.

    It takes as long as some frames do."""
    sketch = drawing.sketch
    wrong = _wrong(drawing)
    found: dict[str, Any] = {
        "points": sketch.outline,
        "asks": sketch.asks,
        "done": sketch.done,
        "wrong": wrong,
        "preview": None,
        "read": None,
        "digits": [],
    }
    scene, model = feed.scene, feed.model
    if not sketch.done or scene is None or model is None or drawing.kind == "mask":
        return found
    right = {name: value for name, value in drawing.options.items() if name not in wrong}
    if "" in wrong or "unit" in wrong:  # of more than one option
        right = {}
    reader = Reader(feed.settings, model, drawing.kind, "region", right)
    try:
        preview, read = reader.read(scene.frame.shown(), sketch.outline)
    except ValidationError:
        return found
    if preview is not None and preview.size:
        found["preview"] = _inline(preview)
    if read is not None and read.regions:
        found["read"] = _said(read)
        found["digits"] = [payloads.box(digit.box) for digit in read.digits]
    return found


def camera(feed: Feed, *, live: bool) -> dict[str, Any]:
    """Look at the camera as `camd doctor` does, while the loop reads it."""
    scene, state = feed.scene, feed.state
    image = scene.frame.shown() if scene and live else None
    why = state.hud.camera if state else "camd is starting"
    fps = state.health["fps"] if state else 0.0
    found = doctor_camera.look_beside(feed.settings.camera, image, fps, why)
    return {"findings": [asdict(finding) for finding in found]}


def broker(settings: Settings) -> dict[str, Any]:
    """Try the broker as `camd doctor` does; it takes seconds where it does not answer."""
    return {"findings": [asdict(finding) for finding in doctor.look(settings)]}


def _said(read: Result) -> dict[str, Any]:
    said = read.regions[0]
    return {
        "value": said.said if said.value is not None else None,
        "text": said.text,
        "why": "" if said.status == "ok" else why(said.status),
        "confidence": None if said.confidence is None else payloads.confidence(said.confidence),
    }


def _wrong(drawing: Drawing) -> dict[str, str]:
    """Say what is wrong with each option and with the name; "" is all of them together."""
    if drawing.kind == "mask":
        try:
            MaskSettings.model_validate({"name": drawing.name, "polygon": _WHOLE})
        except ValidationError as error:
            return _messages(error)
        return {}
    given = {key: value for key, value in drawing.options.items() if key not in PLACE}
    try:
        RegionSettings.model_validate({**given, "name": drawing.name, "polygon": _WHOLE})
    except ValidationError as error:
        return _messages(error)
    return {}


def _messages(error: ValidationError) -> dict[str, str]:
    found = {}
    for item in error.errors():
        message = str(item["msg"]).removeprefix("Value error, ")
        if item["type"] == "string_pattern_mismatch":
            message = "small letters, digits, - and _ only"
        found[str(item["loc"][0]) if item["loc"] else ""] = message
    return found


def _region(place: RegionSettings) -> dict[str, Any]:
    return {
        "kind": "corners" if place.corners else "polygon",
        "name": place.name,
        "points": place.corners or place.polygon or (),
        "options": place.model_dump(mode="json", exclude=set(PLACE)),
    }


def _mask(mask: MaskSettings) -> dict[str, Any]:
    return {"kind": "mask", "name": mask.name, "points": mask.polygon, "options": {}}


def _field(name: str, info: FieldInfo, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an option for a form."""
    kinds = [schema, *schema.get("anyOf", [])]
    kind = next(one["type"] for one in kinds if one.get("type", "null") != "null")
    choices = next((one["enum"] for one in kinds if "enum" in one), None)
    example = info.examples[0] if info.examples else info.default
    return {
        "name": name,
        "type": "choice" if choices else kind,
        "choices": choices,
        "words": [one["const"] for one in kinds if "const" in one],
        "default": info.default,
        "example": None if example is None or isinstance(example, bool) else str(example),
        "description": info.description,
    }


def _inline(image: Image) -> str:
    """Return a picture as an address that holds it."""
    high, wide = image.shape[:2]
    small = shrunk(image, min(PREVIEW_WIDTH, max(1, wide * PREVIEW_HIGH // high)))
    return "data:image/jpeg;base64," + base64.b64encode(overlay.encode_jpeg(small, 85)).decode()
