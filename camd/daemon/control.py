"""Obeys requests over MQTT, between one frame and the next."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from camd.config.live import LiveOptions
from camd.config.settings import Settings
from camd.errors import CamdError
from camd.mqtt.publisher import Publisher
from camd.mqtt.requests import Request
from camd.regions.value import problem
from camd.values import RegionEvent

log = logging.getLogger(__name__)


class RequestError(Exception):
    """The request cannot be obeyed. The text is sent to whoever asked."""


class Commanded(Protocol):
    """What can be asked of the loop."""

    paused: bool

    def take_snapshot(self) -> bool:
        """Publish a picture soon; False where there is none yet."""

    def status(self) -> Mapping[str, Any]:
        """Return the `health` payload."""

    def retune(self, settings: Settings) -> None: ...

    def set_good(self, region: str, value: float | None) -> RegionEvent:
        """Have a region go on from a value that somebody knows to be right; None: from none."""


class Control:
    """Belongs to the loop's thread. No request raises."""

    def __init__(self, publisher: Publisher, live: LiveOptions, reload: Callable[[], None]) -> None:
        """`reload` checks the configuration and makes camd use it, or raises CamdError."""
        self._publisher = publisher
        self._live = live
        self._reload = reload
        self._told: tuple[object, ...] = ()

    def tick(self, loop: Commanded) -> None:
        """Answer the requests since the last call, and publish `state` if it has changed."""
        for request in self._publisher.requests():
            self._answer(request, loop)
        state = (loop.paused, *self._live.shown().values())
        if state != self._told:
            self._told = state
            self._publisher.state(detection=not loop.paused, options=self._live.shown())

    def _answer(self, request: Request, loop: Commanded) -> None:
        try:
            if request.error:
                raise RequestError(request.error)
            data = self._obey(request, loop)
        except RequestError as error:
            log.info("request %s refused: %s", request.command, error)
            self._publisher.respond(request, error=str(error))
        except Exception:
            log.exception("request %s failed by a bug in camd", request.command)
            self._publisher.respond(request, error="a bug in camd; its log says more")
        else:
            log.info("request %s obeyed", request.command)
            self._publisher.respond(request, data)

    def _obey(self, request: Request, loop: Commanded) -> Mapping[str, Any]:
        match request.command:
            case "snapshot":
                if not loop.take_snapshot():
                    raise RequestError("there is no picture yet")
            case "pause" | "resume":
                loop.paused = request.command == "pause"
            case "status":
                return loop.status()
            case "set":
                return self._set(request.arguments, loop)
            case "reload":
                self._take_over()
            case "region/set" | "region/forget":
                return self._set_good(request, loop)
        return {}

    def _set_good(self, request: Request, loop: Commanded) -> Mapping[str, Any]:
        regions = {region.name: region for region in self._live.settings.region}
        name = request.arguments.get("region")
        if not isinstance(name, str) or name not in regions:
            known = ", ".join(regions) or "none: the configuration has no region"
            raise RequestError(f"region: one of these: {known}")
        value = None
        if request.command == "region/set":
            value = request.arguments.get("value")
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise RequestError("value: a number")
            if wrong := problem(regions[name], value):
                raise RequestError(f"value: {wrong}")
        event = loop.set_good(name, value)
        return {"region": name, "value": event.value, "was": event.was}

    def _set(self, arguments: Mapping[str, Any], loop: Commanded) -> Mapping[str, Any]:
        options = dict(arguments)
        detection = options.pop("detection", not loop.paused)
        if not isinstance(detection, bool):
            raise RequestError("detection: true or false")
        if options:
            try:
                settings = self._live.change(options)
            except ValueError as error:
                raise RequestError(str(error)) from error
            except OSError as error:
                raise RequestError(f"cannot be kept: {error.strerror}") from error
            loop.retune(settings)
        loop.paused = not detection
        return {"detection": detection, "options": self._live.shown()}

    def _take_over(self) -> None:
        try:
            self._reload()
        except CamdError as error:
            log.error("not reloaded, the old configuration stays in force: %s", error)
            raise RequestError("the configuration is wrong; camd's log says how") from error
