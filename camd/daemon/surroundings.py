"""Keeps what is around regions on disk: a camera that was nudged while camd did not run is noticed
when it runs again.

It is written once, when it is learnt, in a thread: a disk may take seconds, and no frame waits for
it."""

import hashlib
import io
import json
import logging
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from camd import address, files
from camd.config.settings import RegionSettings, Settings
from camd.regions.follow import FEATURES, Surroundings

log = logging.getLogger(__name__)


class _Entry(TypedDict):
    drawn: str
    """As `_drawn` says: of a region that was drawn elsewhere since, it tells nothing."""
    number: int
    """Of the arrays in the file."""


_ENTRIES = TypeAdapter(dict[str, _Entry])


class SurroundingsFile:
    """No call raises, or blocks, for want of a disk."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._drawn: dict[str, str] = {}
        self._noted: dict[str, Surroundings] = {}
        self._thread: threading.Thread | None = None

    def open(self, path: Path | None, settings: Settings) -> dict[str, Surroundings]:
        """Return what is known around regions that are drawn as they were then, and keep it in
        `path` from now on; None: not at all. It outlasts a reload all the same."""
        before, self._drawn = (
            self._drawn,
            {region.name: _drawn(settings, region) for region in settings.region},
        )
        if before and path == self._path:  # after a reload, even where no disk takes it
            same = {name for name, drawn in self._drawn.items() if before.get(name) == drawn}
            self._noted = {name: one for name, one in self._noted.items() if name in same}
        else:
            self._noted = _read(path, self._drawn) if path else {}
        self._path = path
        return dict(self._noted)

    def note(self, known: Mapping[str, Surroundings]) -> None:
        """Keep what is known now."""
        if known == self._noted:  # the same objects, not the same content
            return
        if self._thread and self._thread.is_alive():
            return  # the next frame brings it again
        self._noted = dict(known)
        if not self._path:
            return
        arguments = (self._path, dict(known), dict(self._drawn))
        self._thread = threading.Thread(
            target=_write, args=arguments, name="camd-surroundings", daemon=True
        )
        self._thread.start()

    def close(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the disk."""
        if self._thread:
            self._thread.join(timeout)


def _drawn(settings: Settings, region: RegionSettings) -> str:
    """Return a text that is another one when the region is drawn elsewhere, or the picture is of
    another camera."""
    camera = settings.camera
    said = (
        address.redact(camera.device),
        camera.rotate,
        camera.mirror,
        region.polygon or region.corners,
    )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _write(path: Path, known: Mapping[str, Surroundings], drawn: Mapping[str, str]) -> None:
    """Runs in the thread."""
    different = list({id(one): one for one in known.values()}.values())
    numbers = {id(one): number for number, one in enumerate(different)}
    entries = {
        name: {"drawn": drawn[name], "number": numbers[id(one)]} for name, one in known.items()
    }
    arrays: dict[str, NDArray[Any]] = {
        "regions": np.frombuffer(json.dumps(entries).encode(), np.uint8)
    }
    for number, one in enumerate(different):
        arrays[f"points{number}"], arrays[f"marks{number}"] = one.points, one.marks
        arrays[f"shape{number}"] = np.array(one.shape)
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content.getvalue())
    except OSError as exc:
        why = exc.strerror or exc
        log.warning("what is around the regions is kept in memory only: %s: %s", path, why)


def _read(path: Path, drawn: Mapping[str, str]) -> dict[str, Surroundings]:
    """Return what an earlier run has left of regions that are drawn as they were."""
    try:
        with np.load(path, allow_pickle=False) as found:
            entries = _ENTRIES.validate_json(found["regions"].tobytes())
            right = {
                name: entry["number"]
                for name, entry in entries.items()
                if entry["drawn"] == drawn.get(name)
            }
            known = {number: _surroundings(found, number) for number in set(right.values())}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, ValidationError) as error:
        log.warning("%s cannot be read, and is made anew: %s", path, type(error).__name__)
        return {}
    return {name: known[number] for name, number in right.items()}


def _surroundings(found: Mapping[str, NDArray[Any]], number: int) -> Surroundings:
    points = np.asarray(found[f"points{number}"], np.float32)
    marks = np.asarray(found[f"marks{number}"], np.uint8)
    shape = float(found[f"shape{number}"])
    count = len(points)
    if not (
        points.shape == (count, 2)
        and marks.shape == (count, 32)
        and 0 < count <= FEATURES
        and np.isfinite(points).all()
        and 0 < shape < 1e3
    ):
        raise ValueError("no features")
    return Surroundings(points, marks, shape)
