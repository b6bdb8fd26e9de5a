from pathlib import Path

import cv2
import numpy as np

from benchmarks import growth
from benchmarks.growth import Cost, cameras_table, plot, table
from benchmarks.watched import Heard, Watched

COSTS = [Cost("1", 1, 4.0, 90.0, 1.0), Cost("5", 5, 6.0, 50.0, 4.5)]
WATCHED = Watched(Heard([0.01, 0.02], [20, 20]), 1.0, 0.5, 100.0)


def test_growth_is_that_of_the_time_beside_that_of_the_input() -> None:
    rows = table(COSTS, "digits", "a digit")
    assert rows[2] == "| 1 | 1.0 | 4.0 ms | 4.00 ms | 90 µs | - |"
    assert rows[3] == "| 5 | 4.5 | 6.0 ms | 1.20 ms | 50 µs | 1.50 / 5.00 |"


def test_cameras_are_taken_together() -> None:
    late = Watched(Heard([0.03, 0.04], [20, 20]), 1.0, 0.7, 120.0)
    row = cameras_table([[WATCHED, late]])[2]
    assert row.startswith("| 2 | 2.0 | 25.0 ms | 39.7 ms | 60% | 110 MiB |")


def test_the_cost_is_of_one_frame(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from camd import paths
    from camd.classify import svm

    monkeypatch.setattr(growth, "ROUNDS", 1)
    blank = np.full((120, 160, 3), 220, np.uint8)
    found = growth.cost(svm.load(paths.model_file()), "blank", 1, [blank, blank])
    assert found.found == 0
    assert 0 < found.frame_ms < 1000


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    plot(tmp_path / "growth.png", COSTS, COSTS, [[WATCHED], [WATCHED, WATCHED]])
    picture = cv2.imread(str(tmp_path / "growth.png"))
    assert picture is not None
    assert picture.shape[1] > 1000
