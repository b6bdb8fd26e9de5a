"""Keeps the last good values of regions on disk, so that they outlast restarts.

A thread of its own writes them: a disk may take seconds, and no frame waits for it. While it cannot
be written they stay in memory, and outlast a reload; the log says so once."""

import json
import logging
import math
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from camd import files
from camd.config.settings import RegionSettings
from camd.mqtt import payloads
from camd.regions.memory import KEPT, Good, Kept
from camd.regions.value import MOST_VALUE

log = logging.getLogger(__name__)

AGAIN_S = 10.0
"""Least time between two writes for what was read. Memory cards wear out; and where the power fails
the values of ten seconds are missing, by which a meter hardly moves."""
REFRESH_S = 300.0
"""Greatest age of the times in the file while the values stay the same. After a power cut
`max_step` allows the change of so much more time."""


class _Good(TypedDict):
    value: (
        Annotated[int, Field(strict=True, gt=-MOST_VALUE, lt=MOST_VALUE)]
        | Annotated[float, Field(gt=-MOST_VALUE, lt=MOST_VALUE)]
    )
    at: AwareDatetime
    confidence: Annotated[float, Field(ge=0, le=1)]


class _Region(TypedDict):
    decimals: int | Literal["read"]
    """As the values were read with; with others they would be other values."""
    first: bool
    good: Annotated[list[_Good], Field(max_length=KEPT)]


_REGION = TypeAdapter(_Region)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is known at one moment."""

    kept: Mapping[str, Kept]
    decimals: Mapping[str, int | Literal["read"]]
    shift: float
    """From the clock of `Good.at` to seconds since the epoch, UTC."""

    @property
    def values(self) -> object:
        return {name: [good.value for good in kept.good] for name, kept in self.kept.items()}


class LastGood:
    """One file at a time, that of the running configuration. `note` never blocks; no call raises
    for want of a disk."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._path: Path | None = None
        self._decimals: Mapping[str, int | Literal["read"]] = {}
        self._noted: _Noted | None = None
        self._written: object = None
        self._written_at = -math.inf
        self._due: _Noted | None = None
        self._closing = False
        self._failing = False
        self._thread: threading.Thread | None = None

    def open(
        self, path: Path | None, regions: Iterable[RegionSettings], clock: float, at: float
    ) -> dict[str, Kept]:
        """Return what is known of `regions`, with times on the caller's clock, which now is
        `clock`, and keep it in `path` from now on; None: in memory only. `at`: seconds since the
        epoch."""
        self._decimals = {region.name: region.decimals for region in regions}
        if path is None or path != self._path:
            self._noted = _read(path, at - clock) if path else None
        self._path = path
        self._closing = False
        if path:
            self._thread = threading.Thread(target=self._write, name="camd-last-good", daemon=True)
            self._thread.start()
        if not self._noted:
            return {}
        known = self._noted
        return {
            name: kept
            for name, kept in known.kept.items()
            if known.decimals.get(name) == self._decimals.get(name)
        }

    def note(
        self, kept: Mapping[str, Kept], clock: float, at: float, *, urgent: bool = False
    ) -> None:
        """Keep what is known at `clock`, which is `at` seconds since the epoch. It is written soon,
        and at once where it is `urgent`."""
        noted = _Noted(kept, self._decimals, at - clock)
        self._noted = noted
        passed = clock - self._written_at
        changed = noted.values != self._written and passed >= AGAIN_S
        if urgent or changed or passed >= REFRESH_S:
            self._put(noted, clock)

    def close(self, timeout: float) -> None:
        """Write what is known last, within `timeout` seconds."""
        if not self._thread:
            return
        if self._noted:
            self._put(self._noted, self._written_at)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout)
        self._thread = None

    def _put(self, noted: _Noted, clock: float) -> None:
        self._written, self._written_at = noted.values, clock
        with self._changed:
            self._due = noted
            self._changed.notify_all()

    def _write(self) -> None:
        """Runs in the thread."""
        path = self._path
        assert path
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closing)
                due, self._due = self._due, None
                if due is None:
                    return
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write(path, _document(due))
            except OSError as exc:
                if not self._failing:
                    why = exc.strerror or exc
                    log.warning("the last good values are kept in memory only: %s: %s", path, why)
                self._failing = True
            else:
                if self._failing:
                    log.info("the last good values are kept on disk again")
                self._failing = False


def _document(noted: _Noted) -> bytes:
    regions = {
        name: {
            "decimals": noted.decimals.get(name, 0),
            "first": kept.first,
            "good": [
                {
                    "value": good.value,
                    "at": payloads.timestamp(good.at + noted.shift),
                    "confidence": round(good.confidence, 6),
                }
                for good in kept.good
            ],
        }
        for name, kept in noted.kept.items()
    }
    return json.dumps(regions, indent=1).encode()


def _read(path: Path, shift: float) -> _Noted | None:
    """Return what an earlier run has left; None where there is nothing that can be used."""
    try:
        found = json.loads(files.read_text(path))
        if not isinstance(found, dict):
            raise ValueError("holds no regions")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        log.warning("%s cannot be read, so no last good values are known: %s", path, error)
        return None
    kept: dict[str, Kept] = {}
    decimals: dict[str, int | Literal["read"]] = {}
    for name, item in found.items():
        try:
            region = _REGION.validate_python(item)
        except ValidationError:
            log.warning("%s: what it says of %r cannot be used; left out", path, name[:64])
            continue
        kept[name] = Kept(tuple(_good(good, shift) for good in region["good"]), region["first"])
        decimals[name] = region["decimals"]
    return _Noted(kept, decimals, shift)


def _good(item: _Good, shift: float) -> Good:
    # A clock that was set back must not make the past the future.
    at = min(item["at"].timestamp(), time.time()) - shift
    return Good(item["value"], at, item["confidence"])
