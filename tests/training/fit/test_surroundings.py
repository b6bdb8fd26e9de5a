import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.classify.model_schema import AROUND, OWN
from camd.errors import DataError
from camd.evaluate.truth import Label
from camd.hypotheses import surroundings
from camd.values import Classified, Glyph
from tests.sheets import write
from training.fit.surroundings import PASSES, Example, count, fit, left_out, main, varied

CROP = np.zeros((28, 28), np.uint8)


def example(source: str, rng: np.random.Generator, *, digits: bool) -> list[Example]:
    """A row of five sure digits, or of letters of which two look like one."""
    many = 5
    boxes = [(40 * i, 100 + int(rng.integers(4)), 30, 50) for i in range(many)]
    labels = rng.integers(0, 10, many)
    if not digits:
        labels[rng.permutation(many)[:3]] = -1
    sure = rng.uniform(0.6, 0.99, many).astype(np.float32)
    judged = Classified(labels, sure * 2, sure)
    page = surroundings.page([Glyph(box, CROP, 4.0) for box in boxes], judged, [])
    text = "".join(str(label) for label in labels) if digits else ""
    label = Label(f"{source}__1.jpg", (text,) if digits else ())
    return [Example(label, source, page, (labels >= 0) & digits)]


def read() -> list[list[Example]]:
    rng = np.random.default_rng(1)
    return [example(f"{i}", rng, digits=bool(i % 2)) for i in range(24)]


def test_digits_among_digits_are_told_from_what_looks_like_one_among_letters() -> None:
    known = read()
    weights = fit(known)
    assert [len(some) for some in weights] == [OWN + 1, *[OWN + AROUND + 1] * PASSES]
    for own in known:
        likely = surroundings.judge(own[0].page, weights)
        assert ((likely > 0.5) == own[0].right).all()


def test_what_is_left_out_is_judged_by_others() -> None:
    known = read()
    said = count(known, left_out(known))
    assert said["without_digits"] == 12
    assert said["right"] > 50
    assert said["false_without"] < 6


def test_what_is_varied_stays_true() -> None:
    known = read()
    found = varied(known, np.random.default_rng(2))
    assert len(found) > 3 * len(known)
    for one in found:
        assert len(one.right) == len(one.page.labels) == len(one.page.own) == len(one.page.strokes)
        assert len(one.page.boxes) >= len(one.page.labels)
        assert (one.page.labels[one.right] >= 0).all()
        assert not (one.label.negative and one.right.any())


def test_the_weights_go_into_the_model_and_its_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    entries = []
    for i, text in enumerate(("1947", "lol", "2683", "ovoid", "505", "loom")):
        image = write(np.full((240, 320, 3), 225, np.uint8), text, (40, 150))
        cv2.imwrite(str(folder / f"{i}__a.png"), image)
        entries.append({"file": f"{i}__a.png", "digits": [text] if text.isdigit() else []})
    (folder / "labels.json").write_text(json.dumps(entries))
    model = tmp_path / "digits.npz"
    shutil.copy(paths.model_file(), model)
    model.with_suffix(".json").write_text("{}")
    main([str(model), str(folder)])
    said = capsys.readouterr().out
    assert "photos, each source left out" in said
    made = svm.load(model)
    assert made.id in said
    assert made.surroundings[1].shape == (OWN + AROUND + 1,)
    assert json.loads(model.with_suffix(".json").read_text())["id"] == made.id


def test_pictures_of_one_kind_are_not_enough() -> None:
    with pytest.raises(DataError, match="and pictures without"):
        fit([own for own in read() if own[0].label.negative])


def test_a_folder_without_labels_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(paths.model_file()), str(tmp_path)])
    assert "labels.json is missing" in capsys.readouterr().err
