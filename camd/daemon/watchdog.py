"""Watches whether the daemon still works, and tells systemd and the log.

Waiting for a camera that is absent, busy or frozen counts as work. A thread that hangs or has ended
does not, and no code here can repair it: so systemd's watchdog is left to start the process anew.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camd.capture.capture import Capture
from camd.mqtt.publisher import Publisher
from camd.service.notify import Service

if TYPE_CHECKING:
    from camd.mqtt.embedded import EmbeddedBroker


HANGING = 5.0
"""A call to the driver counts as hanging after so many times camera.timeout_s. Opening a stream may
take that time once each for its name, its address and its picture, and for finding out why it
failed."""
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
    """Since when frames have come, but none was read or skipped on purpose."""
    publishing: bool
    """The MQTT thread runs, or none is wanted."""
    serving: bool = True
    """The embedded broker runs, or none is wanted."""


def problem(
    vitals: Vitals, now: float, timeout_s: float, unprocessed_s: float = UNPROCESSED_S
) -> str:
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
    if vitals.unread_since is not None and now - vitals.unread_since > unprocessed_s:
        return "frames are captured but not processed"
    return ""


log = logging.getLogger(__name__)


class Pulse:
    """Called in the main loop: if that hangs, the signs of life stop, too."""

    def __init__(
        self,
        capture: Capture,
        publisher: Publisher | None,
        broker: "EmbeddedBroker | None",
        service: Service,
        timeout_s: float,
        unprocessed_s: float = UNPROCESSED_S,
    ) -> None:
        """`timeout_s`: what one call to the camera's driver may take."""
        self.problem = ""
        """What has stopped for good, as `problem` says; "" while all goes on."""
        self._capture = capture
        self._publisher = publisher
        self._broker = broker
        self._service = service
        self._timeout_s = timeout_s
        self._unprocessed_s = unprocessed_s
        self._unread_since: float | None = None

    def read(self) -> None:
        """Note that a frame was read, or skipped on purpose."""
        self._unread_since = None

    def beat(self, now: float, status: str) -> None:
        """Look around and tell. `now`: seconds, monotonic; `status`: how it goes, in words."""
        stopped = problem(self._vitals(now), now, self._timeout_s, self._unprocessed_s)
        if stopped != self.problem:
            self.problem = stopped
            if stopped:
                log.error("%s; only a new start helps", stopped)
            else:
                log.info("all goes on again")
        self._service.tick(now, status, stopped)

    def _vitals(self, now: float) -> Vitals:
        stats = self._capture.stats()
        if stats.last_frame is None or now - stats.last_frame > self._unprocessed_s:
            self._unread_since = None
        elif self._unread_since is None:
            self._unread_since = now
        return Vitals(
            capturing=self._capture.alive or stats.state == "ended",
            calling_since=stats.calling_since,
            unread_since=self._unread_since,
            publishing=self._publisher is None or self._publisher.stats().alive,
            serving=self._broker is None or self._broker.alive,
        )
