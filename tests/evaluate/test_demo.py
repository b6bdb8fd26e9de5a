import json
from pathlib import Path

import cv2
import pytest

from camd.errors import DataError
from camd.evaluate.demo import DemoScore, TrueReading, Truth, load_truth, matching_digits
from camd.values import Reading

TRUTH = Truth((TrueReading(10, 20, ("1947", "28")), TrueReading(30, 40, ("64 17",))))


def test_a_perfect_run() -> None:
    score = DemoScore(TRUTH)
    for number in range(1, 45):
        lines = ("1947", "28") if 14 <= number < 25 else ("64 17",) if number >= 33 else ()
        score.observe(number, Reading(lines))
    assert score.readings_read == 2
    assert (score.digits, score.digits_right, score.digits_wrong) == (10, 10, 0)
    assert score.summary() == "read 2 of 2 sheets exactly; 10 of 10 digits right, 0 wrong"


def test_nothing_observed_is_nothing_read() -> None:
    score = DemoScore(TRUTH)
    assert (score.readings_read, score.digits_right, score.digits_wrong) == (0, 0, 0)


def test_digits_count_at_the_end_and_a_sheet_at_any_time() -> None:
    score = DemoScore(TRUTH)
    score.observe(15, Reading(("1947", "28")))
    score.observe(19, Reading(("1947", "23", "5")))
    assert score.readings_read == 1
    assert (score.digits_right, score.digits_wrong) == (5, 2)


def test_what_is_said_between_the_sheets_does_not_count() -> None:
    score = DemoScore(TRUTH)
    for number in (9, 21, 29, 41):
        score.observe(number, Reading(("1947", "28")))
    assert (score.readings_read, score.digits_right, score.digits_wrong) == (0, 0, 0)


@pytest.mark.parametrize(
    ("true", "read", "right"),
    [
        (["1947"], ["1947"], 4),
        (["1947"], ["197"], 3),
        (["1947"], ["7491"], 1),
        (["64 17"], ["6417"], 4),
        (["12", "34"], ["34"], 2),
        (["12", "34"], ["34", "12"], 2),
        (["12", "34"], ["9", "12", "34"], 4),
        ([], ["12"], 0),
    ],
)
def test_lines_and_digits_pair_in_order(true: list[str], read: list[str], right: int) -> None:
    assert matching_digits(true, read) == right


def test_the_shipped_truth_fits_the_shipped_clip() -> None:
    truth = load_truth()
    clip = Path(__file__).parents[2] / "camd" / "assets" / "demo.mp4"
    assert clip.stat().st_size <= 2_000_000
    capture = cv2.VideoCapture(str(clip))
    frames = 0
    while capture.grab():
        frames += 1
    assert frames == json.loads(clip.with_suffix(".json").read_text())["frames"]
    bounds = [number for r in truth.readings for number in (r.first, r.last)]
    assert bounds == sorted(bounds)
    assert bounds[0] >= 1
    assert bounds[-1] <= frames
    assert len(truth.readings) == 4


@pytest.mark.parametrize("content", ["", "[]", '{"readings": [{"from": 1}]}', '{"readings": 3}'])
def test_a_damaged_truth_file_is_said_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "demo.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"demo\.json"):
        load_truth(path)


def test_a_missing_truth_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.json"):
        load_truth(tmp_path / "nowhere.json")
