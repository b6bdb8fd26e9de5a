"""The steps from crops to a fitted machine: features, projection, distorted copies, support vector
machine, calibration."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

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
except ImportError:  # scikit-learn-intelex exists for x86-64 only
    from sklearn.svm import SVC

    ENGINE = f"scikit-learn {version('scikit-learn')} (libsvm)"

CACHE_MB = 2000
"""Memory for kernel values while a machine is fitted, MB."""
STEP = 1 / 512
"""Components are rounded to multiples of this, so that the model file takes a quarter less. A
vector moves by 0.007, while two images of a digit are 0.6 to 2 apart."""
UNKNOWN = np.array([[0.0], [0.5]], np.float32)
"""Stands for the calibration of a machine that is not calibrated yet: always 0.5."""
KNOTS = np.linspace(-1.5, 3.0, 91)
"""The margins for which the calibration has values; between them it is interpolated."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that determines a model, apart from data and seed. docs/lab/README.md tells how
    the values were chosen."""

    features: FeatureSpec = field(
        default_factory=lambda: FeatureSpec(12, (Scale(0.5, 8),), upright=24.0, shape=0.5)
    )
    projected: int = 160
    """Number of principal components that the kernel sees."""
    flatten: float = 0.0
    """Components are scaled so that their variances become their power of 1 - `flatten`. With more
    than 0, components that vary little count for more: they may tell more than others."""
    c: float = 2.0
    gamma: float = 1.5
    """The gamma of the RBF kernel, in units of 1 / (sum of the variances of the components)."""
    copies: int = 1
    """Number of distorted versions of each training image, in addition to the image itself."""
    versions: int = 16_000
    """Of a small set of other hands further distorted versions are made, until there are about so
    many of all its images."""
    photographs: int = 60_000
    """Number of digits cut out of rendered photographs. They are written with the training images
    and look as a camera sees them."""
    quick: int = 40
    """Number of principal components that the small machine of the cascade sees; 0 for no
    cascade."""
    quick_vectors: int = 800
    quick_steps: int = 4000
    """Number of steps in which the small machine is fitted."""
    distortion: Distortion = field(default_factory=Distortion)
    further: Distortion = field(default_factory=lambda: Distortion(pen=1.6))
    """How the further versions of small sets are distorted."""
    images: int | None = None
    """Use at most so many training images; None means all."""

    def shortened(self) -> "Recipe":
        """Give a recipe that takes only minutes, for trying out the whole training. Its model is
        not good enough for use."""
        return replace(
            self,
            images=4000,
            copies=min(self.copies, 1),
            versions=0,
            photographs=min(self.photographs, 60),
            quick_vectors=min(self.quick_vectors, 200),
            quick_steps=min(self.quick_steps, 400),
        )

    def copies_of(self, alike: NDArray[np.intp]) -> NDArray[np.intp]:
        """Give the number of copies (N,) of images from sets with `alike` (N,) images."""
        return np.maximum(self.copies, np.rint(self.versions / alike).astype(np.intp) - 1)

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"features": self.features.as_dict()}


@dataclass(frozen=True, slots=True, eq=False)
class LearntProjection(Projection):
    variances: FloatArray
    """(P,): the variances of the components, greatest first."""


def learn_projection(crops: NDArray[np.uint8], recipe: Recipe) -> LearntProjection:
    """Find the principal components of the features. They need fewer numbers and keep the distances
    between crops, on which the kernel depends."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    components: NDArray[np.float16]
    """(M, P): of images and of their distorted copies; see `rounded`."""
    image: NDArray[np.intp]
    """(M,): the index of the image that each is of."""


def rounded(components: FloatArray) -> NDArray[np.float16]:
    """Round components (N, P) to what the model file holds. Because this is done before the fit,
    the file has exactly the vectors that were fitted."""
    return np.asarray(np.rint(components / STEP) * STEP, np.float16)


def see(
    crops: NDArray[np.uint8],
    copies: NDArray[np.intp],
    projection: LearntProjection,
    recipe: Recipe,
    seed: int,
    progress: Progress,
    workers: "Workers | None" = None,
) -> Seen:
    """Give the components of `crops` (N, 28, 28) and of so many distorted `copies` (N,) of each,
    which `workers` may make. Copies are made one after the other, so that the pixels of only one
    are in memory."""
    most = int(copies.max(initial=0))
    index = [np.flatnonzero(copies >= copy) for copy in range(1 + most)]
    parts = []
    for copy, some in enumerate(index):
        images = crops[some]
        if copy:
            progress(f"distorting {len(some)} images, copy {copy} of {most}")
            how = recipe.distortion if copy <= recipe.copies else recipe.further
            images = distort(images, how, seed * 1000 + copy, workers)
        found = extract(images, recipe.features) @ projection.matrix + projection.offset
        parts.append(rounded(found))
    return Seen(np.concatenate(parts), np.concatenate(index))


def fit_machine(
    seen: NDArray[np.float16],
    labels: NDArray[np.int64],
    weights: FloatArray,
    recipe: Recipe,
    variance: float,
    progress: Progress,
) -> Machine:
    """Fit a machine on components `seen` (N, P) with labels and weights (N,). `variance` is the sum
    of the variances of the components."""
    progress(f"fitting the SVM on {len(seen)} images with {ENGINE}; this takes minutes")
    gamma = recipe.gamma / variance
    svc = machine(recipe.c, gamma, CACHE_MB)
    # When all weights are 1, none are given, so that the engines take their simpler way.
    even = bool((weights == 1).all())
    svc.fit(
        seen.astype(np.float32),
        labels,
        None if even else weights,
    )
    # For two classes scikit-learn has the opposite signs; the model file does not.
    sign = -1 if len(svc.classes_) == 2 else 1
    return Machine(
        classes=svc.classes_.astype(np.int8),
        counts=np.asarray(svc.n_support_, np.int32),
        vectors=np.asarray(svc.support_vectors_, np.float32),
        coefs=sign * np.asarray(svc.dual_coef_, np.float32),
        intercepts=sign * np.asarray(svc.intercept_, np.float32),
        gamma=gamma,
    )


def machine(c: float, gamma: float, cache_mb: int) -> Any:
    """Return a support vector machine to be fitted, of the engine that is there."""
    return SVC(C=c, gamma=gamma, cache_size=cache_mb)


def calibrate(judged: Classified, labels: NDArray[np.int64]) -> FloatArray:
    """Give the calibration (2, k): margins, and for each the probability that the label is right.
    It is Platt's sigmoid ("Probabilistic outputs for support vector machines", 1999), fitted to
    images held out."""
    right = judged.labels == labels
    if right.all() or not right.any():  # There are too few images to fit a curve.
        share = (right.sum() + 1) / (len(right) + 2)
        return np.array([[0.0], [share]], np.float32)
    sigmoid = LogisticRegression(C=1e4).fit(judged.margins[:, None], right)
    likely = sigmoid.predict_proba(KNOTS[:, None])[:, 1]
    return np.stack([KNOTS, likely]).astype(np.float32)


def clear_margin(
    by_quick: Classified, by_full: Classified, labels: NDArray[np.int64], extra: float
) -> float | None:
    """Choose from which margin on the small machine of a cascade is believed. It is the least one
    with which the small machine makes no more errors on images held out than the full one, plus
    `extra`, a share of the images.

    None when the small machine should not be believed at all."""
    order = np.argsort(-by_quick.margins, kind="stable")
    worse = (by_quick.labels != labels).astype(int) - (by_full.labels != labels)
    bad = np.flatnonzero(np.cumsum(worse[order]) > extra * len(labels))
    last = int(bad[0]) - 1 if len(bad) else len(labels) - 1
    margin = float(by_quick.margins[order[last]]) if last >= 0 else 0.0
    return margin if margin > 0 else None
