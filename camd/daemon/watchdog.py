"""PURE: whether the daemon still does its work, or only looks as if it did.

A camera that is absent, busy or frozen is waited for, which is work. A thread that hangs or is
gone is not: no code of ours can mend it, so the watchdog is left to start the process anew.
"""

from dataclasses import dataclass

HANGING = 5.0
"""A call to the driver is given up after so many times what it is allowed to take: opening a stream
may use up its time for its name, its address, its picture, and for asking why it failed."""
UNPROCESSED_S = 10.0
"""Frames come, but none was good enough to be read for so long: each is too old, say."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """Times are seconds on one monotonic clock."""

    capturing: bool
    """The capture thread runs."""
    calling_since: float | None
    """When the call to the driver that has not returned yet began."""
    unread_since: float | None
    """Since when frames have come without one that was read or put aside on purpose."""
    publishing: bool
    """The MQTT thread runs, or none is wanted."""
    serving: bool = True
    """The embedded broker runs, or none is wanted."""


def problem(vitals: Vitals, now: float, timeout_s: float) -> str:
    """Say in a few words what has stopped for good; "" while all goes on.

    `timeout_s`: what one call to the driver may take, as the settings say."""
    if not vitals.capturing:
        return "the capture thread is gone"
    if vitals.calling_since is not None and now - vitals.calling_since > HANGING * timeout_s:
        return "the camera's driver does not return"
    if not vitals.publishing:
        return "the MQTT thread is gone"
    if not vitals.serving:
        return "the embedded broker is gone"
    if vitals.unread_since is not None and now - vitals.unread_since > UNPROCESSED_S:
        return "frames are captured but not processed"
    return ""
