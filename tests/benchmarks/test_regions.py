import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from benchmarks.regions import (
    Times,
    durations,
    exactly,
    outcome,
    places,
    spelt,
    table,
    wrong,
)
from camd.evaluate.region_truth import Place
from camd.values import RegionReading, RegionStatus
from testing.process import camd, environment
from testing.segments import display
from tests.sheets import line, paper, write


def folder(path: Path, *entries: dict[str, Any]) -> Path:
    cv2.imwrite(str(path / "a.png"), write(paper(), "325", (180, 270)))
    cv2.imwrite(
        str(path / "b.png"), line(write(paper(), "325", (180, 270)), (130, 242), (160, 242))
    )
    cv2.imwrite(str(path / "c.png"), write(write(paper(), "325", (180, 200)), "71", (180, 340)))
    (path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    return path


def reading(text: str, status: RegionStatus) -> RegionReading:
    return RegionReading("number", status, int(text) if status == "ok" else None, text, 0.9)


def test_labels_tell_of_regions(tmp_path: Path) -> None:
    box = ((10, 20), (30, 20), (30, 40), (10, 40))
    found = list(places(
        folder(
            tmp_path,
            {"file": "a", "digits": ["325", "7"], "style": "led", "roi": [10, 20, 20, 20],
             "roi_text": "3.25", "roi_alt": ["3.26"]},
            {"file": "b", "digits": ["12", "7"], "hard": "table", "places": [box, box]},
            {"file": "c", "digits": ["12"]},
            {"file": "d", "digits": []},
            {"file": "e", "digits": ["1", "2"], "roi": None},
        )
    ))  # fmt: skip
    name = tmp_path.name
    assert found == [
        Place("a", "led", ("325", "326"), box, (2, 2)),
        Place("b", "table", ("12",), box, (0,)),
        Place("b", "table", ("7",), box, (0,)),
        Place("c", name, ("12",), None, (0,)),
        Place("d", f"{name}, no digits", (), None),
    ]


def test_one_wrong_value_is_one_too_many() -> None:
    place = Place("a", "led", ("325",), None)
    assert outcome([reading("325", "ok")], place) == "right"
    assert outcome([reading("325", "ok"), reading("325", "unsure")], place) == "withheld"
    assert outcome([reading("25", "unsure")], place) == "unsure"
    assert outcome([reading("25", "ok"), reading("325", "ok")], place) == "wrong"
    nothing = Place("a", "led", (), None)
    assert outcome([reading("25", "ok")], nothing) == "wrong"
    assert outcome([reading("", "empty")], nothing) == "empty"
    rows = table([(place, [reading("325", "ok")]), (nothing, [reading("", "empty")])])
    assert rows[0] == "| style | ok and right | ok and wrong | right, not ok | empty | regions |"
    assert rows[2:] == ["| led | 1 | 0 | 0 | 1 | 2 |", "| all | 1 | 0 | 0 | 1 | 2 |"]


def test_readers_are_compared_by_style() -> None:
    places = [Place("a", "led", ("325", "326"), None), Place("b", "led", ("1",), None)]
    rows = exactly(
        [*places, Place("c", "none", (), None)], {"camd": ["326", "1", ""], "x": ["", "1", "4"]}
    )
    assert rows[0] == "| reads exactly | led, of 2 | none, of 1 | all 3 |"
    assert rows[2:] == ["| camd | 2 | 1 | 3 |", "| x | 1 | 0 | 1 |"]


def test_times_are_told_beside_decoding() -> None:
    times = [Times(0.03, 0.01, 0.006, 0.002), Times(0.05, 0.03, 0.008, 0.002)]
    rows = durations(times, {"x": [0.001, 0.003]})
    assert rows[2:] == [
        "| camd, first look | 40.0 | 20.00 |",
        '| camd, first look, display = "segments" | 20.0 | 10.00 |',
        "| camd, later looks of a film | 7.0 | 3.50 |",
        "| x | 2.0 | 1.00 |",
        "| OpenCV, decoding the picture | 2.0 | 1.00 |",
    ]


@pytest.mark.parametrize("film", [[], ["--film"]])
def test_regions_are_read_and_counted(tmp_path: Path, film: list[str]) -> None:
    upper = [[0, 120], [640, 120], [640, 230], [0, 230]]
    entries = [
        {"file": "a.png", "digits": ["325"]},
        {"file": "b.png", "digits": ["325"]},  # with a minus: unsure
        {"file": "c.png", "digits": ["326"], "places": [upper]},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "regions", str(folder(tmp_path, *entries)), *film],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "| all | 1 | 1 | 0 | 1 | 3 |" in done.stdout
    assert "| camd, later looks of a film | " in done.stdout
    assert "- c.png: 325, written is 326" in done.stdout


def test_points_count_where_they_are_to_be_read(tmp_path: Path) -> None:
    for name, text in (("a", "29.75"), ("b", "2.975"), ("c", "2975")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), display(text, 70, ink=50, ground=150))
    entries = [
        {"file": "a.png", "digits": ["2975"], "roi": [10, 12, 276, 102], "roi_text": "29.75"},
        {"file": "b.png", "digits": ["2975"], "roi": [10, 12, 276, 102], "roi_text": "29.75"},
        {"file": "c.png", "digits": ["2975"], "roi": [10, 12, 276, 102], "roi_text": "2975"},
    ]
    (tmp_path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "regions", str(tmp_path), "--points"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "| all | 2 | 1 | 0 | 3 |" in done.stdout
    assert "- b.png: 2.975, written is 29.75" in done.stdout
    scored = camd("eval", tmp_path, "--no-sheet", "--points", home=tmp_path)
    assert "b.png: ok, read 2.975, written 29.75" in scored.stdout
    plain = camd("eval", tmp_path, "--no-sheet", home=tmp_path)
    assert "b.png: ok" not in plain.stdout


def test_two_points_are_no_value_and_no_mistake() -> None:
    place = Place("a", "led", ("1234",), None, (None,)).spelt
    doubtful = spelt([RegionReading("number", "unsure", None, "1234", 0.9)])
    assert outcome(doubtful, place) == "withheld"
    good = spelt([RegionReading("number", "ok", 12.34, "1234", 0.9, decimals=2)])
    assert outcome(good, place) == "wrong"
    assert wrong(good, place) == ["12.34"]


def test_a_folder_without_labels_is_said_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "regions", str(tmp_path)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 65
    assert "labels.json is missing" in done.stderr
    assert "Traceback" not in done.stderr
