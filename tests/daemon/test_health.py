import pytest

from camd.daemon.health import Health
from camd.values import Rejected, Result

CAMERA = {
    "captured": 9, "dropped": 2, "corrupt": 1, "reconnects": 3, "state": "open", "error": "",
    "failures": {"missing": 1},
}  # fmt: skip


def test_nothing_seen_yet() -> None:
    payload = Health(10.0).payload(10.5, CAMERA, {})
    assert payload["fps"] == 0
    assert payload["latency_ms"] == {"p50": 0, "p99": 0}
    assert payload["uptime_s"] == 0.5


def test_fps_latency_and_counts() -> None:
    health = Health(0.0)
    box = (0, 0, 1, 1)
    for i in range(101):
        health.frame(
            Result(rejected=(Rejected(box, "too small"),), stages={"svm": 0.002}),
            age=i / 1000,
            now=i / 25,
        )
    payload = health.payload(4.0, CAMERA, {"sent": 5})
    assert payload["fps"] == pytest.approx(25)
    assert payload["latency_ms"] == {"p50": 50.0, "p99": 99.0}
    assert payload["stages_ms"] == {"svm": 2.0}
    assert payload["frames"] == {"captured": 9, "processed": 101, "dropped": 2, "corrupt": 1}
    assert payload["rejected"] == {"too small": 101}
    assert payload["messages"] == {"sent": 5}


def test_fps_falls_when_no_frame_comes() -> None:
    health = Health(0.0)
    for i in range(30):
        health.frame(Result(), 0.01, i / 30)
    assert health.fps(11.0) < 3.1
