import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camd.classify import svm
from camd.classify.features import extract
from camd.errors import DataError
from tests.training.fit import small_digits as small
from training import Material, Recipe, Trained, evaluate_model, train
from training.digits import hold_out, load


def trained(
    data: Path,
    out: Path,
    recipe: Recipe = small.RECIPE,
    *,
    extra: Path | None = None,
    **options: Any,
) -> Trained:
    return train(Material(data, extra), out, recipe, progress=lambda _: None, **options)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write(tmp_path_factory.mktemp("data") / "small.npz")


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(data, tmp_path_factory.mktemp("model") / "digits.npz")


def test_the_model_reads_what_it_never_saw(data: Path, made: Trained) -> None:
    assert made.replaced
    test = hold_out(load(data))[1]
    labels = svm.load(made.path).classify(test.images).labels
    assert (labels == test.labels).mean() > 0.97


def test_the_card_says_what_evaluation_finds(data: Path, made: Trained) -> None:
    card = json.loads(made.path.with_suffix(".json").read_text())
    model = svm.load(made.path)
    assert card["id"] == model.id
    assert card["support_vectors"] == len(np.load(made.path)["vectors"])
    assert card["bytes"] == made.path.stat().st_size
    assert card["scores"] == model.scores
    found = evaluate_model(made.path, data).test.as_dict()
    assert card["test"] == json.loads(json.dumps(found))


def test_a_small_machine_answers_clear_cases_or_none_does(
    data: Path, made: Trained, tmp_path: Path
) -> None:
    model, test = svm.load(made.path), hold_out(load(data))[1]
    assert model.quick is not None
    margins = model.quick.machine.decide(extract(test.images, model.spec))[1].min(axis=1)
    share = (margins >= model.quick.clear).mean()
    # Photographs are among what is held out, and less clear.
    assert share > made.card["cascade"]["clear_of_held_out"] - 0.1
    assert made.card["cascade"]["clear_of_held_out"] > 0.2
    assert made.card["cascade"]["test_errors_of_the_full_machine_alone"] >= 0
    without = trained(data, tmp_path / "digits.npz", recipe=replace(small.RECIPE, quick=0))
    assert svm.load(without.path).quick is None
    assert without.card["cascade"] is None


def test_the_same_data_and_seed_give_the_same_file(
    data: Path, made: Trained, tmp_path: Path
) -> None:
    assert trained(data, tmp_path / "a.npz").path.read_bytes() == made.path.read_bytes()
    assert trained(data, tmp_path / "b.npz", seed=1).path.read_bytes() != made.path.read_bytes()


def test_a_worse_model_replaces_a_better_one_only_by_force(
    data: Path, made: Trained, tmp_path: Path
) -> None:
    out = tmp_path / "digits.npz"
    out.write_bytes(made.path.read_bytes())
    worse = replace(small.RECIPE, projected=2, copies=0)
    assert not trained(data, out, recipe=worse).replaced
    assert out.read_bytes() == made.path.read_bytes()
    assert not out.with_suffix(".json").exists()
    assert trained(data, out, recipe=worse, force=True).replaced
    assert svm.load(out).id != svm.load(made.path).id
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["digits.json", "digits.npz"]


def test_a_damaged_model_gives_way(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "digits.npz"
    out.write_bytes(b"PK damaged")
    assert trained(data, out).replaced


def test_extra_images_join_and_may_be_no_digits(data: Path, tmp_path: Path) -> None:
    (tmp_path / "extra" / "none").mkdir(parents=True)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (80, 28, 28), dtype=np.uint8)
    for index, image in enumerate(noise[:60]):
        cv2.imwrite(str(tmp_path / "extra" / "none" / f"{index}.png"), image)
    result = trained(data, tmp_path / "digits.npz", extra=tmp_path / "extra")
    assert result.card["data"]["extra"] == 60
    model = svm.load(result.path)
    assert model.full.classes.tolist() == list(range(-1, 10))
    assert (model.classify(noise[60:]).labels == -1).all()
    assert (model.classify(small.digits().images).labels == -1).mean() < 0.01


def test_small_sets_of_other_hands_are_learnt_in_more_versions(data: Path, tmp_path: Path) -> None:
    own = small.digits().take(slice(700, 1000))
    learnt, held = {"x_train": own.images, "y_train": own.labels}, own.take(slice(60))
    np.savez(tmp_path / "pendigits_drawn28.npz", **learnt, x_test=held.images, y_test=held.labels)
    recipe = replace(small.RECIPE, versions=1200)
    material = Material(data, hands=tmp_path)
    made = train(material, tmp_path / "digits.npz", recipe, progress=lambda _: None)
    assert made.card["data"]["learnt"] == 2 * 600 + 4 * 300
    assert made.card["hands"]["pendigits"]["images"] == 60


def test_bad_data_stops_before_any_work(tmp_path: Path) -> None:
    bad = tmp_path / "bad.npz"
    np.savez(bad, x=np.zeros((5, 28, 28), np.uint8), y=np.zeros(5, np.uint8))
    said: list[str] = []
    with pytest.raises(DataError):
        train(Material(bad), tmp_path / "out.npz", progress=said.append)
    assert not said
    assert not (tmp_path / "out.npz").exists()
