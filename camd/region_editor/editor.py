"""`camd region draw`: the window in which a person clicks where a number stands."""

import time
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from camd import learnt
from camd.config.layers import Config
from camd.config.settings import MaskSettings, RegionSettings
from camd.display.window import Action, Pointer, Window
from camd.errors import ConfigError, SourceError
from camd.geometry import Corners, Point
from camd.region_editor.reader import Reader, places
from camd.region_editor.sketch import Board, Kind, Scene, Sketch, draw
from camd.runtime import bounded
from camd.sources import CorruptFrameError, EndOfStreamError, Source, from_uri
from camd.values import Image

FIRST_FRAME_S = 15.0
"""Seconds without a picture after which the camera counts as broken; some are slow to begin."""
STILL_S = 0.03
"""Seconds between two looks at mouse and keys while the picture does not change."""
SKIP_S, USUAL_FPS = 1.0, 25.0
"""How far Page Down goes in a film, and how fast one is that does not say."""


def ask(config: Config, kind: Kind, name: str, options: Mapping[str, Any]) -> Corners | None:
    """Let a person draw the region or mask `name` on the picture of the configured camera. Return
    its points, in shares of the frame, or None if the person cancels.

    `options` are the region's. Raises ConfigError (wrong options), SourceError, ModelError."""
    _check(name, options)
    settings = config.settings
    window = Window.open(f"camd region - {name}")
    if window is None:
        raise SourceError(
            "there is no display to draw on; write the points instead, as shares of the frame's"
            ' width and height: camd region draw NAME --points "0.1,0.2 0.6,0.2 0.6,0.4 0.1,0.4"',
            "missing",
        )
    source = from_uri(settings.camera.device or "0", settings.camera)
    own = [place for place in places(settings, kind) if place.name == name]
    start = Sketch(kind, _points(own[0], kind) if own else ())
    try:
        fps = source.open().fps or USUAL_FPS
        with bounded(settings.model.threads):
            model = learnt.load(settings, drawn=True)
            reader = Reader(settings, model, kind, name, options)
            skip = max(1, round(SKIP_S * fps))
            return _Drawing(window, source, reader, start, skip).run()
    finally:
        source.close()
        window.close()


class _Drawing:
    def __init__(
        self, window: Window, source: Source, reader: Reader, sketch: Sketch, skip: int
    ) -> None:
        self._window, self._source, self._reader = window, source, reader
        self._sketch = sketch
        self._skip = skip
        self._pointer: Point | None = None
        self._ahead: Image | None = None
        """The next frame of a file; None at its end."""
        self._number = 0
        """Of the frame of a file that is shown; 0 where there is only one."""

    def run(self) -> Corners | None:
        image = self._first()
        self._look_ahead()
        self._number = 1 if self._ahead is not None else 0
        while True:
            board = Board.of((image.shape[1], image.shape[0]), self._window.room)
            preview, read = None, None
            if self._sketch.done:
                preview, read = self._reader.read(image, self._sketch.outline)
            scene = Scene(
                image,
                self._reader.name,
                self._sketch,
                self._reader.others,
                self._pointer,
                preview,
                read,
                self._place(),
            )
            self._window.show(draw(board, scene))
            actions = self._window.poll()
            for pointer in self._window.pointed():
                self._point(board, pointer)
            for action in actions:
                if action is Action.QUIT:
                    return None
                if action is Action.ACCEPT and self._sketch.done:
                    return self._sketch.outline
                if action is Action.UNDO:
                    self._sketch = self._sketch.undo()
                elif action is Action.TURN:
                    self._sketch = self._sketch.turn()
                elif self._number:
                    image = self._stepped(action, image)
            image = self._next(image)

    def _point(self, board: Board, pointer: Pointer) -> None:
        at = board.share(pointer.x, pointer.y)
        inside = all(0 <= value <= 1 for value in at)
        self._pointer = at if inside else None
        if pointer.kind == "press" and inside:
            self._sketch = self._sketch.press(at, board.reach)
        elif pointer.kind == "move":
            self._sketch = self._sketch.drag(at)
        elif pointer.kind == "release":
            self._sketch = self._sketch.release()

    def _place(self) -> str:
        if not self._number:
            return ""
        return f"frame {self._number}" + (", the last" if self._ahead is None else "")

    def _stepped(self, action: Action, image: Image) -> Image:
        """Return the frame of a file that was asked for, or `image` again."""
        if action is Action.FIRST:
            self._source.close()
            self._source.open()
            image, self._number = self._first(), 1
            self._look_ahead()
        for _ in range({Action.NEXT: 1, Action.SKIP: self._skip}.get(action, 0)):
            if self._ahead is None:
                break
            image = self._ahead
            self._number += 1
            self._look_ahead()
        return image

    def _look_ahead(self) -> None:
        self._ahead = None
        while not self._source.live:
            try:
                self._ahead = self._read()
            except CorruptFrameError:
                continue
            except EndOfStreamError:
                pass
            return

    def _first(self) -> Image:
        deadline = time.monotonic() + FIRST_FRAME_S
        while time.monotonic() < deadline:
            try:
                return self._read()
            except CorruptFrameError:
                continue
            except EndOfStreamError:
                break
        raise SourceError(f"{self._source.name}: gives no picture", "failed")

    def _next(self, image: Image) -> Image:
        """Give the camera's next picture; of a file one stays, to be drawn on."""
        if not self._source.live:
            time.sleep(STILL_S)
            return image
        try:
            return self._read()
        except (CorruptFrameError, EndOfStreamError):
            return image

    def _read(self) -> Image:
        image, colour = self._source.read(), self._source.colour
        return colour() if colour else image


def _check(name: str, options: Mapping[str, Any]) -> None:
    """Raise ConfigError for wrong options now, before anybody has drawn for nothing."""
    whole = ((0, 0), (1, 0), (1, 1), (0, 1))
    try:
        RegionSettings.model_validate({**options, "name": name, "polygon": whole})
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError("; ".join(wrong)) from error


def _points(place: RegionSettings | MaskSettings, kind: Kind) -> Corners:
    """Return the points to start from. A polygon's are of no use where corners are to be drawn, nor
    corners for a polygon."""
    if isinstance(place, MaskSettings):
        return place.polygon
    return (place.corners if kind == "corners" else place.polygon) or ()
