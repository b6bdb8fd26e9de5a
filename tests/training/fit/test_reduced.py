import numpy as np
import pytest
from sklearn.svm import SVC

from camd.classify import svm
from tests.training.fit import small_digits
from training.fit.export import Machine, pack
from training.fit.fit import extract, learn_projection
from training.fit.reduced import Cases, ReducedSet, _gradients, reduce

ENOUGH = 1.2


@pytest.fixture(scope="module")
def cases() -> Cases:
    """What a machine of some 700 support vectors says of its own images, and of the others."""
    own = small_digits.digits()
    projection = learn_projection(own.images[:900], small_digits.RECIPE)
    seen = extract(own.images, small_digits.RECIPE.features) @ projection.matrix
    seen = (seen + projection.offset).astype(np.float16)
    gamma = 1.5 / float(projection.variances.sum())
    svc = SVC(C=2.0, gamma=gamma).fit(seen[:900].astype(np.float32), own.labels[:900])
    machine = Machine(
        svc.classes_.astype(np.int8),
        svc.n_support_,
        svc.support_vectors_,
        svc.dual_coef_,
        svc.intercept_,
        gamma,
    )
    calibration = np.array([[0.0], [0.5]], np.float32)
    full = svm.build(
        *pack(
            machine,
            small_digits.RECIPE.features,
            projection.matrix,
            projection.offset,
            calibration,
            own.images[:1],
            {},
        )
    ).full
    found = Cases.of(full, seen)
    np.testing.assert_array_equal(found.winner, svc.predict(seen.astype(np.float32)))
    return found


def errors(machine: ReducedSet, cases: Cases) -> np.ndarray:
    scores = machine.scores(cases.seen.astype(np.float32))
    return cases.errors(np.arange(len(cases.seen)), scores, ENOUGH)


def test_few_vectors_say_what_many_said(cases: Cases) -> None:
    learnt = Cases(cases.seen[:900], cases.winner[:900], cases.values[:900])
    others = Cases(cases.seen[900:], cases.winner[900:], cases.values[900:])
    untouched = reduce(learnt, 60, 0.5, ENOUGH, 0)
    machine = reduce(learnt, 60, 0.5, ENOUGH, 120)
    assert machine.vectors.shape == (60, 40)
    assert (errors(machine, learnt) ** 2).mean() < 0.5 * (errors(untouched, learnt) ** 2).mean()
    scores = machine.scores(others.seen.astype(np.float32))
    assert (scores.argmax(axis=1) == others.winner).mean() > 0.97
    again = reduce(learnt, 60, 0.5, ENOUGH, 120)
    np.testing.assert_array_equal(machine.vectors, again.vectors)


def test_a_value_that_is_great_enough_may_be_any_greater() -> None:
    values = np.array([[9.0, 0.5, 1.5], [1.4, 9.0, -0.5]], np.float32)
    cases = Cases(np.zeros((2, 1), np.float16), np.array([0, 1]), values)
    scores = np.array([[2.0, 1.0, -5.0], [0.0, 0.5, 1.0]], np.float32)
    found = cases.errors(np.arange(2), scores, ENOUGH)
    np.testing.assert_allclose(found, [[0, 0.5, 0], [0.5 - ENOUGH, 0, 0]], atol=1e-6)


def test_the_slopes_are_those_of_the_errors(cases: Cases) -> None:
    some = np.arange(0, 900, 9)
    machine = reduce(cases, 12, 0.5, ENOUGH, 3)
    rng = np.random.default_rng(0)

    def loss() -> float:
        scores = machine.scores(cases.seen[some].astype(np.float32))
        return 0.5 * float((cases.errors(some, scores, ENOUGH) ** 2).sum()) / len(some)

    parameters = machine.vectors, machine.weights, machine.intercepts
    for array, gradient in zip(parameters, _gradients(machine, cases, some, ENOUGH), strict=True):
        along = rng.normal(size=array.shape).astype(np.float32) * np.float32(3e-3)
        np.add(array, along, out=array)
        above = loss()
        np.subtract(array, 2 * along, out=array)
        below = loss()
        np.add(array, along, out=array)
        expected = float((gradient * along).sum())
        assert (above - below) / 2 == pytest.approx(expected, rel=0.02, abs=1e-5)


def test_of_few_cases_a_quarter_are_vectors(cases: Cases) -> None:
    few = Cases(cases.seen[:30], cases.winner[:30], cases.values[:30]).narrow(7)
    assert reduce(few, 100, 0.5, ENOUGH, 2).vectors.shape == (8, 7)
