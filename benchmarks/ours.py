"""Gives camd's own machine to other engines, with the same support vectors and features."""

from typing import Any

import numpy as np
from sklearn.svm import SVC

from benchmarks.notebook import plain
from camd import paths
from camd.classify import features, model_file, svm
from camd.classify.svm import Model
from camd.values import FloatArray


class Fitted:
    """What scikit-learn would have after fitting camd's machine. camd/classify/model_schema.py
    describes the arrays."""

    def __init__(self, arrays: Any, gamma: float) -> None:
        self.C, self.gamma, self._gamma = 10.0, gamma, gamma
        self.classes_ = arrays["classes"].astype(np.int64)
        self.n_support_ = arrays["counts"]
        self.support_vectors_ = arrays["vectors"].astype(np.float64)
        self.support_ = np.arange(len(self.support_vectors_))
        self.dual_coef_ = arrays["coefs"].astype(np.float64)
        self.intercept_ = arrays["intercepts"].astype(np.float64)
        self.n_features_in_ = self.support_vectors_.shape[1]
        self.shape_fit_ = (len(self.support_), self.n_features_in_)


class Ours:
    """camd's own machine without its gate, and an SVC of scikit-learn with the same vectors."""

    def __init__(self) -> None:
        path = paths.model_file()
        arrays, meta = model_file.read(path)
        self.model: Model = svm.load(path)
        self.svc: SVC = plain(Fitted(arrays, meta["gamma"]))
        self.svc.decision_function_shape = "ovo"
        self._projection, self._offset = arrays["projection"], arrays["offset"]

    def seen(self, crops: Any) -> FloatArray:
        """Give the components (N, P) of crops (N, 28, 28), which are compared with the vectors."""
        return features.extract(crops, self.model.spec) @ self._projection + self._offset

    def labels(self, crops: Any) -> Any:
        """Classify as the daemon does, but without the gate."""
        return self.model.judge(features.extract(crops, self.model.spec)).labels
