"""What is around regions, on disk: the file alone, and the real process with a camera."""

import json
import signal
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from camd.config.settings import RegionSettings, Settings
from camd.daemon.surroundings import SurroundingsFile
from camd.regions.follow import Surroundings
from camd.values import Image
from testing.broker import LONG, Subscriber, mosquitto, until
from testing.process import start
from tests.sources.servers import mjpeg
from training.render import meter
from training.render.meter import View

ONE = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))
OTHER = ((0.2, 0.1), (0.5, 0.1), (0.5, 0.5))


def settings(device: str = "0", **places: object) -> Settings:
    regions = tuple(RegionSettings(name=name, polygon=at) for name, at in places.items())  # type: ignore[arg-type]
    return Settings(region=regions, camera={"device": device})  # type: ignore[arg-type]


def around(seed: int = 0) -> Surroundings:
    rng = np.random.default_rng(seed)
    marks = rng.integers(0, 256, (50, 32)).astype(np.uint8)
    return Surroundings(rng.random((50, 2)).astype(np.float32), marks, 1.5)


def kept_in(path: Path) -> None:
    file = SurroundingsFile()
    assert file.open(path, settings(a=ONE, b=ONE, c=ONE)) == {}
    shared = around()
    file.note({"a": shared, "b": shared, "c": around(1)})
    file.close(LONG)


def test_what_is_known_comes_back_where_the_region_is_drawn_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "state" / "desk.surroundings.npz"
    kept_in(path)
    known = SurroundingsFile().open(path, settings(a=ONE, b=ONE, c=OTHER, d=ONE))
    assert set(known) == {"a", "b"}
    assert known["a"] is known["b"]
    assert np.array_equal(known["a"].points, around().points)
    assert np.array_equal(known["a"].marks, around().marks)
    assert known["a"].shape == 1.5
    assert SurroundingsFile().open(path, settings("1", a=ONE)) == {}


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"text"])
def test_a_file_that_cannot_be_used_is_named_and_made_anew(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "desk.surroundings.npz"
    path.write_bytes(content)
    assert SurroundingsFile().open(path, settings(a=ONE)) == {}
    assert str(path) in caplog.text
    kept_in(path)
    assert set(SurroundingsFile().open(path, settings(a=ONE))) == {"a"}


def test_a_file_of_other_arrays_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "desk.surroundings.npz"
    kept_in(path)
    with np.load(path) as found:
        arrays = dict(found)
    for name, wrong in (("marks0", np.zeros((3, 32))), ("points0", np.full((50, 2), np.nan))):
        with path.open("wb") as file:
            np.savez(file, **arrays | {name: wrong})  # type: ignore[arg-type]
        assert SurroundingsFile().open(path, settings(a=ONE)) == {}
    assert caplog.text.count(str(path)) == 2


def test_what_no_disk_takes_is_said_and_outlasts_a_reload(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file" / "desk.surroundings.npz"
    (tmp_path / "file").touch()  # a file, where there should be a folder
    file = SurroundingsFile()
    file.open(path, settings(a=ONE, b=ONE))
    known = around()
    file.note({"a": known, "b": known})
    file.close(LONG)
    assert "in memory only" in caplog.text
    assert file.open(path, settings(a=ONE, b=OTHER)) == {"a": known}


CONFIG = f"""
name = "w"
[track]
settle_ms = 50
[[region]]
name = "meter"
corners = {json.dumps(meter.region())}
digits = 5
display = "wheels"
"""


def pictures(view: View) -> list[Image]:
    return [meter.photograph(48267, view, np.random.default_rng(seed)) for seed in range(2)]


def test_regions_go_along_with_a_nudge_also_with_one_while_camd_was_off(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(CONFIG)
    shown = pictures(View())
    state = tmp_path / "state" / "w.surroundings.npz"
    with (
        mosquitto() as broker,
        mjpeg(shown, every_s=0.1) as port,
        Subscriber(broker.host, broker.port, "camd/w/region/#") as heard,
    ):
        run = ("run", "--device", f"http://127.0.0.1:{port}/stream", "--config", "c.toml")
        run = (*run, "--broker", f"mqtt://{broker.host}:{broker.port}", "--no-window")

        def said(view: View) -> bool:
            where = {"x": view.x, "y": view.y, "turn": 0.0, "scale": 1.0}
            last = heard.on("camd/w/region/meter")[-1:]
            moved = None if view == View() else where
            return any(it.json["value"] == 48267 and it.json["moved"] == moved for it in last)

        for views in ((View(), View(x=-90, y=30)), (View(x=60),)):
            shown[:] = pictures(views[0])
            camd = start(*run, home=tmp_path, env={"STATE_DIRECTORY": str(tmp_path / "state")})
            try:
                for view in views:
                    shown[:] = pictures(view)
                    until(partial(said, view), str(view))
                    until(state.exists)
                camd.send_signal(signal.SIGTERM)
                log = camd.communicate(timeout=LONG)[1]
            finally:
                camd.kill()
                camd.wait()
            assert "the picture has moved" in log
        told = {item.json["value"] for item in heard.on("camd/w/region/meter")}
        assert told <= {48267, None}
