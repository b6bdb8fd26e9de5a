"""Watches over the threads of a running daemon, and tells systemd and the log."""

import logging
from typing import TYPE_CHECKING

from camd.capture.capture import Capture
from camd.daemon import watchdog
from camd.daemon.watchdog import Vitals
from camd.mqtt.publisher import Publisher
from camd.service.notify import Service

if TYPE_CHECKING:
    from camd.mqtt.embedded import EmbeddedBroker

log = logging.getLogger(__name__)


class Pulse:
    """Beats in the main loop, so that it stops with that one."""

    def __init__(
        self,
        capture: Capture,
        publisher: Publisher | None,
        broker: "EmbeddedBroker | None",
        service: Service,
        timeout_s: float,
    ) -> None:
        """`timeout_s`: what one call to the camera's driver may take."""
        self.problem = ""
        """What has stopped for good, as watchdog.py says; "" while all goes on."""
        self._capture = capture
        self._publisher = publisher
        self._broker = broker
        self._service = service
        self._timeout_s = timeout_s
        self._unread_since: float | None = None

    def read(self) -> None:
        """Note that a frame was read, or put aside on purpose."""
        self._unread_since = None

    def beat(self, now: float, status: str) -> None:
        """Look around and tell. `now`: seconds, monotonic; `status`: how it goes, in words."""
        problem = watchdog.problem(self._vitals(now), now, self._timeout_s)
        if problem != self.problem:
            self.problem = problem
            if problem:
                log.error("%s; only a new start helps", problem)
            else:
                log.info("all goes on again")
        self._service.tick(now, status, problem)

    def _vitals(self, now: float) -> Vitals:
        stats = self._capture.stats()
        if stats.last_frame is None or now - stats.last_frame > watchdog.UNPROCESSED_S:
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
