"""A page that is really served, and somebody who asks it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from camd.config.settings import Settings, WebSettings
from camd.display.overlay import Hud
from camd.web.changes import Changes
from camd.web.feed import Feed, State
from camd.web.learning import Learning
from camd.web.server import Page
from testing.broker import free_port, until
from testing.scenes import health

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    port: int
    headers: dict[str, str] = field(default_factory=dict)
    source: str = "127.0.0.1"
    """The address that is asked from, one of this machine."""

    def ask(self, path: str, data: Any = None, *, method: str = "", **headers: str) -> Answer:
        """Send a request: a POST where there are `data`. Underscores of headers become hyphens."""
        connection = HTTPConnection(
            "127.0.0.1", self.port, timeout=60, source_address=(self.source, 0)
        )
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = self.headers | given
        body = None
        if data is not None:
            body = json.dumps(data)
            sent = {"content-type": "application/json"} | sent
        try:
            connection.request(method or ("POST" if body else "GET"), path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def log_in(self, password: str = PASSWORD) -> Answer:
        answer = self.ask("/session", {"password": password})
        if answer.status == 200:
            self.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
            self.headers["x-camd-token"] = answer.json["token"]
        return answer


@contextmanager
def serving(
    feed: Feed | None = None,
    changes: Changes | None = None,
    learning: Learning | None = None,
    **options: Any,
) -> Iterator[Client]:
    web = WebSettings(**{"enabled": True, "port": free_port(), **options})
    nowhere = Changes(Path("/nowhere/config.toml"), lambda: None)
    page = Page(web, feed or Feed(), changes or nowhere, learning or Learning(None, lambda: None))
    page.start()
    try:
        yield Client(web.port)
    finally:
        page.stop()


def state(clock: float = 0.0, **hud: Any) -> State:
    """The state of a camera, as the loop says it, `camera` being what the camera is."""
    payload = health()
    payload["camera"]["state"] = hud.get("camera", "open")
    return State(payload, Hud(**hud), clock)


def settings(**more: Any) -> Settings:
    return Settings(name="desk", **more)


__all__ = ["Answer", "Client", "serving", "settings", "state", "until"]
