import json
import logging
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from camd.config.live import KEYS, LiveOptions, schema
from camd.config.settings import MqttSettings, Settings
from tests.mqtt.malformed import json_values

CONFIGURED = Settings(mqtt=MqttSettings(username="camd", password="correct horse"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "desk.live.json"


def test_changes_outlive_the_process_and_leave_the_rest_alone(path: Path) -> None:
    changes = {"lines.gap": 2.5, "track.settle_frames": 5}
    Draft202012Validator(schema()).validate(changes)
    changed = LiveOptions(CONFIGURED, path).change(changes)
    assert (changed.lines.gap, changed.track.settle_frames) == (2.5, 5)
    assert changed.mqtt == CONFIGURED.mqtt
    assert LiveOptions(CONFIGURED, path).settings == changed


def test_none_takes_a_change_back(path: Path) -> None:
    live = LiveOptions(CONFIGURED, path)
    live.change({"lines.gap": 2.5})
    assert live.change({"lines.gap": None}) == CONFIGURED
    assert json.loads(path.read_text()) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.min_confidence", 1.01),
        ("model.min_confidence", "0.5"),
        ("model.min_confidence", True),
        ("model.min_confidence", float("nan")),
        ("track.settle_frames", 0),
        ("track.settle_frames", 2.5),
        ("track.settle_ms", 1e300),
        ("segment.polarity", "grey"),
        ("mqtt.max_rate", 0),
        ("mqtt.password", "x"),
        ("mqtt.host", "elsewhere"),
        ("camera.device", "/etc/passwd"),
        ("name", "x"),
        ("", 1),
        ("lines.gap.", 1),
        ("lines.gap", {}),
    ],
)
def test_what_is_out_of_bounds_changes_nothing(path: Path, key: str, value: object) -> None:
    live = LiveOptions(CONFIGURED, path)
    if not (isinstance(value, float) and math.isnan(value)):  # which JSON has not
        assert not Draft202012Validator(schema()).is_valid({key: value})
    with pytest.raises(ValueError, match=key or "can be set"):
        live.change(
            {"track.settle_ms": 10, key: value} if key != "track.settle_ms" else {key: value}
        )
    assert live.settings == CONFIGURED
    assert not path.exists()


def test_what_cannot_be_kept_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    live = LiveOptions(CONFIGURED, tmp_path / "state" / "desk.live.json")
    with pytest.raises(OSError, match=str(tmp_path / "state")):
        live.change({"lines.gap": 2})
    assert live.settings == CONFIGURED


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1]",
        b"[[1, 2]]",
        b"[]",
        b'{"lines.gap": -1, "nonsense": 3}',
        b'{"lines.gap": ' + b"[" * 3000 + b"]" * 3000 + b"}",
        b'{"lines.gap": ' + b"9" * 5000 + b"}",
        b'{"lines.gap": 1e999}',
        b"\xff\x00",
        '{"lines.gap": 2}'.encode("utf-16"),
    ],
)
def test_a_damaged_file_is_left_out(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert LiveOptions(CONFIGURED, path).settings == CONFIGURED
    assert str(path) in caplog.text


def test_a_file_may_begin_with_a_byte_order_mark(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"lines.gap": 2.5}', encoding="utf-8-sig")
    assert LiveOptions(CONFIGURED, path).settings.lines.gap == 2.5


@given(json_values)
def test_whatever_is_kept_there_are_settings(kept: object) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory, "live.json")
        path.write_text(json.dumps(dict.fromkeys(KEYS[:3], kept)))
        assert isinstance(LiveOptions(CONFIGURED, path).settings, Settings)
        path.write_text(json.dumps(kept))
        assert LiveOptions(CONFIGURED, path).settings == CONFIGURED


def test_all_that_can_be_set_is_shown(path: Path) -> None:
    assert set(LiveOptions(CONFIGURED, path).shown()) == set(KEYS)


def test_options_that_contradict_each_other_are_refused_as_in_the_file(tmp_path: Path) -> None:
    live = LiveOptions(Settings(), tmp_path / "live.json")
    with pytest.raises(ValueError, match=r"track.forget_ms = 2000 contradicts track.memory_ms"):
        live.change({"track.forget_ms": 2000})
    live.change({"track.forget_ms": 2000, "track.memory_ms": 3000})
    with pytest.raises(ValueError, match="contradicts"):
        live.change({"track.memory_ms": None})
    assert live.settings.track.memory_ms == 3000
