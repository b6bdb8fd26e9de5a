"""Writes regions and masks into the configuration, as `camd region` does, has camd use them, and
takes them back."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camd import files
from camd.config import edit, layers
from camd.config.keys import KeyPath
from camd.config.layers import Config
from camd.config.settings import RegionSettings, Settings
from camd.errors import CamdError, ConfigError
from camd.geometry import Corners
from camd.region_editor.sketch import Kind

MOST_UNDONE = 20
"""Changes that can be taken back, one after the other."""


class OutdatedError(CamdError):
    """Somebody else has changed the configuration since it was looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """A region or mask as it is to be."""

    kind: Kind
    name: str
    points: Corners
    """Shares of the frame."""
    options: Mapping[str, Any]
    """The region's, without its name and place; None or missing: the default."""
    was: str = ""
    """Its name so far; empty for a new one."""


class Changes:
    """One at a time, whatever the thread."""

    def __init__(
        self,
        file: Path | None,
        reload: Callable[[], None],
        load: Callable[[], Settings] | None = None,
    ) -> None:
        """`file`: the one that the command line names. `reload` has camd use the configuration as
        it is now, or raises CamdError; `load` loads it with what the command line says, where that
        says anything, or raises ConfigError."""
        self._file = file
        self._reload = reload
        self._load = load
        self._lock = threading.Lock()
        self._past: list[tuple[str, str]] = []
        """The text before each change, and the version after it."""

    def version(self) -> str:
        """Return what tells this text of the configuration from others. Raises ConfigError."""
        return _version(self._text())

    def settings(self) -> Settings:
        """Return what the configuration says now. Raises ConfigError."""
        return self.config().settings

    @property
    def undoable(self) -> bool:
        """Whether the last change can be taken back: nobody has changed anything since."""
        return bool(self._past) and self._past[-1][1] == self.version()

    def save(self, place: Place, version: str) -> None:
        """Write `place` into the configuration that has this `version`, and have camd use it.

        Raises OutdatedError, or ConfigError where the configuration would be wrong or cannot be
        written. Then nothing has changed."""
        array, values = _table(place)

        def change(text: str) -> str:
            known = self.settings()
            others = known.mask if place.kind == "mask" else known.region
            if place.name != place.was and any(other.name == place.name for other in others):
                raise ConfigError(f"there is a {array} {place.name!r} already: take another name")
            if place.was and place.was != place.name:
                text = edit.without_table(text, array, place.was)
            return edit.with_table(text, array, values)

        self._change(change, version)

    def remove(self, kind: Kind, name: str, version: str) -> None:
        """Remove a region or mask. Raises as `save` does."""
        array = "mask" if kind == "mask" else "region"
        self._change(lambda text: edit.without_table(text, array, name), version)

    def set(self, values: Mapping[KeyPath, Any], version: str) -> None:
        """Set options outside of regions and masks; None: as by default. Raises as `save` does."""
        self._change(lambda text: _with_values(text, values), version)

    def config(self) -> Config:
        """Return what the configuration says now, and where from. Raises ConfigError."""
        path = self._path()
        return layers.load(path if path.exists() else None)

    def started(self) -> Settings | None:
        """Return the settings with what the command line says, too; None: it says nothing. Raises
        ConfigError."""
        return self._load() if self._load else None

    def undo(self, version: str) -> None:
        """Take the last change back. Raises as `save` does."""
        with self._lock:
            if not self.undoable:
                raise OutdatedError("there is nothing to take back")
            before, _ = self._past[-1]
            self._write(lambda _: before, version)
            self._past.pop()

    def _change(self, change: Callable[[str], str], version: str) -> None:
        with self._lock:
            before = self._text()
            self._write(change, version)
            self._past.append((before, self.version()))
            del self._past[:-MOST_UNDONE]

    def _write(self, change: Callable[[str], str], version: str) -> None:
        before = self._text()
        if version != _version(before):
            raise OutdatedError(
                "the configuration was changed meanwhile, in another window or by hand: look at it "
                "again"
            )
        path = self._path()
        edit.rewrite(path, change)
        try:
            self._reload()
        except CamdError:
            edit.rewrite(path, lambda _: before)
            raise

    def _path(self) -> Path:
        return edit.file_in_use(self._file)

    def _text(self) -> str:
        path = self._path()
        try:
            return files.read_text(path) if path.exists() else ""
        except (OSError, files.NotTextError) as error:
            raise ConfigError(f"{path} cannot be read: {error}") from error


def lines(place: Place) -> str:
    """Return what to write into config.toml for `place`."""
    return edit.with_table("", *_table(place))


def lines_of(values: Mapping[KeyPath, Any]) -> str:
    """Return what to write into config.toml for options outside of regions and masks."""
    return _with_values("", {key: value for key, value in values.items() if value is not None})


def _with_values(text: str, values: Mapping[KeyPath, Any]) -> str:
    for key, value in values.items():
        text = edit.with_value(text, ".".join(key[:-1]), key[-1], value)
    return text


def _table(place: Place) -> tuple[str, dict[str, Any]]:
    """Return the name of the array of tables, and what to set there."""
    shape = [list(point) for point in place.points]
    if place.kind == "mask":
        return "mask", {"name": place.name, "polygon": shape}
    values = {"name": place.name, "polygon": None, "corners": None, place.kind: shape}
    return "region", values | _options(place.options)


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each option of a region, None for those that are as by default. Unknown
    ones stay, to be refused with all else that is wrong."""
    values = dict(given)
    for name, info in RegionSettings.model_fields.items():
        if name in ("name", "polygon", "corners"):
            values.pop(name, None)
        elif values.get(name) == info.default:
            values[name] = None
        else:
            values.setdefault(name, None)
    return values
