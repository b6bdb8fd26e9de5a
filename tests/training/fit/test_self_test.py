import numpy as np
import pytest

from camd.classify import svm
from camd.errors import CamdError
from tests.classify.test_gate import Gated, digits
from training.digits import Digits
from training.fit.self_test import steady, with_tests


@pytest.fixture(scope="module")
def gated() -> Gated:
    return Gated()


@pytest.fixture(scope="module")
def images() -> Digits:
    crops, labels = digits()
    return Digits(crops, labels.astype(np.int64))


def test_every_class_is_tested_and_pairs_that_are_hardly_digits(
    gated: Gated, images: Digits
) -> None:
    arrays, meta = with_tests(gated.arrays, gated.meta, images)
    model = svm.build(arrays, meta)
    assert len(arrays["test_crops"]) > 10
    judged = model.judge(svm.features.extract(arrays["test_crops"], model.spec))
    assert set(judged.labels[:10].tolist()) == set(range(10))
    assert steady(model, arrays["test_crops"]).all()
    assert judged.margins[10:].mean() < judged.margins[:10].mean()


def test_an_image_that_may_come_to_another_end_is_not_taken(gated: Gated, images: Digits) -> None:
    model = svm.build(gated.arrays, gated.meta)
    judged = model.judge(svm.features.extract(images.images, model.spec))
    unsure = np.abs(judged.margins) < 0.05
    assert unsure.any()
    assert not steady(model, images.images)[unsure].any()
    without = images.take(images.labels != 3)
    arrays, _ = with_tests(gated.arrays, gated.meta, without)
    assert 3 not in arrays["test_labels"][:9]
    with pytest.raises(CamdError, match="reads no image"):
        with_tests(gated.arrays, gated.meta, Digits(without.images, without.labels + 10))
