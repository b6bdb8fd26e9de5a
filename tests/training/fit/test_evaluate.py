import numpy as np
import pytest

from camd.values import Classified
from training.fit.evaluate import calibration_error, score


def judged(labels: list[int], confidence: list[float]) -> Classified:
    return Classified(
        np.array(labels), np.zeros(len(labels), np.float32), np.array(confidence, np.float32)
    )


def test_errors_by_coverage_drop_the_least_confident_first() -> None:
    labels = [0] * 10
    confidence = [0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.6, 0.5]
    truth = np.array([0, 0, 0, 0, 0, 0, 0, 1, 0, 1])
    figures = score(judged(labels, confidence), truth)
    assert (figures.images, figures.errors, figures.error) == (10, 2, 0.2)
    kept = {share: (least, errors) for share, least, errors in figures.coverage}
    assert kept[1.0] == (0.5, 2)
    assert kept[0.9] == (0.6, 1)
    assert kept[0.8] == (0.92, 1)


def test_calibration_error_is_the_gap_between_said_and_true() -> None:
    right = np.array([True] * 8 + [False] * 2)
    assert calibration_error(np.full(10, 0.8, np.float32), right) == pytest.approx(0, abs=1e-6)
    assert calibration_error(np.full(10, 1.0, np.float32), right) == pytest.approx(0.2)
    two_bins = np.array([0.95] * 8 + [0.05] * 2, np.float32)
    assert calibration_error(two_bins, right) == pytest.approx(0.05, abs=1e-6)
