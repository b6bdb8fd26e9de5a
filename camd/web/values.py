"""Setting the last good value of a region, and having it forgotten, as `request/region/set` does
over MQTT."""

import asyncio

from camd.config.settings import READ
from camd.errors import CamdError
from camd.regions.value import problem
from camd.web.answers import Changed
from camd.web.feed import Feed

WAIT_S = 5.0
"""Longest wait for the loop, seconds: it answers between two frames."""


class RefusedError(CamdError):
    """The value cannot be set; the text says why."""


async def obey(feed: Feed, region: str, value: float | None) -> Changed:
    """Have the loop go on from `value`; None: from none. Raises CamdError."""
    places = {place.name: place for place in feed.settings.region}
    if region not in places:
        known = ", ".join(places) or "none: the configuration has no region"
        raise RefusedError(f"region: one of these: {known}")
    if value is not None:
        if places[region].decimals in (0, READ) and value == int(value):
            value = int(value)
        if wrong := problem(places[region], value):
            raise RefusedError(f"value: {wrong}")
    try:
        event = await asyncio.wait_for(asyncio.wrap_future(feed.wish(region, value)), WAIT_S)
    except TimeoutError:
        raise RefusedError("camd is busy, or starts anew: try again") from None
    return {"region": region, "value": event.value, "was": event.was}
