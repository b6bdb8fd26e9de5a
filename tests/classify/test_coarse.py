from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camd import paths
from camd.classify import coarse, model_file, model_schema, svm
from camd.classify.coarse import CELL, SIZE, Coarse
from camd.values import FloatArray, Plane
from training.fit import export

CLASSES, COMPONENTS, VECTORS = 4, 6, 5


def picture(width: int = 90, height: int = 44, seed: int = 0) -> Plane:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width)).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def arrays(classes: int = CLASSES) -> dict[str, FloatArray]:
    rng = np.random.default_rng(1)
    shapes = {
        "templates": (SIZE, classes),
        "offsets": (classes,),
        "projection": (SIZE, COMPONENTS),
        "offset": (COMPONENTS,),
        "vectors": (VECTORS, COMPONENTS),
        "weights": (VECTORS, classes),
        "intercepts": (classes,),
    }
    return {
        f"coarse_{name}": rng.normal(size=shape).astype(np.float32)
        for name, shape in shapes.items()
    }


def machine(first: float, second: float) -> Coarse:
    limits = {"coarse_gamma": 0.2, "coarse_first": first, "coarse_second": second}
    return Coarse.of(arrays(), limits)


def plainly(seen: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Say what both machines say of features (..., SIZE), one formula after the other."""
    own = {name.removeprefix("coarse_"): array for name, array in arrays().items()}
    first = seen @ own["templates"] + own["offsets"]
    components = seen @ own["projection"] + own["offset"]
    apart = ((components[..., None, :] - own["vectors"]) ** 2).sum(axis=-1)
    second = np.exp(-0.2 * apart) @ own["weights"] + own["intercepts"]
    return (
        first[..., 1:].max(axis=-1) - first[..., 0],
        np.log(np.exp(second[..., 1:]).sum(axis=-1)) - second[..., 0],
    )


def test_each_window_is_judged_as_if_it_were_alone() -> None:
    given = picture()
    seen = coarse.features(given)
    assert seen.shape == (5, 16, SIZE)
    (found,) = machine(0.5, 0.2).likely([given])
    for polarity, own in enumerate((seen, coarse.turned_over(seen))):
        first, second = plainly(own)
        # Not the windows at which rounding decides.
        sure = (abs(first - -0.5) > 1e-4) & (abs(second - -0.2) > 1e-4)
        wanted = np.where((first >= -0.5) & (second >= -0.2), second, -np.inf)
        assert 0 < (wanted[sure] > -np.inf).sum() < sure.sum()
        np.testing.assert_allclose(found[polarity][sure], wanted[sure], atol=1e-3)


def test_dark_ink_is_seen_as_bright_ink_is() -> None:
    given = picture()
    (bright,), (dark,) = (machine(1, 1).likely([one]) for one in (given, 255 - given))
    np.testing.assert_allclose(bright, dark[::-1], atol=1e-3)


def test_pictures_do_not_disturb_each_other() -> None:
    several = [picture(90, 44), picture(20, 60), picture(61, 30, 3)]
    together = machine(1, 1).likely(several)
    assert [found.shape for found in together] == [(2, 5, 16), (2, 9, 0), (2, 1, 9)]
    for one, found in zip(several, together, strict=True):
        np.testing.assert_allclose(machine(1, 1).likely([one])[0], found, atol=1e-4)


def test_the_contrast_does_not_matter() -> None:
    given = picture()
    faint = (100 + given // 4 * 1.0).astype(np.uint8)
    strong = np.asarray(given // 4 * 4, np.uint8)
    np.testing.assert_allclose(
        coarse.features(faint), coarse.features(strong), atol=2e-3, rtol=1e-3
    )


def test_a_window_moves_with_the_picture() -> None:
    given = picture(90, 60)
    whole, moved = coarse.features(given), coarse.features(given[CELL:, 2 * CELL :])
    # But for the edges, at which a gradient sees what is beyond.
    np.testing.assert_allclose(whole[2:, 3:], moved[1:, 1:], atol=1e-6)


@pytest.mark.parametrize("ink", [0, 128, 255])
def test_one_grey_is_no_error(ink: int) -> None:
    (found,) = machine(1, 1).likely([np.full((40, 60), ink, np.uint8)])
    assert np.isfinite(found[found > -np.inf]).all()


def test_answers_tell_what_both_machines_say_of_a_crop() -> None:
    crops = np.stack([picture(28, 28, seed) for seed in range(3)])
    said = machine(1, 1).answers(crops)
    for crop, own in zip(crops, said, strict=True):
        seen = coarse.features(crop)[0, 0]
        for polarity, turned in enumerate((seen, coarse.turned_over(seen))):
            np.testing.assert_allclose(own[polarity::2], plainly(turned), atol=1e-3)


@pytest.fixture(scope="module")
def rows() -> tuple[model_schema.Arrays, model_schema.Meta]:
    """The contents of a model for rows with a quick look."""
    nested = model_schema.nested(*model_file.read(paths.model_file()), "rows")
    assert nested is not None
    limits = {"coarse_gamma": 0.2, "coarse_first": 3.0, "coarse_second": 1.0}
    return {**nested[0], **arrays(11)}, {**nested[1], **limits}


def test_a_model_for_rows_may_have_one(
    rows: tuple[model_schema.Arrays, model_schema.Meta],
) -> None:
    assert model_schema.problem(*rows) is None
    model = svm.build(*rows)
    assert model.coarse is not None
    crops = rows[0]["test_crops"]
    plain = replace(model, coarse=None)
    assert model.answers(crops).shape[1] == plain.answers(crops).shape[1] + 4 + 2
    sealed = export.seal(*rows)
    assert svm.build(*sealed).passes(*sealed)
    broken = {**sealed[0], "coarse_weights": sealed[0]["coarse_weights"] * 1.5}
    assert not svm.build(broken, sealed[1]).passes(broken, sealed[1])


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("coarse_templates", lambda a: a[1:], "coarse_templates has the shape"),
        ("coarse_offsets", lambda a: a[1:], "coarse_offsets has the shape"),
        ("coarse_projection", lambda a: a[:, 1:], "coarse_projection has the shape"),
        ("coarse_vectors", lambda a: a[1:], "coarse_vectors has the shape"),
        ("coarse_weights", lambda a: a[:, 1:], "has the shape"),
        ("coarse_intercepts", lambda a: a.astype(np.float64), "coarse_intercepts is float64"),
        ("coarse_offset", lambda a: a * np.nan, "coarse_offset holds values that are not finite"),
    ],
)
def test_what_does_not_fit_is_told(
    rows: tuple[model_schema.Arrays, model_schema.Meta], name: str, change: Any, text: str
) -> None:
    assert text in (model_schema.problem({**rows[0], name: change(rows[0][name])}, rows[1]) or "")


@pytest.mark.parametrize("name", ["coarse_gamma", "coarse_first", "coarse_second"])
def test_its_limits_must_be_there(
    rows: tuple[model_schema.Arrays, model_schema.Meta], name: str
) -> None:
    assert name in (model_schema.problem(rows[0], {**rows[1], name: -1.0}) or "")
