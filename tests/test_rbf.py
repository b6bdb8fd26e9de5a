import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from camd.rbf import BLOCK, CHUNK, Kernel

GAMMA = 0.4


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
@pytest.mark.parametrize("size", [1, BLOCK, 2 * BLOCK + 9])
def test_values_are_scikit_learns(count: int, size: int) -> None:
    rng = np.random.default_rng(0)
    inputs, vectors = rng.normal(size=(count, 6)), rng.normal(size=(size, 6))
    scale = np.sqrt(2 * GAMMA)
    kernel = Kernel.of((scale * vectors).astype(np.float32))
    given = np.zeros((count, size))
    for part, values in kernel.values((scale * inputs).astype(np.float32)):
        given[part] = values
    if count:
        np.testing.assert_allclose(given, rbf_kernel(inputs, vectors, GAMMA), atol=1e-6)
