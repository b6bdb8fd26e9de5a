import cv2
import numpy as np
import pytest
from sklearn.svm import SVC

from benchmarks.notebook import find, plain
from tests.sheets import paper, write


@pytest.mark.parametrize("dark_on_light", [True, False])
def test_contours_become_crops_as_mnist_has_them(dark_on_light: bool) -> None:
    page = write(paper(), "325", (60, 240))
    crops = find(page if dark_on_light else cv2.bitwise_not(page))
    assert crops.shape == (3, 28, 28)
    for crop in crops:
        ys, xs = np.nonzero(crop > 127)
        assert max(np.ptp(ys), np.ptp(xs)) + 1 >= 19
        assert ys.min() >= 3
        assert ys.max() <= 24


def test_nothing_gives_no_crops() -> None:
    assert find(np.full((40, 60, 3), 200, np.uint8)).shape == (0, 28, 28)


def test_intels_machine_decides_as_before_when_libsvm_answers() -> None:
    intel = pytest.importorskip("sklearnex.svm")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 400)
    seen = (rng.normal(0, 0.3, (400, 12)) + np.eye(12)[labels]).astype(np.float32)
    fitted = intel.SVC(C=10, gamma="scale").fit(seen, labels)
    own = plain(fitted)
    assert type(own) is SVC
    np.testing.assert_allclose(
        own.decision_function(seen), fitted.decision_function(seen), atol=1e-3
    )
    assert (own.predict(seen) == fitted.predict(seen)).all()
