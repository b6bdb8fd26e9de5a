from typing import Any

import numpy as np
import pytest

from camd.classify import model_bounds, model_schema
from tests.classify.test_gate import Gated

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def gated() -> Gated:
    return Gated()


def said(gated: Gated, arrays: Arrays, **meta: Any) -> str:
    return model_schema.problem({**gated.arrays, **arrays}, {**gated.meta, **meta}) or ""


def test_a_machine_as_it_was_fitted_is_within_all_bounds(gated: Gated) -> None:
    assert said(gated, {}) == ""


def test_numbers_larger_than_training_gives_are_named(gated: Gated) -> None:
    for name, most in model_bounds.LARGEST.items():
        if name not in gated.arrays:
            continue
        spoilt = gated.arrays[name].copy()
        spoilt.flat[0] = -2 * most
        assert said(gated, {name: spoilt}) == f"{name} holds numbers above {most:g}"


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf], ids=str)
def test_what_is_no_number_is_named(gated: Gated, wrong: float) -> None:
    """NaN is greater than no bound: a check against one alone would let it pass."""
    for name, array in gated.arrays.items():
        if array.dtype.kind == "f":
            spoilt = array.copy()
            spoilt.flat[-1] = wrong
            assert said(gated, {name: spoilt}) == f"{name} holds values that are not finite"


@pytest.mark.parametrize("prefix", ["", "gate_"])
def test_coefficients_of_a_duel_are_balanced(gated: Gated, prefix: str) -> None:
    coefs = gated.arrays[f"{prefix}coefs"].copy()
    coefs.flat[np.flatnonzero(coefs)[0]] *= -1
    assert f"{prefix}coefs are not balanced" in said(gated, {f"{prefix}coefs": coefs})


@pytest.mark.parametrize("prefix", ["", "gate_"])
@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_a_width_that_does_not_fit_the_vectors(gated: Gated, prefix: str, factor: float) -> None:
    name = f"{prefix}gamma"
    assert (
        said(gated, {}, **{name: gated.meta[name] * factor}) == f"{name} does not fit its vectors"
    )


@pytest.mark.parametrize("name", ["projection", "gate_projection"])
def test_columns_that_are_no_components(gated: Gated, name: str) -> None:
    for factor in (0.0, 0.9, 1e6):
        assert f"columns of {name}" in said(gated, {name: gated.arrays[name] * np.float32(factor)})


@pytest.mark.parametrize(
    "meta",
    [
        {"test_tolerance": 1.0},
        {"scores": {"x": float("nan")}},
        {"scores": {"x": 2}},
        {"scores": ["x"]},
        {"features": {"directions": 64, "scales": [[0, 28, 1]]}},
        {"features": {"directions": 8, "scales": [[0, 5, 1e999]]}},
        {"features": {"directions": 8, "scales": [[0, 1e999, 1]]}},
        {"features": {"directions": 8, "scales": [[0, 5, 0]]}},
    ],
)
def test_descriptions_beyond_what_training_writes(gated: Gated, meta: dict[str, Any]) -> None:
    assert next(iter(meta)) in said(gated, {}, **meta)


def test_a_class_without_vectors(gated: Gated) -> None:
    counts = gated.arrays["counts"].copy()
    counts[:2] = 0, counts[:2].sum()
    assert "counts" in said(gated, {"counts": counts})
