import os
import tempfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.film import Film
from benchmarks.latency import table
from benchmarks.watched import PROMPT, Heard, Watched, film, running, subscriber, watch
from testing.broker import mosquitto
from tests.sheets import paper, write

HEALTH = {"stages_ms": {"capture": 3.0}, "frames": {"captured": 9}}


def test_goals_are_held_against_what_was_heard() -> None:
    good = Watched(Heard([0.010] * 60, [20] * 60, HEALTH), 2.0, 0.6, 120.0)
    assert [row.split(" | ")[-1].rstrip(" |") for row in table(good, 30)[2:8]] == ["met"] * 6
    late = Watched(Heard([0.010] * 50 + [0.070] * 5, [20] * 55, HEALTH), 2.0, 1.1, 220.0)
    missed = [row for row in table(late, 30)[2:8] if "missed" in row]
    assert len(missed) == 5


def test_a_camera_that_plays_files_is_heard_of(tmp_path: Path) -> None:
    film(tmp_path, [write(paper(), "4", (200, 300), 120, 9)], 4)
    core = max(os.sched_getaffinity(0))
    extra = {"CAMD_CAMERA__MAX_AGE_MS": "60000", "CAMD_REST__AFTER_S": "0"}
    with (
        mosquitto(PROMPT) as broker,
        subscriber(broker, "desk") as heard,
        running(tmp_path, 10, broker, "desk", core, extra) as pid,
    ):
        watched = watch(heard, pid, 1.0)
    assert watched.heard.ages
    assert min(watched.heard.ages) > 0
    assert max(watched.heard.digits) == 1
    assert watched.rss_mib > 20
    stages = {"capture", "segment", "features", "kernel", "track", "encode", "publish"}
    assert stages <= set(watched.heard.health["stages_ms"])


def test_no_two_pictures_of_a_film_are_the_same() -> None:
    with tempfile.TemporaryDirectory() as folder:
        film(Path(folder), [paper()], 5)
        pictures = [cv2.imread(str(file)) for file in sorted(Path(folder).iterdir())]
        assert len(pictures) == 5
        assert all((a != b).any() for a, b in pairwise(pictures))
        source = Film(Path(folder), 1000.0)
        source.open()
        image = source.read()
        before = source.grabbed
        assert source.read().shape == image.shape == (480, 640)
        assert source.grabbed >= before + 1e-3
        assert isinstance(image, np.ndarray)
