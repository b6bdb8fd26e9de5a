"""Machines that were changed and signed again: the self-test notices, or it makes no difference."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd import paths
from camd.classify import model_file, model_schema, svm
from tests.classify.test_gate import Gated, noise
from tests.classify.test_svm import enlarged

Arrays = dict[str, np.ndarray]
GAMMAS = ("gamma", "quick_gamma", "gate_gamma", "gate_quick_gamma")
LIMITS = ("quick_clear", "gate_quick_digit", "gate_quick_other")
NUMBERS = (
    "coefs", "intercepts", "vectors", "projection", "offset", "calibration",
    "quick_vectors", "quick_weights", "quick_intercepts", "quick_calibration",
    "gate_projection", "gate_offset", "gate_vectors", "gate_coefs", "gate_intercept",
    "gate_calibration",
    "gate_quick_vectors", "gate_quick_coefs", "gate_quick_intercept", "gate_quick_calibration",
)  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> tuple[Arrays, dict[str, Any]]:
    arrays, meta = model_file.read(paths.model_file())
    return dict(arrays), dict(meta)


def noticed(arrays: Arrays, meta: dict[str, Any]) -> bool:
    if model_schema.problem(arrays, meta):
        return True
    return not svm.build(arrays, meta).passes(arrays, meta)


def test_the_shipped_model_says_what_it_said(shipped: tuple[Arrays, dict[str, Any]]) -> None:
    arrays, meta = shipped
    assert "test_values" in arrays
    assert set(range(10)) <= set(arrays["test_labels"].tolist())
    assert not noticed(arrays, meta)


@pytest.mark.parametrize("name", [*GAMMAS, *LIMITS])
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_another_width_or_limit_is_noticed(
    shipped: tuple[Arrays, dict[str, Any]], name: str, factor: float
) -> None:
    arrays, meta = shipped
    assert noticed(arrays, meta | {name: meta[name] * factor})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("wreck", ["larger", "negative", "noise", "some gone"])
def test_every_machine_is_asked(
    shipped: tuple[Arrays, dict[str, Any]], name: str, wreck: str
) -> None:
    arrays, meta = shipped
    old, rng = arrays[name].astype(np.float32), np.random.default_rng(1)
    spread = max(float(old.std()), 0.1)
    new = {
        "larger": old * 1.2,
        "negative": -old,
        "noise": old + rng.normal(0, spread, old.shape),
        "some gone": old * (rng.random(old.shape) > 0.2),
    }[wreck]
    same = np.allclose(old, new, atol=0.01)  # 1.2 times nothing, and the like
    assert same or noticed(arrays | {name: new.astype(arrays[name].dtype)}, meta)


@st.composite
def wrecks(draw: st.DrawFn) -> tuple[str, str, float, int]:
    """An array or number, what happens to it, how much, and a seed."""
    name = draw(st.sampled_from(NUMBERS + GAMMAS + LIMITS))
    kind = draw(st.sampled_from(["scale", "noise", "zero", "shuffle", "one"]))
    return name, kind, draw(st.floats(0.001, 1)), draw(st.integers(0, 99))


@given(wrecks())
@settings(max_examples=40)
def test_what_is_not_noticed_makes_no_difference(
    shipped: tuple[Arrays, dict[str, Any]], wreck: tuple[str, str, float, int]
) -> None:
    (arrays, meta), (name, kind, much, seed) = shipped, wreck
    rng = np.random.default_rng(seed)
    if name in meta:
        meta = meta | {name: meta[name] * (1 + much)}
    else:
        new = arrays[name].astype(np.float32)
        if kind == "scale":
            new *= 1 + much
        elif kind == "noise":
            new += much * rng.normal(0, max(float(new.std()), 0.1), new.shape).astype(np.float32)
        elif kind == "zero":
            new[rng.random(new.shape) < much / 3] = 0
        elif kind == "shuffle":
            new = rng.permutation(new)
        else:
            new.flat[rng.integers(new.size)] += 10 * much
        arrays = arrays | {name: new.astype(arrays[name].dtype)}
    if noticed(arrays, meta):
        return
    crops = np.concatenate([enlarged(150)[0], noise(20)])
    given, right = svm.build(arrays, meta).classify(crops), svm.build(*shipped).classify(crops)
    assert (given.labels != right.labels).sum() <= 1  # one on the edge
    np.testing.assert_allclose(given.confidence, right.confidence, atol=0.1)


def test_a_model_made_before_there_were_values_still_loads() -> None:
    gated = Gated()
    arrays, meta = dict(gated.arrays), dict(gated.meta)
    del arrays["test_values"], meta["test_tolerance"]
    assert not noticed(arrays, meta)
    arrays["test_margins"] = arrays["test_margins"] + np.float32(0.1)
    assert noticed(arrays, meta)
