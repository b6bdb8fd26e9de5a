import json
from pathlib import Path

import pytest

from camd.errors import DataError
from camd.evaluate.truth import Label, load_labels


def write(directory: Path, data: object) -> Path:
    (directory / "labels.json").write_text(json.dumps(data), encoding="utf-8")
    return directory


def test_load_labels(tmp_path: Path) -> None:
    entries = [
        {"file": "a.jpg", "digits": ["012", "34"], "kind": "photo", "hard": None, "more": 1},
        {"file": "b.jpg", "digits": []},
        {"file": "c.jpg", "digits": ["5"], "kind": "photo", "hard": "glare"},
    ]
    first, second, third = load_labels(write(tmp_path, entries))
    assert first == Label("a.jpg", ("012", "34"), "photo")
    assert first.ordinary
    assert second.negative
    assert not third.ordinary


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "list"),
        ([], "names no image"),
        (["a.jpg"], "entry 1"),
        ([{"digits": []}], '"file"'),
        ([{"file": "a.jpg"}], "a.jpg"),
        ([{"file": "a.jpg", "digits": "12"}], "list of lines"),
        ([{"file": "a.jpg", "digits": [12]}], "list of lines"),
        ([{"file": "a.jpg", "digits": ["1x"]}], "0 to 9"),
        ([{"file": "a.jpg", "digits": []}] * 2, "twice"),
    ],
)
def test_wrong_labels_are_named(tmp_path: Path, data: object, says: str) -> None:
    with pytest.raises(DataError, match=says):
        load_labels(write(tmp_path, data))


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing"):
        load_labels(tmp_path)
    (tmp_path / "labels.json").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(DataError, match="not JSON"):
        load_labels(tmp_path)
