import json
from pathlib import Path

import pytest

from camd.errors import DataError
from camd.evaluate import Label, load_labels, score

TWO_LINES = Label("a.jpg", ("012", "34"), "photo")
HARD = Label("h.jpg", ("55",), "photo", "glare")
SCAN = Label("s.png", ("6",), "scan")
EMPTY = Label("n.jpg", (), "photo")


def test_perfect_reading() -> None:
    result = score([TWO_LINES, EMPTY], {"a.jpg": ["012", "34"]})
    assert (result.positives.precision, result.positives.recall, result.positives.f1) == (1, 1, 1)
    assert result.all.exact == 2
    assert result.negatives.clean == 1
    assert result.worst() == ()


def test_digits_are_a_multiset() -> None:
    result = score([Label("a", ("112",))], {"a": ["1222"]})
    row = result.rows[0]
    assert (row.right, row.missed, row.false) == (2, 1, 2)
    assert result.all.precision == pytest.approx(2 / 4)
    assert result.all.recall == pytest.approx(2 / 3)
    assert result.all.f1 == pytest.approx(4 / 7)


def test_average_counts_digits_not_images() -> None:
    labels = [Label("long", ("123456789",)), Label("short", ("1",))]
    result = score(labels, {"long": ["123456789"], "short": ["2"]})
    assert result.positives.recall == pytest.approx(0.9)


def test_order_matters_for_exact_only() -> None:
    result = score([TWO_LINES], {"a.jpg": ["34", "012"]})
    assert result.all.f1 == 1
    assert result.all.exact == 0


def test_spaces_between_numbers_do_not_matter() -> None:
    assert score([TWO_LINES], {"a.jpg": ["0 12", " 34"]}).all.exact == 1


def test_image_without_prediction_counts_as_missed() -> None:
    assert score([TWO_LINES], {}).positives.missed == 5


def test_groups() -> None:
    result = score([TWO_LINES, HARD, SCAN, EMPTY], {"n.jpg": ["77"], "s.png": ["6"]})
    assert (result.all.images, result.positives.images) == (4, 3)
    assert (result.ordinary.images, result.ordinary.missed) == (1, 5)
    assert (result.negatives.images, result.negatives.false_an_image) == (1, 2)
    assert result.negatives.clean == 0


def test_worst_first() -> None:
    result = score([SCAN, TWO_LINES, HARD], {"h.jpg": ["55"], "s.png": ["6"]})
    assert [row.label.file for row in result.worst()] == ["a.jpg"]
    result = score([SCAN, TWO_LINES, HARD], {})
    assert [row.label.file for row in result.worst(2)] == ["a.jpg", "h.jpg"]


def test_nothing_to_score() -> None:
    result = score([], {})
    assert (result.all.f1, result.negatives.false_an_image) == (1, 0)


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
