import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from camd.classify.kernel import Kernel, Projection
from camd.classify.reduced_set import Reduced
from camd.values import FloatArray

CLASSES = np.array([-1, 3, 7])


def normal(*size: int) -> FloatArray:
    return np.random.default_rng(size).normal(size=size).astype(np.float32)


MATRIX, OFFSET, VECTORS, WEIGHTS, INTERCEPTS = (
    normal(9, 6), normal(6), normal(50, 4), normal(50, 3), normal(3),
)  # fmt: skip
MACHINE = Reduced(
    CLASSES,
    Projection.of(MATRIX, OFFSET, 4),
    Kernel.of(VECTORS, 0.1),
    WEIGHTS,
    INTERCEPTS,
    np.array([[0.0, 2.0], [0.5, 1.0]], np.float32),
)


@pytest.mark.parametrize("count", [0, 1, 20, 70])
def test_a_duel_is_the_difference_of_two_scores(count: int) -> None:
    features = normal(count, 9)
    winner, own = MACHINE.decide(features)
    assert own.shape == (count, 3)
    if count:
        seen = (features @ MATRIX + OFFSET)[:, :4]
        scores = rbf_kernel(seen, VECTORS, 0.1) @ WEIGHTS + INTERCEPTS
        np.testing.assert_array_equal(winner, scores.argmax(axis=1))
        expected = scores.max(axis=1)[:, None] - scores
        expected[np.arange(count), winner] = np.inf
        np.testing.assert_allclose(own, expected, atol=1e-4)
    found = MACHINE.won(winner, own)
    np.testing.assert_array_equal(found.labels, CLASSES[winner])
    np.testing.assert_array_equal(found.margins, own.min(axis=1))
    np.testing.assert_allclose(found.confidence, np.minimum(0.5 + found.margins / 4, 1), atol=1e-6)
