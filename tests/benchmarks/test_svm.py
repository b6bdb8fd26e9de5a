import argparse
import itertools
import sys

import numpy as np
import pytest

from benchmarks import svm
from benchmarks.ours import Ours
from benchmarks.svm import Peer, peers
from camd.classify.features import extract

NOTHING = argparse.Namespace(notebook=None, cnn=None)


def test_what_is_not_installed_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("sklearnex.svm", "skl2onnx"):
        monkeypatch.setitem(sys.modules, package, None)
    found = list(peers(Ours(), NOTHING))
    left_out = [one for one in found if isinstance(one, str)]
    assert [one.partition(":")[0] for one in left_out] == [
        "scikit-learn-intelex",
        "ONNX Runtime's SVMClassifier",
        "the notebook's machine",
        "LeNet-5",
    ]
    assert len(found) - len(left_out) == 3


def test_peers_of_the_same_vectors_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("sklearnex.svm", "skl2onnx"):  # one is fitted anew, the other is seldom there
        monkeypatch.setitem(sys.modules, package, None)
    ours = Ours()
    crops = np.zeros((30, 28, 28), np.uint8)
    for number, crop in enumerate(crops):
        crop[4:24, 6 + number % 10 : 10 + number % 10] = 200
        crop[8 + number // 3 : 12 + number // 3, 5:20] = 230
    # The small machine of the cascade has other vectors.
    expected = ours.model.full.judge(extract(crops, ours.model.spec)).labels
    for peer in peers(ours, NOTHING):
        if isinstance(peer, Peer) and peer.same:
            assert (peer.classify(crops) == expected).all(), peer.name


def test_a_round_is_timed_in_whole_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.process_time", itertools.count().__next__)
    seen: list[int] = []
    crops = np.zeros((45, 28, 28), np.uint8)
    clock = svm.Stopwatch(lambda some: seen.append(len(some)), crops, least_s=0.0)
    assert clock.round() == 1 / svm.BATCH
    assert set(seen) == {svm.BATCH}
