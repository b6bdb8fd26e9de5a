import numpy as np

from benchmarks.nudge import KINDS, trial
from camd import paths
from camd.classify import svm


def test_a_trial_counts_from_the_end_of_the_nudge() -> None:
    model, rng = svm.load(paths.model_file()), np.random.default_rng(3)
    found = trial(model, rng, KINDS["all of it, half as far"](rng), 3)
    assert found.read
    assert found.back is not None
    assert found.back <= 2
    assert not found.wrong
    assert found.off < 2


def test_a_region_that_stays_is_off() -> None:
    model, rng = svm.load(paths.model_file()), np.random.default_rng(3)
    found = trial(model, rng, KINDS["shifted by 15 % of the frame"](rng), 2, max_shift=0)
    assert found.off > 100
