"""The history of a region, as the API gives it: points of a range of time, as JSON or CSV."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from camd import history, paths
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.history import Point, Step
from camd.mqtt import payloads
from camd.web.answers import History, PointItem

LATEST = 253_402_300_799.0
"""The last second of the year 9999, since the epoch; later ones have no date."""
USUAL_S = 86_400.0
"""The range where none is asked for, seconds."""
COLUMNS = ("at", "region", "value", "low", "high", "change", "good", "refused", "why")
CALENDAR: tuple[Literal["hour", "day", "month"], ...] = ("hour", "day", "month")


class RangeError(CamdError):
    """The range cannot be answered; the text says what to ask for."""


@dataclass(frozen=True, slots=True)
class Range:
    region: str
    since: float
    """Seconds since the epoch."""
    until: float
    step: Step

    @classmethod
    def of(cls, query: Mapping[str, str], settings: Settings, now: float) -> "Range":
        """Read what was asked for. Raises RangeError; OSError where the file cannot be read."""
        known = [place.name for place in settings.region]
        region = query.get("region", known[0] if known else "")
        if region not in known:
            known += [name for name in _kept(settings) if name not in known]
            if region not in known:
                raise RangeError(f"region: one of these: {', '.join(known) or 'there is none'}")
        until = _moment("until", query.get("until"), now)
        since = _moment("since", query.get("since"), max(0.0, until - USUAL_S))
        if since >= until:
            raise RangeError("since: must be before until")
        return cls(region, since, until, _step(query.get("step"), until - since))


def answer(settings: Settings, asked: Range) -> History:
    """Raises OSError."""
    unit = next((place.unit for place in settings.region if place.name == asked.region), None)
    return {
        "camera": settings.name,
        "region": asked.region,
        "unit": unit,
        "since": payloads.timestamp(asked.since),
        "until": payloads.timestamp(asked.until),
        "step": asked.step,
        "points": [_item(point) for point in _points(settings, asked)],
    }


def table(settings: Settings, asked: Range) -> str:
    """Return it as CSV (RFC 4180). Raises OSError."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for point in _points(settings, asked):
        item = {**_item(point), "region": asked.region}
        writer.writerow([item[name] for name in COLUMNS])
    return text.getvalue()


def _points(settings: Settings, asked: Range) -> list[Point]:
    file = paths.history(settings.name)
    return history.points(file, asked.region, asked.since, asked.until, asked.step)


def _kept(settings: Settings) -> list[str]:
    return history.regions(paths.history(settings.name))


def _item(point: Point) -> PointItem:
    return {
        "at": payloads.timestamp(point.at),
        "value": _short(point.value),
        "low": _short(point.low),
        "high": _short(point.high),
        "change": _short(point.change),
        "good": point.good,
        "refused": point.refused,
        "why": point.why,
    }


def _short(value: float | None) -> float | None:
    """Leave out what subtracting has added beyond the digits of a number."""
    return None if value is None else float(f"{value:.12g}")


def _moment(name: str, text: str | None, otherwise: float) -> float:
    """Read seconds since the epoch, or a time as RFC 3339 has it."""
    if not text:
        return otherwise
    try:
        moment = float(text) if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text) else _date(text)
    except (ValueError, OverflowError, OSError):
        moment = -1.0
    if not 0 <= moment <= LATEST:
        raise RangeError(f"{name}: a time, as 2026-11-30T12:00:00Z, or seconds since 1970")
    return moment


def _date(text: str) -> float:
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _step(text: str | None, seconds: float) -> Step:
    if not text:
        return history.step_for(seconds)
    for part in CALENDAR:
        if text == part:
            return part
    if re.fullmatch(r"\d{1,8}", text):
        return int(text)
    raise RangeError("step: seconds, hour, day or month")
