import re
from pathlib import Path

from camd.daemon.health import Health
from camd.daemon.metrics import render
from camd.values import Rejected, Result
from testing.process import camd
from tests.daemon.test_health import CAMERA

LINE = re.compile(r'[a-z_][a-z0-9_]*\{camera="desk"(,[a-z]+="[^"\n]+")?\} [-+0-9.e]+')


def test_every_line_is_prometheus_text() -> None:
    health = Health(0.0)
    result = Result(rejected=(Rejected((0, 0, 1, 1), "too small"),), stages={"segment": 0.002})
    health.frame(result, 0.1, 1.0)
    text = render("desk", health.payload(2.0, CAMERA, {"sent": 5, "alive": True, "error": "x"}))
    lines = text.splitlines()
    assert all(LINE.fullmatch(line) for line in lines), text
    assert len(set(lines)) == len(lines)
    for line in (
        'camd_frames_captured{camera="desk"} 9',
        'camd_camera_state{camera="desk",state="open"} 1',
        'camd_camera_failures{camera="desk",reason="missing"} 1',
        'camd_rejected{camera="desk",reason="too small"} 1',
        'camd_messages_sent{camera="desk"} 5',
        'camd_messages_alive{camera="desk"} 1',
        'camd_latency_ms_p50{camera="desk"} 100',
        'camd_uptime_s{camera="desk"} 2',
    ):
        assert line in lines


def test_the_file_is_written_whole_and_a_bad_place_does_no_harm(tmp_path: Path) -> None:
    for place, there in ((tmp_path / "camd.prom", True), (tmp_path / "no" / "camd.prom", False)):
        env = {"CAMD_METRICS__FILE": str(place)}
        arguments = ("run", "--device", "demo", "--broker", "none", "--frames", "5")
        done = camd(*arguments, home=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        assert place.exists() == there
        assert ("metrics.file" in done.stderr) != there
    text = (tmp_path / "camd.prom").read_text()
    assert 'camd_frames_processed{camera="camd"} 5' in text
    assert not list(tmp_path.glob("*.tmp"))
