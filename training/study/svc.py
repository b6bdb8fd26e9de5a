"""The SVC of the study. Intel's engine fits it, where that is installed; its answers are computed
here."""

import numpy as np
from numpy.typing import NDArray

from camd.classify.kernel import Kernel
from camd.classify.one_vs_one import duels
from camd.values import FloatArray
from training.fit import fit

Fitter = fit.SVC  # type: ignore[attr-defined]


class SVC(Fitter):  # type: ignore[misc,valid-type]
    """Fits with Intel's engine, but computes the answers itself, because oneDAL 2026.2 gives wrong
    answers for some machines of many classes. An example: C=5 and gamma="scale" on the third fold
    of the grid. The coefficients that it fits equal those of libsvm, but its own answers call 216
    of 1,723 sevens nines."""

    def predict(self, X: FloatArray) -> NDArray[np.int64]:  # noqa: N803  (scikit-learn's name)
        """Give the label that wins most duels; of equal ones the lowest, as libsvm does."""
        return np.asarray(self.classes_[self._votes(self._duels(X)).argmax(axis=1)])

    def decision_function(self, X: FloatArray) -> FloatArray:  # noqa: N803
        """Give (N, classes) as scikit-learn does with decision_function_shape="ovr": the number of
        votes, changed by less than half a vote depending on how clearly the duels were won."""
        values = self._duels(X)
        sums = np.zeros((len(values), len(self.classes_)), np.float32)
        for k, (i, j) in enumerate(duels(len(self.classes_))):
            sums[:, i] += values[:, k]
            sums[:, j] -= values[:, k]
        return np.asarray(self._votes(values) + sums / (3 * (np.abs(sums) + 1)), np.float32)

    def score(self, X: FloatArray, y: NDArray[np.int64]) -> float:  # noqa: N803
        return float((self.predict(X) == y).mean())

    def _votes(self, values: FloatArray) -> FloatArray:
        votes = np.zeros((len(values), len(self.classes_)), np.float32)
        for k, (i, j) in enumerate(duels(len(self.classes_))):
            votes[:, i] += values[:, k] > 0
            votes[:, j] += values[:, k] <= 0
        return votes

    def _duels(self, X: FloatArray) -> FloatArray:  # noqa: N803
        """Give the values of the duels, (N, duels); positive ones are won by the lower class."""
        vectors = np.asarray(self.support_vectors_)
        kernel = Kernel.of(vectors, self._gamma)
        stops = np.cumsum(self.n_support_)
        own = [slice(stop - size, stop) for stop, size in zip(stops, self.n_support_, strict=True)]
        # For two classes scikit-learn has the opposite signs.
        sign = -1 if len(self.classes_) == 2 else 1
        coefs = sign * np.asarray(self.dual_coef_, np.float32)
        pairs = duels(len(self.classes_))
        values = np.empty((len(X), len(pairs)), np.float32)
        for part, close in kernel.values(kernel.inputs(np.asarray(X, np.float32))):
            for k, (i, j) in enumerate(pairs):
                # Row k of dual_coef_ is the duel with the k-th *other* class.
                values[part, k] = close[:, own[i]] @ coefs[j - 1, own[i]]
                values[part, k] += close[:, own[j]] @ coefs[i, own[j]]
        return values + sign * np.asarray(self.intercept_, np.float32)
