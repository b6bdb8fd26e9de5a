import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from camd.rbf import CHUNK, Kernel

GAMMA = 0.4


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
def test_values_are_scikit_learns(count: int) -> None:
    rng = np.random.default_rng(0)
    inputs, vectors = rng.normal(size=(count, 6)), rng.normal(size=(50, 6))
    scale = np.sqrt(2 * GAMMA)
    kernel = Kernel.of((scale * vectors).astype(np.float32))
    given = np.zeros((count, 50))
    for part, values in kernel.values((scale * inputs).astype(np.float32)):
        given[part] = values
    if count:
        np.testing.assert_allclose(given, rbf_kernel(inputs, vectors, GAMMA), atol=1e-6)
