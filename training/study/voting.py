"""Lets the SVM and the forest vote together."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator

from camd.values import FloatArray


class Probable(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Makes a fitted machine with decision values give probabilities: the softmax of the values
    divided by a temperature (Guo et al., "On calibration of modern neural networks", 2017)."""

    def __init__(self, machine: BaseEstimator, temperature: float) -> None:
        self.machine = machine
        self.temperature = temperature
        self.classes_ = machine.classes_

    def fit(self, pixels: FloatArray, labels: NDArray[np.int64]) -> Self:  # noqa: ARG002
        return self

    def predict_proba(self, pixels: FloatArray) -> NDArray[np.float64]:
        values = self.machine.decision_function(pixels).astype(np.float64)
        return np.asarray(softmax(values / self.temperature, axis=1))

    def predict(self, pixels: FloatArray) -> NDArray[np.int64]:
        return np.asarray(self.machine.predict(pixels))


def temperature(values: FloatArray, labels: NDArray[np.int64]) -> float:
    """Give the temperature with which the softmax of decision values (N, 10) predicts `labels`
    best, measured by log-likelihood."""

    def loss(log_t: float) -> float:
        likely = log_softmax(values.astype(np.float64) / np.exp(log_t), axis=1)
        return -float(likely[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 3.0), method="bounded").x))


def ensemble(svm: BaseEstimator, forest: BaseEstimator, *, soft: bool) -> VotingClassifier:
    """Join two fitted machines by scikit-learn's own voting; they are not fitted again. In a hard
    vote of two that disagree, the lower digit wins."""
    voters = [("svm", FrozenEstimator(svm)), ("forest", FrozenEstimator(forest))]
    return VotingClassifier(voters, voting="soft" if soft else "hard")
