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
    for content, says in (
        (b"\xff\xd8\xff", r"labels\.json is not UTF-8 text .*save it as UTF-8"),
        ("[]".encode("utf-16"), r"labels\.json is UTF-16 text; save it as UTF-8"),
        (b"[", r"labels\.json is not JSON"),
        (b"[" * 100_000, r"labels\.json is not JSON"),
        (b"[" + b"9" * 5000 + b"]", r"labels\.json is not JSON"),
    ):
        (tmp_path / "labels.json").write_bytes(content)
        with pytest.raises(DataError, match=says):
            load_labels(tmp_path)


def test_labels_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    text = '[{"file": "a.jpg", "digits": ["12"]}]'
    (tmp_path / "labels.json").write_text(text, encoding="utf-8-sig")
    assert load_labels(tmp_path)[0].digits == ("12",)
