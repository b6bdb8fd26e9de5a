import numpy as np
import pytest
from sklearn import svm

from tests.training.fit.small_digits import digits
from training.study.split import pixels
from training.study.svc import SVC

OWN = digits()
SEEN = pixels(OWN.images)
LEARN, JUDGE = slice(None, None, 2), slice(1, None, 2)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_it_answers_as_libsvm_does(classes: int) -> None:
    few = OWN.labels < classes
    seen, labels = SEEN[few], OWN.labels[few]
    ours, theirs = (
        kind(C=5, gamma="scale", tol=1e-5).fit(seen[LEARN], labels[LEARN])
        for kind in (SVC, svm.SVC)
    )
    said = ours.predict(seen[JUDGE])
    np.testing.assert_array_equal(said, theirs.predict(seen[JUDGE]))
    assert ours.score(seen[JUDGE], labels[JUDGE]) == theirs.score(seen[JUDGE], labels[JUDGE])
    if classes > 2:
        np.testing.assert_allclose(
            ours.decision_function(seen[JUDGE]), theirs.decision_function(seen[JUDGE]), atol=2e-3
        )
