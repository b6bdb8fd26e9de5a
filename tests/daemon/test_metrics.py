import re
from pathlib import Path
from typing import Any

from camd.daemon.health import Health
from camd.daemon.metrics import MetricsFile, render
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


def payload(sent: int) -> dict[str, Any]:
    return Health(0.0).payload(1.0, CAMERA, {"sent": sent})


def test_who_reads_the_file_finds_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "camd.prom"
    metrics = MetricsFile(path, "desk")
    metrics.write(payload(1))
    with path.open() as reader:
        metrics.write(payload(2))
        assert reader.read() == render("desk", payload(1))
    assert path.read_text() == render("desk", payload(2))
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_link_that_somebody_planted_leads_nowhere(tmp_path: Path) -> None:
    """In a directory of several people, to have us write over what is ours and not theirs."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("camd.prom", ".camd.prom.tmp"):
        (shared / name).symlink_to(victim)
    MetricsFile(shared / "camd.prom", "desk").write(payload(1))
    assert victim.read_text() == "precious"
    assert not (shared / "camd.prom").is_symlink()


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
