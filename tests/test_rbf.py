import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from camd.rbf import BLOCK, CHUNK, Kernel

GAMMA = 0.4


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
@pytest.mark.parametrize("size", [1, BLOCK, 2 * BLOCK + 9])
def test_values_are_scikit_learns(count: int, size: int) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(count, 9)).astype(np.float32)
    matrix, offset = (rng.normal(size=size).astype(np.float32) / 3 for size in ((9, 8), 8))
    vectors = rng.normal(size=(size, 6))
    kernel = Kernel.of(matrix, offset, vectors, GAMMA)
    given = np.zeros((count, size))
    for part, values in kernel.values(features):
        given[part] = values
    if count:
        seen = (features @ matrix + offset)[:, :6]
        np.testing.assert_allclose(given, rbf_kernel(seen, vectors, GAMMA), atol=1e-5)
