from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.classify import model_file, svm
from camd.classify.features import extract
from camd.classify.gate import PASS
from tests.training.fit import small_digits
from training.fit.evaluate import evaluate_model
from training.fit.export import to_bytes
from training.fit.gate import Fitted, GateRecipe, calibrate, fit_gate, with_gate
from training.fit.production import Material, train
from training.render.negatives import Labelled

RECIPE = GateRecipe(plain=300, projected=40, quick=30, quick_vectors=100, quick_steps=150)


def frames(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    crops = np.zeros((count, 28, 28), np.uint8)
    for crop in crops:
        low, high = rng.integers(3, 10, 2), rng.integers(18, 25, 2)
        cv2.rectangle(crop, low.tolist(), high.tolist(), 255, int(rng.integers(1, 4)))
    return crops


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    digits = small_digits.digits()
    drawn = Labelled(
        np.concatenate([digits.images[300:600], frames(300)]),
        np.concatenate([digits.labels[300:600], np.full(300, -1)]).astype(np.int8),
    )
    spec = small_digits.RECIPE.features
    return fit_gate(drawn, digits.images, spec, RECIPE, lambda _: None)


def test_digits_pass_and_others_do_not(fitted: Fitted) -> None:
    spec = small_digits.RECIPE.features
    digits, _ = fitted.built().judge(extract(small_digits.digits().images[600:900], spec))
    others, _ = fitted.built().judge(extract(frames(500)[300:], spec))
    assert (digits > 0).mean() > 0.99
    assert (others < 0).mean() > 0.99
    assert (others < PASS).mean() > 0.9


def test_calibration_says_how_often_a_value_means_a_digit() -> None:
    values = np.random.default_rng(0).normal(0, 1, 20_000).astype(np.float32)
    likely = 1 / (1 + np.exp(-2 * values - 0.5))
    table = calibrate(values, np.random.default_rng(1).random(20_000) < likely)
    given = np.interp([-1, 0, 1], *table)
    np.testing.assert_allclose(given, 1 / (1 + np.exp(-2 * np.array([-1, 0, 1]) - 0.5)), atol=0.02)


def test_both_machines_are_calibrated_on_crops_held_back(fitted: Fitted) -> None:
    crops = np.concatenate([small_digits.digits().images[600:900], frames(500)[300:]])
    is_digit = np.arange(500) < 300
    given = fitted.calibrated(extract(crops, small_digits.RECIPE.features), is_digit).built()
    assert given.quick is not None
    for machine in (given.full, given.quick.machine):
        low, middle, high = machine.probability(np.array([-1.5, 0, 1.5], np.float32))
        assert low < 0.1
        assert high > 0.9
        assert low < middle < high


def test_a_model_file_gets_a_gate_and_can_get_another(fitted: Fitted, tmp_path: Path) -> None:
    data, path = small_digits.write(tmp_path / "data.npz"), tmp_path / "digits.npz"
    train(Material(data), path, small_digits.RECIPE)
    for _ in range(2):
        arrays, _ = with_gate(*model_file.read(path), fitted, frames(12))
        path.write_bytes(to_bytes(arrays))
    model = svm.load(path)
    assert (model.classify(frames(60)[12:]).labels == -1).mean() > 0.9
    assert (model.classify(small_digits.digits().images[600:700]).labels >= 0).mean() > 0.97

    heir = train(Material(data, old=path), tmp_path / "heir.npz", small_digits.RECIPE)
    assert (svm.load(heir.path).classify(frames(60)[12:]).labels == -1).mean() > 0.9
    assert heir.card["gate"]["of"] == str(path)

    found = evaluate_model(heir.path, data)
    assert found.published is not None
    assert found.published.as_dict() == heir.card["gate"]["test"]
    assert found.test.as_dict() == heir.card["test"]
    assert found.test.expected_calibration_error != found.published.expected_calibration_error
