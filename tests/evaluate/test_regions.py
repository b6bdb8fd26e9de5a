import json
from pathlib import Path

import cv2
import numpy as np

from camd.classify import svm
from camd.config.settings import Settings
from camd.evaluate import regions
from camd.evaluate.region_truth import Place
from camd.evaluate.regions import Found, Score
from camd.paths import model_file
from camd.values import Digit, Line, Reason, RegionReading, RegionStatus, Rejected, Result
from testing.process import camd
from tests.sheets import paper, write

BOX = ((100.0, 200.0), (300.0, 200.0), (300.0, 300.0), (100.0, 300.0))


def found(text: str, status: RegionStatus, *texts: str, style: str = "led") -> Found:
    value = int(text) if status == "ok" else None
    said = RegionReading("number", status, value, text, 0.9)
    return Found(Place("a.png", style, texts, BOX), Result(regions=(said,)))


def test_what_is_read_is_counted_by_style() -> None:
    some = [
        found("12", "ok", "12"),
        found("12", "unsure", "21", "12"),
        found("13", "ok", "12", style="lcd"),
        found("13", "unsure", "12", style="lcd"),
        found("", "empty", "", style="lcd"),
    ]
    assert regions.by_style(some) == {
        "led": Score(2, 2, 1, 0),
        "lcd": Score(3, 0, 0, 1),
        "all": Score(5, 2, 1, 1),
    }
    assert regions.worst(some, 2) == (some[2], some[3])
    assert regions.row(some[3]).label.file == "a.png: unsure"
    assert (regions.row(some[3]).missed, regions.row(some[3]).false) == (1, 1)
    assert regions.by_style([]) == {"all": Score()}


def test_a_region_is_read_without_the_rest_of_the_image() -> None:
    image = write(write(paper(), "325", (180, 200)), "71", (180, 340))
    upper = ((0.0, 120.0), (640.0, 120.0), (640.0, 230.0), (0.0, 230.0))
    place = Place("a.png", "paper", ("325",), upper)
    read = regions.read(image, place, Settings(), svm.load(model_file()))
    assert (read.said.text, read.said.status, read.exact, read.wrong) == ("325", "ok", True, False)


def test_it_is_cut_out_with_what_was_read_and_some_of_what_is_around_it() -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    cv2.rectangle(image, (100, 200), (299, 299), (255, 255, 255), -1)
    digit = Digit(1, 0.9, (150, 220, 20, 60), 1.0)
    mark = Rejected((110, 210, 5, 5), Reason.TOO_SMALL)
    result = Result(lines=(Line("1", (digit,), digit.box),), rejected=(mark,))
    piece, moved = regions.cut_out(image, Found(Place("a", "led", ("1",), BOX), result))
    assert piece.shape == (150, 250, 3)
    assert piece[25:125, 25:225].all()
    assert not piece[:24].any()
    assert moved.digits[0].box == moved.lines[0].box == (75, 45, 20, 60)
    assert moved.rejected[0].box == (35, 35, 5, 5)
    whole, same = regions.cut_out(image, Found(Place("a", "led", ("1",), None), result))
    assert whole.shape == image.shape
    assert same.digits[0].box == digit.box


def test_eval_scores_them_and_draws_the_worst(tmp_path: Path) -> None:
    images = tmp_path / "photos"
    images.mkdir()
    cv2.imwrite(str(images / "a.png"), write(write(paper(), "325", (180, 200)), "71", (180, 340)))
    label = {"file": "a.png", "digits": ["325", "71"], "style": "paper", "roi": [0, 120, 640, 110]}
    (images / "labels.json").write_text(json.dumps([label | {"roi_text": "32.6"}]))
    sheet = tmp_path / "worst.jpg"
    done = camd("eval", images, "--sheet", sheet, home=tmp_path, env={"COLUMNS": "100"})
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if "1 paper" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["0/1", "0", "1"]
    assert "a.png: ok, read 325, written 326" in done.stdout
    assert cv2.imread(str(sheet)).shape[0] < 400  # the region, not the whole image
