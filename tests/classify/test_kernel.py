import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from camd.classify import kernel as rbf
from camd.classify.kernel import BLOCK, CHUNK, FEW, Kernel, Projection
from camd.values import FloatArray

GAMMA = 0.4


def normal(*size: int) -> FloatArray:
    return np.random.default_rng(size).normal(size=size).astype(np.float32)


@pytest.fixture(params=[False, True], ids=["whole", "blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor with AVX-512, and on one without."""
    monkeypatch.setattr(rbf, "_small_products", lambda: request.param)


@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW, CHUNK, 2 * CHUNK + 3])
def test_components_are_the_product(count: int) -> None:
    matrix, offset, features = normal(9, 8), normal(8), normal(count, 9)
    given = Projection.of(matrix, offset, 6).components(features)
    np.testing.assert_allclose(given, (features @ matrix + offset)[:, :6], atol=1e-5)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW, CHUNK, 2 * CHUNK + 3])
@pytest.mark.parametrize("size", [0, 1, BLOCK, 2 * BLOCK + 9])
def test_values_are_scikit_learns(count: int, size: int) -> None:
    vectors, components = normal(size, 6), normal(count, 8)
    given = np.zeros((count, size))
    kernel = Kernel.of(vectors, GAMMA)
    for part, values in kernel.values(kernel.inputs(components)):
        given[part] = values
    if count and size:
        expected = rbf_kernel(components[:, :6], vectors, GAMMA)
        np.testing.assert_allclose(given, expected, atol=1e-5)
