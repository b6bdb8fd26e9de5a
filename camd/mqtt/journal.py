"""Events on disk, so that they outlive the process: gone once delivered."""

import itertools
import logging
from dataclasses import replace
from pathlib import Path

from camd.mqtt import events_file
from camd.mqtt.events_file import DamagedError, EventsFile, Found
from camd.mqtt.outbox import Left, Message

log = logging.getLogger(__name__)

AT_ONCE = 1000
"""Most events written in one go: that takes some hundredths of a second."""


class DiskJournal:
    """The Journal of an outbox. Several threads call it, one at a time: under the outbox' lock.

    All waiting events are in memory, and in the file as well where possible. What could not be
    written or deleted is tried again at each call. So no event is lost while the disk fails or
    another program uses the file, as long as the process lives. Where the file is damaged, a new
    one gets all events. The log says when a trouble begins and when it is over."""

    def __init__(self, path: Path, limit: int) -> None:
        """`limit`: how many events of an earlier process are kept."""
        self._path = path
        self._limit = limit
        self._file: EventsFile | None = None
        self._keys = itertools.count(1)
        self._held: dict[int, Message] = {}
        """The waiting events, by key."""
        self._rows: dict[int, int] = {}
        """Their rows in the file, by key; an event that is not written yet has none."""
        self._unwritten: dict[int, None] = {}
        """Keys without a row, in order."""
        self._overdue: list[int] = []
        """Rows still to be deleted: otherwise the next process would send them again."""
        self._left = Left()
        self._set_aside = ""
        self._failing = ""
        self._closed = False
        self._follow()

    @property
    def trouble(self) -> str:
        """What is wrong with the file; "" while all is well."""
        return self._failing or self._set_aside

    def load(self) -> Left:
        if not self._file:
            self._follow()
        left, self._left = self._left, Left()
        return left

    def add(self, message: Message) -> int:
        key = next(self._keys)
        self._held[key] = replace(message, key=key)
        self._unwritten[key] = None
        self._follow()
        return key

    def saved(self, key: int) -> bool:
        return key in self._rows

    def remove(self, key: int) -> None:
        self._held.pop(key, None)
        self._unwritten.pop(key, None)
        row = self._rows.pop(key, None)
        if row is not None:
            self._overdue.append(row)
        self._follow()

    def close(self) -> None:
        self._closed = True
        if self._file:
            self._file.close()

    def _follow(self) -> None:
        """Bring the file up to date with what is in memory, as far as possible now."""
        if self._closed:
            return
        if self._file and not self._overdue and not self._unwritten:
            return  # nothing to write; whether it could be written stays unknown
        try:
            try:
                self._write(self._open())
            except DamagedError as exc:
                self._begin_anew(exc)
                self._write(self._open())
        except (OSError, DamagedError) as exc:
            self._fail(str(getattr(exc, "strerror", None) or exc))
        else:
            if self._failing and not self._unwritten:
                self._failing = ""
                log.info("events are kept on disk again")

    def _write(self, file: EventsFile) -> None:
        if self._overdue:
            file.remove(self._overdue)
            self._overdue = []
        keys = list(itertools.islice(self._unwritten, AT_ONCE))
        if keys:
            rows = file.add(self._held[key] for key in keys)
            self._rows.update(zip(keys, rows, strict=True))
            for key in keys:
                del self._unwritten[key]

    def _open(self) -> EventsFile:
        if not self._file:
            self._file = EventsFile(self._path, self._limit)
            found = self._file.found
            self._rows.update(zip(self._inherit(found), found.rows, strict=True))
            if found.dropped:
                log.warning(
                    "%s: %d events are kept, %d are dropped (mqtt.outbox_size), and %d rows that "
                    "are no events",
                    *(self._path, len(found.rows), found.dropped - found.bad, found.bad),
                )
        return self._file

    def _begin_anew(self, why: DamagedError) -> None:
        aside = events_file.set_aside(self._path)
        if self._file:  # all that is in it is in memory, too
            self._file.close()
            self._file = None
        else:
            self._inherit(events_file.salvage(aside, self._limit))
        self._rows = {}
        self._overdue = []
        self._unwritten = dict.fromkeys(self._held)
        self._set_aside = f"{why}; set aside as {aside.name}"
        log.error(
            "%s: %s; set aside as %s, a new one is begun with the %d events that are left",
            *(self._path, why, aside, len(self._held)),
        )

    def _inherit(self, found: Found) -> list[int]:
        """Take over the events of an earlier process; return their keys."""
        earlier = {}
        for message in found.rows.values():
            key = next(self._keys)
            earlier[key] = replace(message, key=key)
        self._held = earlier | self._held
        messages = (*self._left.messages, *earlier.values())
        self._left = Left(messages, self._left.dropped + found.dropped)
        return list(earlier)

    def _fail(self, why: str) -> None:
        level = logging.DEBUG if self._failing else logging.ERROR
        log.log(level, "events are kept in memory only: %s: %s", self._path, why)
        self._failing = f"events are kept in memory only: {why}"
