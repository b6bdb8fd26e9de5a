from dataclasses import replace

import numpy as np
import pytest
from sklearn import svm as libsvm

from camd.classify import svm
from camd.values import Classified
from tests.training.fit.small_digits import RECIPE, digits
from training.digits import Digits
from training.fit import fit
from training.fit.export import Machine, pack


def fitted(part: Digits, weights: np.ndarray | None = None) -> tuple[Machine, fit.LearntProjection]:
    projection = fit.learn_projection(part.images, RECIPE)
    if weights is None:
        weights = np.ones(len(part), np.float32)
    copies = np.full(len(part), RECIPE.copies)
    seen = fit.see(part.images, copies, projection, RECIPE, 0, lambda _: None)
    machine = fit.fit_machine(
        seen.components,
        part.labels[seen.image],
        weights[seen.image],
        RECIPE,
        float(projection.variances.sum()),
        lambda _: None,
    )
    return machine, projection


def judged(machine: Machine, projection: fit.LearntProjection, crops: np.ndarray) -> Classified:
    unknown = np.array([[0.0], [0.5]], np.float32)
    arrays, meta = pack(
        machine, RECIPE.features, projection.matrix, projection.offset, unknown, crops[:5], {}
    )
    return svm.build(arrays, meta).classify(crops)


def test_small_sets_get_further_copies_and_each_has_its_image() -> None:
    recipe = replace(RECIPE, versions=60)
    copies = recipe.copies_of(np.repeat([12, 25, 100], [12, 25, 100]))
    assert copies.tolist() == [4] * 12 + [1] * 125
    crops = digits().images[: len(copies)]
    projection = fit.learn_projection(crops, recipe)
    seen = fit.see(crops, copies, projection, recipe, 0, lambda _: None)
    assert np.bincount(seen.image).tolist() == (1 + copies).tolist()
    own = fit.extract(crops, recipe.features) @ projection.matrix + projection.offset
    found = seen.components.astype(np.float32)
    apart = np.linalg.norm(found - own[seen.image], axis=1)
    others = np.linalg.norm(found - np.roll(own, 1, axis=0)[seen.image], axis=1)
    assert len(np.unique(found, axis=0)) == len(found)
    assert (apart[: len(crops)] < 0.01).all()
    assert apart.mean() < 0.7 * others.mean()


def test_projection_keeps_the_distances() -> None:
    crops = digits().images[:300]
    projection = fit.learn_projection(crops, replace(RECIPE, flatten=0.0))
    features = fit.extract(crops, RECIPE.features)
    seen = features @ projection.matrix + projection.offset
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-4)
    assert seen.var(axis=0).sum() == pytest.approx(float(projection.variances.sum()), rel=1e-2)
    assert float(projection.variances.sum()) > 0.9 * features.var(axis=0).sum()


def test_flattened_components_differ_less() -> None:
    crops = digits().images[:300]
    plain = fit.learn_projection(crops, replace(RECIPE, flatten=0.0))
    flat = fit.learn_projection(crops, replace(RECIPE, flatten=0.5))
    np.testing.assert_allclose(flat.variances[0], plain.variances[0], rtol=1e-4)
    ratios = np.log(flat.variances[1:] / flat.variances[0])
    np.testing.assert_allclose(
        ratios, 0.5 * np.log(plain.variances[1:] / plain.variances[0]), rtol=1e-3
    )
    seen = fit.extract(crops, RECIPE.features) @ flat.matrix + flat.offset
    assert seen.var(axis=0).sum() == pytest.approx(float(flat.variances.sum()), rel=1e-2)


def test_the_engine_gives_what_libsvm_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    own = digits()
    part, rest = own.take(slice(600)), own.take(slice(600, None))
    with_engine = judged(*fitted(part), rest.images)
    monkeypatch.setattr(fit, "SVC", libsvm.SVC)
    with_libsvm = judged(*fitted(part), rest.images)
    np.testing.assert_array_equal(with_engine.labels, with_libsvm.labels)
    # Both stop at a tolerance of 1e-3 of the gradient.
    np.testing.assert_allclose(with_engine.margins, with_libsvm.margins, atol=1e-2)


def test_support_vectors_survive_the_rounding_of_the_file() -> None:
    machine, _ = fitted(digits().take(slice(300)))
    np.testing.assert_array_equal(machine.vectors.astype(np.float16), machine.vectors)


def test_weights_decide_between_two_opinions() -> None:
    """The same crops are called 3 by some and 8 by others, who weigh more."""
    own = digits().take(slice(400))
    threes = own.take(np.flatnonzero(own.labels == 3))
    lied = Digits(threes.images, np.full(len(threes), 8))
    mixed = Digits(
        np.concatenate([own.images, lied.images]), np.concatenate([own.labels, lied.labels])
    )
    for weight, expected in ((0.1, 3), (10.0, 8)):
        weights = np.append(np.ones(len(own)), np.full(len(lied), weight)).astype(np.float32)
        labels = judged(*fitted(mixed, weights), threes.images).labels
        assert (labels == expected).mean() > 0.9


def test_two_classes_win_their_own_duels() -> None:
    own = digits()
    pair = own.take(np.flatnonzero(np.isin(own.labels, [4, 9])))
    result = judged(*fitted(pair), pair.images)
    assert (result.labels == pair.labels).mean() > 0.98


def test_calibration_recovers_the_odds_behind_the_margins() -> None:
    rng = np.random.default_rng(0)
    margins = rng.uniform(-1, 2, 50_000).astype(np.float32)
    likely = 1 / (1 + np.exp(-4 * margins - 0.5))
    labels = (rng.random(50_000) > likely).astype(np.int64)  # the label given is always 0
    given = Classified(np.zeros(50_000, np.int64), margins, likely.astype(np.float32))
    table = fit.calibrate(given, labels)
    assert np.abs(np.interp(margins, *table) - likely).max() < 0.02


def test_calibration_of_a_machine_that_never_errs_is_modest() -> None:
    given = Classified(np.zeros(8, np.int64), np.ones(8, np.float32), np.ones(8, np.float32))
    assert fit.calibrate(given, np.zeros(8, np.int64)).tolist() == [[0.0], [pytest.approx(0.9)]]


def said(labels: list[int], margins: list[float]) -> Classified:
    sure = np.array(margins, np.float32)
    return Classified(np.array(labels), sure, sure)


def test_the_small_machine_is_believed_down_to_where_it_costs_errors() -> None:
    truth = np.array([1, 2, 3, 4, 5])
    full = said([1, 2, 3, 4, 0], [1.0] * 5)
    small = said([1, 2, 0, 4, 5], [0.9, 0.3, 0.2, 0.7, 0.1])
    assert fit.clear_margin(small, full, truth, extra=0) == pytest.approx(0.3)
    assert fit.clear_margin(small, full, truth, extra=0.2) == pytest.approx(0.1)
    wrong_when_surest = said([0, 2, 3, 4, 5], [0.9, 0.3, 0.2, 0.7, 0.1])
    assert fit.clear_margin(wrong_when_surest, full, truth, extra=0) is None
