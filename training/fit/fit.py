"""From crops to a fitted machine: features, projection, augmented copies, SVM, calibration."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from camd.classify.features import FeatureSpec, Scale, extract
from camd.classify.kernel import Projection
from camd.values import Classified, FloatArray
from training.augment import Distortion, distort
from training.fit.export import Machine

if TYPE_CHECKING:
    from training.workers import Workers

try:
    from sklearnex.svm import SVC

    ENGINE = f"scikit-learn-intelex {version('scikit-learn-intelex')}"
except ImportError:  # built for x86-64 only
    from sklearn.svm import SVC

    ENGINE = f"scikit-learn {version('scikit-learn')} (libsvm)"

CACHE_MB = 2000
"""Kernel rows kept while fitting."""
UNKNOWN = np.array([[0.0], [0.5]], np.float32)
"""The calibration of a machine that is not calibrated yet."""
KNOTS = np.linspace(-1.5, 3.0, 91)
"""Margins at which the calibration is tabulated."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides the model but data and seed. How it was chosen: docs/lab/README.md."""

    features: FeatureSpec = field(
        default_factory=lambda: FeatureSpec(12, (Scale(0.5, 8),), upright=24.0, shape=0.5)
    )
    projected: int = 160
    """Principal components that the kernel sees."""
    flatten: float = 0.0
    """Their variances count to the power of 1 - `flatten`: what seldom varies may tell most."""
    c: float = 2.0
    gamma: float = 1.5
    """In units of 1 / (sum of the variances of the components)."""
    copies: int = 1
    """Distorted versions of each training image, beside the image itself."""
    photographs: int = 60_000
    """Crops of rendered photographs, written with the training images: what a camera sees."""
    quick: int = 40
    """Principal components that the small machine of the cascade sees; 0 for no cascade."""
    quick_vectors: int = 800
    quick_steps: int = 4000
    """Of the small machine's fit."""
    distortion: Distortion = field(default_factory=Distortion)
    images: int | None = None
    """Training images at most; None: all of them."""

    def shortened(self) -> "Recipe":
        """Give a recipe of minutes' work, to try the whole way with: no model to ship."""
        return replace(
            self,
            images=4000,
            copies=min(self.copies, 1),
            photographs=min(self.photographs, 60),
            quick_vectors=min(self.quick_vectors, 200),
            quick_steps=min(self.quick_steps, 400),
        )

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"features": self.features.as_dict()}


@dataclass(frozen=True, slots=True, eq=False)
class LearntProjection(Projection):
    variances: FloatArray
    """(P,) of the components, descending."""


def learn_projection(crops: NDArray[np.uint8], recipe: Recipe) -> LearntProjection:
    """Principal components of the features: they keep the distances that the kernel is made of,
    in fewer numbers."""
    features = extract(crops, recipe.features)
    mean = features.mean(axis=0, dtype=np.float64)
    covariance = np.cov((features - mean.astype(np.float32)).T, dtype=np.float64)
    variances, components = np.linalg.eigh(covariance)
    variances = variances[::-1][: recipe.projected]
    scales = np.maximum(variances / variances[0], 1e-9) ** (-recipe.flatten / 2)
    matrix = components[:, ::-1][:, : recipe.projected] * scales
    return LearntProjection(
        matrix.astype(np.float32),
        -(mean @ matrix).astype(np.float32),
        (variances * scales**2).astype(np.float32),
    )


def see(
    crops: NDArray[np.uint8],
    projection: LearntProjection,
    recipe: Recipe,
    seed: int,
    progress: Progress,
    workers: "Workers | None" = None,
) -> NDArray[np.float16]:
    """Give what the kernel sees of `crops` (N, 28, 28) and of their distorted copies, which
    `workers` may make: (1 + copies, N, P). One copy at a time, so that no pixels are held twice.

    The model file keeps halves. Rounded before the fit, they are exactly what was fitted."""
    seen = np.empty((1 + recipe.copies, len(crops), projection.offset.size), np.float16)
    for copy in range(1 + recipe.copies):
        images = crops
        if copy:
            progress(f"distorting {len(crops)} images, copy {copy} of {recipe.copies}")
            images = distort(crops, recipe.distortion, seed * 1000 + copy, workers)
        seen[copy] = extract(images, recipe.features) @ projection.matrix + projection.offset
    return seen


def fit_machine(
    seen: NDArray[np.float16],
    labels: NDArray[np.int64],
    weights: FloatArray,
    recipe: Recipe,
    variance: float,
    progress: Progress,
) -> Machine:
    """Fit the machine on `seen` (N, P), with labels and weights (N,); `variance` is the sum over
    what of the projection they are."""
    progress(f"fitting the SVM on {len(seen)} images with {ENGINE}; this takes minutes")
    gamma = recipe.gamma / variance
    svc = SVC(C=recipe.c, gamma=gamma, cache_size=CACHE_MB)
    # Unweighted data goes the engines' plain way.
    even = bool((weights == 1).all())
    svc.fit(
        seen.astype(np.float32),
        labels,
        None if even else weights,
    )
    # For two classes scikit-learn turns the signs round; the model file never does.
    sign = -1 if len(svc.classes_) == 2 else 1
    return Machine(
        classes=svc.classes_.astype(np.int8),
        counts=np.asarray(svc.n_support_, np.int32),
        vectors=np.asarray(svc.support_vectors_, np.float32),
        coefs=sign * np.asarray(svc.dual_coef_, np.float32),
        intercepts=sign * np.asarray(svc.intercept_, np.float32),
        gamma=gamma,
    )


def calibrate(judged: Classified, labels: NDArray[np.int64]) -> FloatArray:
    """Tabulate the probability that a label is right by its margin, (2, k): Platt's sigmoid
    ("Probabilistic outputs for support vector machines", 1999) on images held out."""
    right = judged.labels == labels
    if right.all() or not right.any():  # too few images to tell: say so, modestly
        share = (right.sum() + 1) / (len(right) + 2)
        return np.array([[0.0], [share]], np.float32)
    sigmoid = LogisticRegression(C=1e4).fit(judged.margins[:, None], right)
    likely = sigmoid.predict_proba(KNOTS[:, None])[:, 1]
    return np.stack([KNOTS, likely]).astype(np.float32)


def clear_margin(
    by_quick: Classified, by_full: Classified, labels: NDArray[np.int64], extra: float
) -> float | None:
    """Choose the margin from which the small machine of a cascade is believed: the least at which
    it makes no more errors on images held out than the full one, `extra` (a share of them) aside.

    None where it is not to be believed at all."""
    order = np.argsort(-by_quick.margins, kind="stable")
    worse = (by_quick.labels != labels).astype(int) - (by_full.labels != labels)
    bad = np.flatnonzero(np.cumsum(worse[order]) > extra * len(labels))
    last = int(bad[0]) - 1 if len(bad) else len(labels) - 1
    margin = float(by_quick.margins[order[last]]) if last >= 0 else 0.0
    return margin if margin > 0 else None
