from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from camd.daemon.health import Health
from camd.daemon.metrics import MetricsFile
from camd.exposition import render
from camd.values import Rejected, Result
from testing.process import camd
from tests.daemon.test_health import CAMERA


def test_every_number_is_prometheus_text_with_its_type() -> None:
    health = Health(0.0)
    result = Result(rejected=(Rejected((0, 0, 1, 1), "too small"),), stages={"segment": 0.002})
    health.frame(result, 0.1, 1.0)
    text = render("desk", health.payload(2.0, CAMERA, {"sent": 5, "alive": True, "error": "x"}))
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    kinds = {family.name: family.type for family in families}
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    assert kinds["camd_frames_captured"] == "counter"
    assert kinds["camd_messages_alive"] == "gauge"
    assert found["camd_frames_captured_total", "desk"] == 9
    assert found["camd_camera_state", "desk", "open"] == 1
    assert found["camd_camera_failures_total", "desk", "missing"] == 1
    assert found["camd_rejected_total", "desk", "too small"] == 1
    assert found["camd_messages_sent_total", "desk"] == 5
    assert found["camd_messages_alive", "desk"] == 1
    assert found["camd_latency_ms_p50", "desk"] == 100
    assert found["camd_stage_ms", "desk", "segment"] == 2
    assert found["camd_uptime_s", "desk"] == 2


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
    assert 'camd_frames_processed_total{camera="camd"} 5.0' in text
    assert not list(tmp_path.glob("*.tmp"))
