import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics.pairwise import rbf_kernel

from camd.rbf import BLOCK, CHUNK, Kernel, filled
from camd.values import FloatArray

GAMMA = 0.4


def machine(sizes: list[int]) -> tuple[Kernel, list[NDArray[np.float64]], FloatArray, FloatArray]:
    rng = np.random.default_rng(0)
    matrix, offset = (rng.normal(size=size).astype(np.float32) / 3 for size in ((9, 8), 8))
    groups = [rng.normal(size=(size, 6)) for size in sizes]
    return Kernel.of(matrix, offset, groups, GAMMA), groups, matrix, offset


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
@pytest.mark.parametrize("some", [None, [0], [1, 3], [2]])
def test_values_are_scikit_learns(count: int, some: list[int] | None) -> None:
    kernel, groups, matrix, offset = machine([1, BLOCK, 2 * BLOCK + 9, 5])
    features = np.random.default_rng(1).normal(size=(count, 9)).astype(np.float32)
    asked = list(range(4)) if some is None else some
    own = np.concatenate([filled(np.ones(len(groups[i]), np.float32)) for i in asked]) > 0
    given = np.zeros((count, own.sum()))
    for part, values in kernel.values(features, some):
        given[part] = values[:, own]
    if count:
        seen = (features @ matrix + offset)[:, :6]
        vectors = np.concatenate([groups[i] for i in asked])
        np.testing.assert_allclose(given, rbf_kernel(seen, vectors, GAMMA), atol=1e-5)
