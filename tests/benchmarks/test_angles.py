import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.angles import main, turned
from tests.sheets import paper, write


def test_nothing_is_lost_where_an_image_is_turned() -> None:
    image = np.full((60, 100, 3), 200, np.uint8)
    image[5:10, 90:95] = 20
    for angle in (30, 90, 180, 300):
        there = turned(image, angle) < 110
        assert 20 <= there.any(axis=2).sum() <= 30
        assert turned(image, angle)[0, 0].tolist() == [200, 200, 200]
    assert turned(image, 90).shape == (100, 60, 3)


def test_clockwise() -> None:
    image = np.full((100, 100), 200, np.uint8)
    image[45:55, 80:90] = 20
    rows, columns = np.nonzero(turned(image, 90) < 110)
    assert rows.mean() > 75
    assert 45 < columns.mean() < 55


def test_the_table_names_the_worst_angle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), write(paper(), "23457", (120, 260)))
    entries = [{"file": "a.png", "digits": ["23457"]}]
    (tmp_path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    main([str(tmp_path), "--angles", "4"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[4] == "| 0 | 1.000 | 1.000 | 1 of 1 | 0.00 |"
    assert lines[6] == "| 180 | 1.000 | 1.000 | 1 of 1 | 0.00 |"
    assert lines[-1] == "worst: 1.000 of the first"
