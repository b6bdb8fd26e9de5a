import json
from pathlib import Path
from typing import Any

import pytest

from camd.errors import DataError
from camd.evaluate.region_truth import Place, places


def folder(path: Path, *entries: dict[str, Any]) -> Path:
    (path / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_a_box_and_corners_are_regions(tmp_path: Path) -> None:
    box = ((10, 20), (30, 20), (30, 40), (10, 40))
    found = places(
        folder(
            tmp_path,
            {"file": "a", "digits": ["325", "7"], "style": "led", "roi": [10, 20, 20, 20],
             "roi_text": "-3.25", "roi_alt": ["3,2.6", "3:26"]},
            {"file": "b", "digits": ["1 2", "7"], "hard": "table", "places": [box, box]},
            {"file": "c", "digits": ["12"], "roi": None},
        )
    )  # fmt: skip
    assert found == (
        Place("a", "led", ("-325", "326", "326"), box, (2, None, 0)),
        Place("b", "table", ("12",), box, (0,)),
        Place("b", "table", ("7",), box, (0,)),
    )


def test_wrong_labels_are_said(tmp_path: Path) -> None:
    right = {"file": "a", "digits": []}
    with pytest.raises(DataError, match="entry 2, roi"):
        places(folder(tmp_path, right, {"file": "b", "digits": [], "roi": [1, 2]}))
    with pytest.raises(DataError, match="entry 1, style"):
        places(folder(tmp_path, right | {"style": 3}))
    with pytest.raises(DataError, match="digits"):
        places(folder(tmp_path, {"file": "a"}))
