"""Frames and results to publish, and a broker to publish to."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from paho.mqtt import publish

from camd.daemon.health import Health
from camd.mqtt import crops as codec
from camd.mqtt.embedded import EmbeddedBroker
from camd.mqtt.publisher import Publisher, Stats
from camd.mqtt.timing import Timing
from camd.values import Digit, Event, Frame, Line, Reading, Reason, Rejected, Result
from testing.broker import free_port

Publishers = Callable[..., Publisher]

IMPATIENT = Timing(retry_s=(0.05, 0.05))
"""Tries again at once: a test has no time for pauses made for brokers."""

SEVEN = Digit(7, 0.9934, (412, 96, 38, 61), margin=1.2, track=12, stable=True)
ONE = Digit(1, 0.9996, (460, 98, 12, 60), track=13)


def frame(number: int = 1, at: float = 1_800_000_000.1239, clock: float = 100.0) -> Frame:
    return Frame(np.zeros((720, 1280, 3), np.uint8), number, at, clock)


def result(*events: Event, changed: bool = False, text: str = "7") -> Result:
    return Result(
        digits=(SEVEN, ONE),
        lines=(Line("71", (SEVEN, ONE), (412, 96, 60, 62)),),
        rejected=(Rejected((0, 0, 3, 3), Reason.TOO_SMALL),),
        events=events,
        reading=Reading((text,), (SEVEN,)),
        changed=changed,
    )


def event(track: int = 12) -> Event:
    return Event("new", Digit(7, 0.9934, (412, 96, 38, 61), track=track, stable=True))


def batch(crops: NDArray[np.uint8], number: int = 7) -> bytes:
    """Return a message of crops (N, 28, 28), one beside the other."""
    boxes = [(40 * place, 96, 38, 61) for place in range(len(crops))]
    return codec.encode(
        crops, boxes, camera="desk", boot="9f3c", batch=number, at=frame().at, size=(1280, 720)
    )


def tell(
    broker: Any, topic: str, payload: bytes, *, retain: bool = True, client_id: str = ""
) -> None:
    """Have somebody else publish it."""
    publish.single(topic, payload, 1, retain, broker.host, broker.port, client_id)


INFO = {
    "version": "0.1.0",
    "model": {"id": "a1b2c3d4", "test_accuracy": 0.9964},
    "source": "/dev/video0",
    "size": [1280, 720],
    "options": {"min_confidence": 0.9, "lines": {"gap": 1.5}},
}


def health() -> dict[str, Any]:
    """As `Health` makes it of one frame."""
    counts = Health(started=70.0)
    counts.frame(result(), 0.0182, 100.0)
    camera = {
        "captured": 31, "dropped": 2, "corrupt": 0, "reconnects": 0, "state": "open", "error": "",
        "failures": {},
    }  # fmt: skip
    return counts.payload(100.0, camera, asdict(STATS))


STATS = Stats(
    state="connected",
    error="",
    connected=True,
    alive=True,
    failures=0,
    queued=0,
    sent=4,
    dropped=1,
    events_dropped=0,
    events_unsaved=0,
    events_file="",
    requests_ignored=0,
)


class Embedded:
    """The embedded broker, with the handles that the tests turn on mosquitto."""

    host = "127.0.0.1"

    def __init__(self, **options: Any) -> None:
        """`options`: those of the broker's constructor."""
        self.port = free_port()
        self._options = options
        self.start()

    def start(self) -> None:
        self._broker = EmbeddedBroker(self.host, self.port, **self._options)
        assert self._broker.start() == (self.host, self.port)

    def stop(self) -> None:
        self._broker.stop()
