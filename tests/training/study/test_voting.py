import numpy as np
from sklearn.ensemble import RandomForestClassifier, VotingClassifier

from tests.training.fit.small_digits import digits
from training.study.rows import SVC
from training.study.split import pixels
from training.study.voting import Probable, ensemble, temperature

OWN = digits()
SEEN = pixels(OWN.images)
LEARN, JUDGE = slice(400), slice(400, 1200)
SVM = SVC(C=10).fit(SEEN[LEARN], OWN.labels[LEARN])
FOREST = RandomForestClassifier(10, max_depth=4, random_state=1).fit(SEEN[LEARN], OWN.labels[LEARN])


def test_a_hard_vote_is_scikit_learns_without_a_second_fit() -> None:
    theirs = VotingClassifier([("svm", SVC(C=10)), ("forest", FOREST)]).fit(
        SEEN[LEARN], OWN.labels[LEARN]
    )
    ours = ensemble(SVM, FOREST, soft=False).fit(SEEN[LEARN], OWN.labels[LEARN])
    said = ours.predict(SEEN[JUDGE])
    np.testing.assert_array_equal(said, theirs.predict(SEEN[JUDGE]))
    lower = np.minimum(SVM.predict(SEEN[JUDGE]), FOREST.predict(SEEN[JUDGE]))
    np.testing.assert_array_equal(said, lower)
    assert (SVM.predict(SEEN[JUDGE]) != FOREST.predict(SEEN[JUDGE])).any()


def test_the_right_temperature_is_found() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(20_000, 10)).astype(np.float32)
    likely = np.exp(values / 0.5)
    likely /= likely.sum(axis=1, keepdims=True)
    labels = (likely.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    assert 0.48 < temperature(values, labels) < 0.52


def test_a_soft_vote_is_won_by_the_surer() -> None:
    own = OWN.labels[JUDGE]
    probable = Probable(SVM, temperature(SVM.decision_function(SEEN[JUDGE]), own))
    np.testing.assert_allclose(probable.predict_proba(SEEN[JUDGE]).sum(axis=1), 1, rtol=1e-6)
    ours = ensemble(probable, FOREST, soft=True).fit(SEEN[LEARN], OWN.labels[LEARN])
    mean = (probable.predict_proba(SEEN[JUDGE]) + FOREST.predict_proba(SEEN[JUDGE])) / 2
    np.testing.assert_array_equal(ours.predict(SEEN[JUDGE]), mean.argmax(axis=1))
    hard = ensemble(SVM, FOREST, soft=False).fit(SEEN[LEARN], OWN.labels[LEARN])
    assert ours.score(SEEN[JUDGE], own) > hard.score(SEEN[JUDGE], own)
