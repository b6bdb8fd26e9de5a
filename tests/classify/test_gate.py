from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from camd.classify import gate, svm
from camd.classify.features import FeatureSpec, Scale, extract
from camd.classify.model_schema import names, problem
from camd.errors import ModelError
from training.fit.export import Machine, pack, seal, to_bytes

SPEC = FeatureSpec(8, (Scale(0.0, 5),))


def digits() -> tuple[np.ndarray, np.ndarray]:
    small = load_digits()
    crops = [cv2.resize(one * 15, (28, 28)) for one in small.images[:600]]
    return np.stack(crops).astype(np.uint8), small.target[:600]


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), dtype=np.uint8)


class Gated:
    """A machine for digits, the same with a gate, and scikit-learn's own gate."""

    def __init__(self) -> None:
        crops, labels = digits()
        projection = np.linalg.qr(np.random.default_rng(0).normal(size=(SPEC.size, 40)))[0]
        projection = projection.astype(np.float32)
        self.projection, offset = projection, np.linspace(-1, 1, 40, dtype=np.float32)
        self.offset = offset
        seen = (extract(crops, SPEC) @ projection + offset).astype(np.float16).astype(np.float32)
        svc = SVC(C=1.0, gamma=0.5, decision_function_shape="ovo").fit(seen, labels)
        machine = Machine(
            svc.classes_.astype(np.int8), svc.n_support_, svc.support_vectors_, svc.dual_coef_,
            svc.intercept_, 0.5,
        )  # fmt: skip
        calibration = np.array([[-1.0, 1.0], [0.2, 1.0]], np.float32)
        plain = pack(machine, SPEC, projection, offset, calibration, crops[:10], {})
        self.without = svm.build(*plain)

        both = np.concatenate([crops, noise(200)])
        seen = (extract(both, SPEC) @ projection + offset).astype(np.float16).astype(np.float32)
        self.svc = SVC(C=1.0, gamma=0.3).fit(seen, np.arange(800) < 600)
        arrays: dict[str, Any] = {
            "gate_projection": projection,
            "gate_offset": offset,
            "gate_vectors": self.svc.support_vectors_.astype(np.float16),
            "gate_coefs": self.svc.dual_coef_[0].astype(np.float32),
            "gate_intercept": self.svc.intercept_.astype(np.float32),
            "gate_calibration": np.array([[-2.0, 2.0], [0.0, 1.0]], np.float32),
        }
        tests = np.concatenate([crops[:5], noise(5, 2)])
        self.arrays, self.meta = seal(
            {**plain[0], **arrays, "test_crops": tests}, {**plain[1], "gate_gamma": 0.3}
        )
        self.model = svm.build(self.arrays, self.meta)


@pytest.fixture(scope="module")
def gated() -> Gated:
    return Gated()


def test_values_equal_scikit_learns(gated: Gated) -> None:
    crops = np.concatenate([digits()[0][:300], noise(100, 3)])
    features = extract(crops, SPEC)
    built = gate.build(gated.arrays, gated.meta)
    assert built is not None
    expected = gated.svc.decision_function(features @ gated.projection + gated.offset)
    values, likely = built.judge(features)
    np.testing.assert_allclose(values, expected, atol=1e-3)
    np.testing.assert_allclose(likely, np.clip((expected + 2) / 4, 0, 1), atol=1e-3)


def test_a_cascade_asks_the_full_gate_where_the_small_one_is_not_sure(gated: Gated) -> None:
    crops = np.concatenate([digits()[0][:300], noise(100, 3)])
    features = extract(crops, SPEC)
    seen = (features @ gated.projection + gated.offset)[:, :15]
    few = SVC(C=1.0, gamma=0.5).fit(seen[::5].astype(np.float16), np.arange(400)[::5] < 300)
    arrays, meta = seal(
        {
            **gated.arrays,
            "gate_quick_vectors": few.support_vectors_.astype(np.float16),
            "gate_quick_coefs": few.dual_coef_[0].astype(np.float32),
            "gate_quick_intercept": few.intercept_.astype(np.float32),
            "gate_quick_calibration": np.array([[-2.0, 2.0], [0.1, 0.9]], np.float32),
        },
        {**gated.meta, "gate_quick_gamma": 0.5, "gate_quick_digit": 0.8, "gate_quick_other": 0.9},
    )
    built = gate.build(arrays, meta)
    assert built is not None
    small, full = (
        few.decision_function(seen),
        gated.svc.decision_function(features @ gated.projection + gated.offset),
    )
    clear = (small >= 0.8) | (small <= -0.9)
    assert 0.1 < clear.mean() < 0.9
    values, likely = built.judge(features)
    np.testing.assert_allclose(values, np.where(clear, small, full), atol=1e-3)
    tables = np.clip(0.5 + 0.2 * small, 0.1, 0.9), np.clip(0.5 + 0.25 * full, 0, 1)
    np.testing.assert_allclose(likely, np.where(clear, *tables), atol=1e-3)
    del meta["gate_gamma"]
    left = {name: arrays[name] for name in names(meta)}
    assert "gate_quick_gamma" in (problem(left, meta) or "")


def test_what_passes_keeps_the_label_that_it_had(gated: Gated) -> None:
    crops = digits()[0]
    plain, given = gated.without.classify(crops), gated.model.classify(crops)
    passed = given.labels >= 0
    assert passed.mean() > 0.99
    np.testing.assert_array_equal(given.labels[passed], plain.labels[passed])
    assert (given.margins[passed] <= plain.margins[passed] + 1e-5).all()
    assert (given.confidence[passed] <= plain.confidence[passed] + 1e-5).all()


def test_what_is_no_digit_has_the_gates_own_value(gated: Gated) -> None:
    given = gated.model.classify(noise(100, 4))
    assert (given.labels == -1).mean() > 0.9
    turned_away = given.labels == -1
    assert (given.margins[turned_away] <= gate.PASS).all()
    assert (given.confidence[turned_away] > 0.5).all()


@pytest.mark.parametrize("count", [0, 1, 90])
def test_any_number_of_crops(gated: Gated, count: int) -> None:
    mixed = np.concatenate([digits()[0][:45], noise(45, 5)])
    given, whole = gated.model.classify(mixed[:count]), gated.model.classify(mixed)
    assert given.labels.shape == given.margins.shape == given.confidence.shape == (count,)
    np.testing.assert_array_equal(given.labels, whole.labels[:count])


def test_a_file_keeps_its_gate(gated: Gated, tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    path.write_bytes(to_bytes(gated.arrays))
    crops = np.concatenate([digits()[0][:20], noise(20, 6)])
    loaded = svm.load(path).classify(crops)
    np.testing.assert_array_equal(loaded.labels, gated.model.classify(crops).labels)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("gate_coefs", np.zeros(3, np.float32)),
        ("gate_intercept", np.zeros((), np.float32)),
        ("gate_intercept", np.array([np.nan], np.float32)),
        ("gate_offset", np.zeros(40, np.float64)),
        ("gate_projection", np.zeros((4, 40), np.float32)),
        ("gate_calibration", np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)),
        ("gate_calibration", np.array([[0.0, 1.0], [0.0, 1.5]], np.float32)),
        ("gate_vectors", None),
    ],
)
def test_a_damaged_gate_is_refused(
    gated: Gated, tmp_path: Path, name: str, wrong: np.ndarray | None
) -> None:
    arrays = dict(gated.arrays)
    if wrong is None:
        del arrays[name]
    else:
        arrays[name] = wrong
    path = tmp_path / "digits.npz"
    path.write_bytes(to_bytes(arrays))
    with pytest.raises(ModelError, match="camd train"):
        svm.load(path)
