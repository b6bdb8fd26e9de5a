"""PURE. Reads requests, and decides which are heard and which ignored."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from camd.mqtt.throttle import Bucket

ARGUMENTS: Mapping[str, frozenset[str] | None] = {
    "snapshot": frozenset(),
    "pause": frozenset(),
    "resume": frozenset(),
    "status": frozenset(),
    "set": None,
    "reload": frozenset(),
    "region/set": frozenset({"region", "value"}),
    "region/forget": frozenset({"region"}),
}
"""By the name of each request, what it may say beside `transaction`; None: any option."""
COMMANDS = tuple(ARGUMENTS)
MOST_BYTES = 4096
MOST_TRANSACTION = 256
"""Most characters of a request's `transaction`, as JSON: it is sent back in the answer."""
BURST, PER_SECOND = 20, 5.0
"""Most requests at once, and most a second on average."""

_NAME = re.compile(r"(region/)?[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Request:
    command: str
    transaction: Any = None
    """A JSON value of the sender's choice, by which it recognises the answer."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """What is to be done with what, or the options to change."""
    error: str = ""
    """Why it cannot be obeyed; "" if nothing is wrong with it."""


class Hearing:
    """Decides for each request whether it is heard. Called by one thread."""

    def __init__(self) -> None:
        self._bucket = Bucket(BURST, PER_SECOND)
        self._scolded = False
        self.ignored = 0
        """Requests without an answer: retained ones, and what goes beyond the rate."""

    def hear(self, command: str, payload: bytes, *, retained: bool, now: float) -> Request | None:
        """Return the request, or None where it is to be ignored.

        The first beyond the rate gets an error, the others nothing: answers are traffic too."""
        if retained:  # a retained request would be obeyed again at each start
            self.ignored += 1
            return None
        if not self._bucket.take(now):
            if self._scolded:
                self.ignored += 1
                return None
            self._scolded = True
            return Request(_shown(command), error="too many requests; the next ones get no answer")
        self._scolded = False
        return parse(command, payload)


def parse(command: str, payload: bytes) -> Request:
    """Return the request that `payload` makes. If it cannot be obeyed, `error` says why."""
    shown = _shown(command)
    if len(payload) > MOST_BYTES:
        return Request(shown, error=f"more than {MOST_BYTES} bytes")
    try:
        body = _body(payload)
    except ValueError as error:
        return Request(shown, error=str(error))
    transaction = body.pop("transaction", None)
    if len(json.dumps(transaction)) > MOST_TRANSACTION:
        return Request(shown, error=f"a transaction of more than {MOST_TRANSACTION} characters")
    if command not in COMMANDS:
        return Request(shown, transaction, error=f"unknown; known are {', '.join(COMMANDS)}")
    allowed = ARGUMENTS[command]
    if allowed is not None and body.keys() - allowed:
        known = " and ".join(sorted(allowed | {"transaction"}))
        return Request(shown, transaction, error=f"takes no arguments but {known}")
    return Request(command, transaction, body)


def _shown(command: str) -> str:
    """Return the name under which the answer is published: one that fits in a topic."""
    return command if _NAME.fullmatch(command) else "unknown"


def _body(payload: bytes) -> dict[str, Any]:
    """Parse the payload. Raises ValueError where it is no JSON object, or could not be sent
    back."""
    if not payload.strip():
        return {}
    try:
        body = json.loads(payload, parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # bad JSON, bad UTF-8, half a surrogate pair, depth
        raise ValueError("not valid JSON") from None
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")
    return body


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)
