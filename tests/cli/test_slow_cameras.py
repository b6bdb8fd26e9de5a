"""Cameras that show little, and still ones: cases 01 to 04, each as the command that showed it."""

from pathlib import Path

import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.config.settings import Settings
from camd.pipeline import Pipeline
from camd.values import Image
from testing.pages import page
from testing.process import camd
from tests.sources.servers import mjpeg, snapshots


def noisy(number: int) -> Image:
    """A still page, as a sensor sees it."""
    noise = np.random.default_rng(number).normal(0, 2, page("").shape)
    return np.clip(page("325") + noise, 0, 255).astype(np.uint8)


LOOKS = [noisy(number) for number in range(3)]


@pytest.mark.parametrize("every_s", [1 / 30, 0.8, 2.0, 5.0, 60.0])
def test_votes_count_looks_however_far_apart_they_are(every_s: float) -> None:
    pipeline = Pipeline(Settings(), svm.load(paths.model_file()))
    said = [pipeline.process(LOOKS[look % 3], look * every_s).reading.text for look in range(12)]
    assert said[-1] == "325"
    # Never longer than a second of a fast camera: of a slow one five looks are enough.
    if every_s > 0.2:
        assert said[4:] == ["325"] * 8


def test_one_look_that_misses_a_number_does_not_forget_it() -> None:
    pipeline = Pipeline(Settings(), svm.load(paths.model_file()))
    for look in range(6):
        pipeline.process(LOOKS[look % 3], look * 5.0)
    assert pipeline.process(page(""), 30.0).reading.text == "325"
    assert pipeline.process(LOOKS[0], 35.0).reading.text == "325"
    gone = [pipeline.process(page(""), at).reading.text for at in (40.0, 45.0)]
    assert gone[-1] == ""


RUN = ("--broker", "none", "--no-window", "--config", "c.toml")


@pytest.mark.parametrize("look_ms", [1000, 2000])
def test_a_still_picture_stays_read_at_rest(tmp_path: Path, look_ms: int) -> None:
    (tmp_path / "c.toml").write_text(f"[rest]\nafter_s = 2\nlook_ms = {look_ms}\n")
    with mjpeg(LOOKS, every_s=0.8) as port:
        device = f"http://127.0.0.1:{port}/stream"
        done = camd("run", "--device", device, "--frames", "7", *RUN, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "325" in done.stderr
    assert "no digits" not in done.stderr


def test_an_address_of_one_picture_is_polled_and_read(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[camera]\nevery_s = 0.5\n")
    with snapshots(LOOKS) as port:
        device = f"http://127.0.0.1:{port}/snapshot.jpg"
        done = camd("run", "--device", device, "--frames", "6", *RUN, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "one picture a request" in done.stderr
    assert "325" in done.stderr
    assert "broke off" not in done.stderr
    assert "no digits" not in done.stderr


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("[camera]\nevery_s = 60\n", ("camera.every_s", "camera.frozen_s = 30")),
        ('[camera]\nlight_topic = "a/b"\n', ("camera.light_topic", "camera.every_s = 0")),
        (
            '[camera]\nevery_s = 2\nlight_topic = "a/b"\nlight_ms = 2000\n',
            ("camera.light_ms", "camera.every_s = 2"),
        ),
        ("[track]\nforget_ms = 2000\n", ("track.memory_ms = 1500", "track.forget_ms = 2000")),
        (
            '[[region]]\nname = "m"\npolygon = [[0,0],[1,0],[1,1]]\ndigits = 4\nrollover = 1e5\n',
            ("rollover", "digits = 4"),
        ),
        (
            '[[region]]\nname = "m"\npolygon = [[0,0],[1,0],[1,1]]\nmax_step = 9\nrollover = 9\n',
            ("rollover", "max_step = 9"),
        ),
    ],
)
def test_options_that_contradict_each_other_are_named(
    tmp_path: Path, text: str, pair: tuple[str, str]
) -> None:
    (tmp_path / "c.toml").write_text(text)
    done = camd("config", "check", "c.toml", home=tmp_path)
    assert done.returncode == 78
    for name in pair:
        assert name in done.stderr
