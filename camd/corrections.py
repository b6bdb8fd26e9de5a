"""Keeps crops of digits that were unsure, refused, or changed by a person, for somebody to say what
they are: `camd learn` learns from that.

The loop hands crops over and waits for nothing; a thread of the store writes them, in a file of
SQLite.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from camd.errors import CamdError
from camd.geometry import Corners
from camd.values import SIDE, Box, FloatArray, Frame, Image, Reason, Rejected, Result

log = logging.getLogger(__name__)

Why = Literal["unsure", "refused", "changed"]

UNSURE = 0.9
"""A digit with less confidence is unsure. On the 134 real images camd is measured with, 4 of 53
with 0.9 to 0.95 are wrong, and 6 of 962 above that."""
OFTEN = 15
"""A mark that is refused, or never settles, is kept once it was seen in so many frames: what a hand
shows in passing is none."""
PAUSE_S = 2.0
"""Least time between two crops that are kept because they were unsure or refused, seconds: a page
of letters has a hundred marks that are refused."""
ALIKE = 0.997
"""Crops whose product, blurred and of length 1, is greater than this show the same writing: of
rendered digits half of those seen twice have 0.9997 and more, of two 4s of one writer one in 100
has this."""
COMPARED = 400
"""Newest crops that a new one is compared with."""
FORGOTTEN = 2000
"""Marks and tracks that are remembered, so as to count how often they were seen."""
AROUND = 1.2
"""Of the height of a digit, what is shown around it."""
HIGH = 96
"""Height of the picture of the surroundings, pixels."""
LEAST_LABELLED = 10
"""Labelled crops below which nothing is learnt: of fewer, chance alone can make a model look
better."""
MOST_LABELLED = 5000
"""Labelled crops kept; the oldest go first. 15 MB."""

_REFUSED = (Reason.NOT_A_DIGIT, Reason.UNSURE, Reason.AMONG_LETTERS)
_SCHEMA = """
BEGIN;
CREATE TABLE IF NOT EXISTS crop (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,            -- seconds since the epoch
    region TEXT NOT NULL,        -- empty: of the whole picture
    why TEXT NOT NULL,
    guess INTEGER NOT NULL,      -- what it was taken for, or a person's value says; -1: no digit
    confidence REAL NOT NULL,
    model TEXT NOT NULL,
    box TEXT NOT NULL,           -- x, y, width, height, pixels of the frame
    pixels BLOB NOT NULL,        -- 28x28 bytes
    around BLOB NOT NULL,        -- JPEG
    label INTEGER,               -- 0 to 9, -1: no digit; NULL: nobody has said
    labelled REAL,
    skipped INTEGER NOT NULL DEFAULT 0
);
PRAGMA user_version = 1;
COMMIT;
"""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A crop, and where it came from."""

    at: float
    """Seconds since the epoch."""
    region: str
    why: Why
    guess: int
    """What camd took it for; where a person has set a value, what that says. -1: no digit."""
    confidence: float
    model: str
    box: Box
    crop: NDArray[np.uint8]
    """(28, 28)."""
    around: bytes
    """A JPEG of what lies around it."""
    id: int = 0
    label: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    left: int
    """Crops that nobody has labelled."""
    digits: int
    """Labelled as a digit."""
    others: int
    """Labelled as no digit."""


class Collector:
    """Chooses what is kept. Belongs to the loop's thread."""

    def __init__(self, store: "Store", model: str) -> None:
        self._store = store
        self._model = model
        self._seen: dict[object, int] = {}
        self._known: deque[FloatArray] = deque(
            (likeness(sample.crop) for sample in store.newest(COMPARED)), COMPARED
        )
        self._next = 0.0

    def see(self, frame: Frame, result: Result) -> None:
        """Keep what is unsure or refused in a frame, if it has been there for a while."""
        if frame.clock < self._next:
            return
        for digit in result.digits:
            if digit.crop is not None and digit.confidence < UNSURE:
                often = 1 if digit.stable else OFTEN
                if self._count(("track", digit.track)) == often:
                    guess, sure = digit.digit, digit.confidence
                    self._keep(frame, result, digit.box, digit.crop, "unsure", guess, sure)
        for mark in result.rejected:
            seen = mark.crop is not None and mark.reason in _REFUSED
            if seen and self._count(_place(mark)) == OFTEN:
                assert mark.crop is not None
                self._keep(frame, result, mark.box, mark.crop, "refused", -1, 0.0)

    def changed(
        self, frame: Frame, result: Result, region: str, right: Callable[[int], str]
    ) -> None:
        """Keep the digits of a region that a person has said to be others: `right` gives the text
        of a number of so many digits."""
        outline = next((one.outline for one in result.regions if one.name == region), ())
        digits = sorted(
            (digit for digit in result.digits if _inside(digit.box, outline)),
            key=lambda digit: digit.box[0],
        )
        text = right(len(digits))
        if len(text) != len(digits):
            return
        for digit, char in zip(digits, text, strict=True):
            if digit.crop is not None and digit.digit != int(char):
                guess, sure = int(char), digit.confidence
                self._keep(frame, result, digit.box, digit.crop, "changed", guess, sure)

    def _count(self, key: object) -> int:
        if len(self._seen) > FORGOTTEN:
            self._seen.clear()
        self._seen[key] = self._seen.get(key, 0) + 1
        return self._seen[key]

    def _keep(
        self,
        frame: Frame,
        result: Result,
        box: Box,
        crop: NDArray[np.uint8],
        why: Why,
        guess: int,
        confidence: float,
    ) -> None:
        like = likeness(crop)
        if any(float(like @ known) > ALIKE for known in self._known):
            return
        self._known.append(like)
        if why != "changed":
            self._next = frame.clock + PAUSE_S
        region = next((one.name for one in result.regions if _inside(box, one.outline)), "")
        around = surroundings(frame.shown(), box)
        self._store.add(
            Sample(frame.at, region, why, guess, confidence, self._model, box, crop.copy(), around)
        )


def _place(mark: Rejected) -> object:
    """Return what is the same for one mark in all frames, though it trembles."""
    x, y, width, height = mark.box
    size = max(8, height)
    return mark.reason, round((x + width / 2) / size), round((y + height / 2) / size), size // 8


def likeness(crop: NDArray[np.uint8]) -> FloatArray:
    """Return what two crops of the same writing have in common, (196,), of length 1."""
    soft = cv2.GaussianBlur(crop, (0, 0), 1.0)
    small = cv2.resize(soft, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)
    flat = small.astype(np.float32).ravel()
    return np.asarray(flat / max(1.0, float(np.linalg.norm(flat))), np.float32)


def surroundings(image: Image, box: Box) -> bytes:
    """Return a JPEG of what lies in and around `box`, BGR or grey uint8."""
    x, y, width, height = box
    more = round(AROUND * height)
    top, left = max(0, y - more), max(0, x - 2 * more)
    cut = image[top : y + height + more, left : x + width + 2 * more]
    scale = HIGH / cut.shape[0]
    size = max(1, round(scale * cut.shape[1])), HIGH
    smaller = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    done, data = cv2.imencode(".jpg", smaller, (cv2.IMWRITE_JPEG_QUALITY, 75))
    assert done
    return data.tobytes()


class Store:
    """The crops of one camera. `add` never blocks; all else asks the file, from any thread."""

    def __init__(self, path: Path, most: int) -> None:
        """`most`: unlabelled crops that are kept."""
        self._path = path
        self._most = most
        self._waiting: deque[Sample] = deque(maxlen=100)
        self._changed = threading.Condition()
        self._closing = False
        self._failing = False
        self._thread: threading.Thread | None = None

    def add(self, sample: Sample) -> None:
        with self._changed:
            self._waiting.append(sample)
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="camd-crops", daemon=True)
            self._thread.start()

    def close(self, timeout: float) -> None:
        """Write what waits, within `timeout` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread:
            self._thread.join(timeout)

    def newest(self, most: int) -> list[Sample]:
        """Return the newest crops, labelled or not; none where the file cannot be read."""
        try:
            with self._open() as database:
                return _samples(database, "ORDER BY id DESC LIMIT ?", (most,))
        except CamdError as error:
            log.warning("%s", error)
            return []

    def to_label(self, most: int) -> list[Sample]:
        """Return crops that nobody has labelled: what a person has changed first, then the newest.

        Raises CamdError."""
        with self._open() as database:
            return _samples(
                database,
                "WHERE label IS NULL AND NOT skipped ORDER BY why = 'changed' DESC, id DESC"
                " LIMIT ?",
                (most,),
            )

    def labelled(self) -> list[Sample]:
        """Return all labelled crops. Raises CamdError."""
        with self._open() as database:
            return _samples(database, "WHERE label IS NOT NULL ORDER BY id")

    def counts(self) -> Counts:
        """Raises CamdError."""
        with self._open() as database:
            row = database.execute(
                "SELECT sum(label IS NULL AND NOT skipped), sum(label >= 0), sum(label = -1)"
                " FROM crop"
            ).fetchone()
        return Counts(*(int(one or 0) for one in row))

    def label(self, number: int, label: int | None, *, skip: bool = False) -> bool:
        """Say what a crop shows, 0 to 9 or -1 for no digit; None: take it back, or `skip` it. False
        where there is no such crop. Raises CamdError."""
        with self._open() as database:
            found = database.execute(
                "UPDATE crop SET label = ?, labelled = ?, skipped = ? WHERE id = ?",
                (label, time.time(), int(skip), number),
            )
            database.execute(
                "DELETE FROM crop WHERE label IS NOT NULL AND id NOT IN (SELECT id FROM crop WHERE"
                " label IS NOT NULL ORDER BY id DESC LIMIT ?)",
                (MOST_LABELLED,),
            )
            return found.rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Give the file in a transaction; what is wrong with it is a CamdError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=10, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise CamdError(f"{self._path} cannot be used: {error}") from error
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            if database.execute("PRAGMA user_version").fetchone() == (0,):
                database.executescript(_SCHEMA)
            database.execute("BEGIN")
            yield database
            database.execute("COMMIT")
        except sqlite3.Error as error:
            raise CamdError(f"{self._path} cannot be used: {error}") from error
        finally:
            database.close()  # what is not committed is taken back

    def _run(self) -> None:
        """Runs in the thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                some, closing = list(self._waiting), self._closing
                self._waiting.clear()
            try:
                self._write(some)
            except CamdError as error:
                if not self._failing:
                    log.warning("crops to be labelled are lost: %s", error)
                self._failing = True
            else:
                self._failing = False
            if closing:
                return

    def _write(self, some: Iterable[Sample]) -> None:
        with self._open() as database:
            database.executemany(
                "INSERT INTO crop (at, region, why, guess, confidence, model, box, pixels, around)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        one.at, one.region, one.why, one.guess, one.confidence, one.model,
                        ",".join(map(str, one.box)), one.crop.tobytes(), one.around,
                    )
                    for one in some
                ],
            )  # fmt: skip
            database.execute(
                "DELETE FROM crop WHERE label IS NULL AND id NOT IN (SELECT id FROM crop WHERE"
                " label IS NULL ORDER BY skipped, id DESC LIMIT ?)",
                (self._most,),
            )


def _samples(database: sqlite3.Connection, which: str, given: Sequence[int] = ()) -> list[Sample]:
    rows = database.execute(
        "SELECT at, region, why, guess, confidence, model, box, pixels, around, id, label"
        " FROM crop " + which,
        given,
    )
    found = []
    for at, region, why, guess, confidence, model, box, pixels, around, number, label in rows:
        x, y, width, height = map(int, box.split(","))
        crop = np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
        found.append(
            Sample(
                at, region, why, guess, confidence, model, (x, y, width, height), crop, around,
                number, label,
            )
        )  # fmt: skip
    return found


def _inside(box: Box, outline: Corners) -> bool:
    """Tell whether the middle of `box` lies in `outline`, pixels."""
    if not outline:
        return False
    x, y, width, height = box
    polygon = np.array(outline, np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(polygon, (x + width / 2, y + height / 2), False) >= 0
