"""The notebook's way, to compare with: its augmented SVM on raw pixels, fed by Otsu and contours.

    python -m benchmarks.notebook --data mnist.npz --cache ~/.cache/camd/notebook

fits the machine, by the study's own code, and keeps it (scikit-learn-intelex takes about 10
minutes, plain scikit-learn hours). Needs the extra "train".
"""

import argparse
import sys
from pathlib import Path

import cv2
import joblib
import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path
from sklearn.svm import SVC

from camd.values import SIDE, Image
from training.study import run
from training.study.split import pixels

CACHE = user_cache_path("camd") / "notebook"
BOX = 20
"""Side of the box in which MNIST's digits lie."""
LEAST = 12
"""Height in pixels below which a contour is dust: camd's own least."""


def machine(data: Path | None, cache: Path = CACHE) -> SVC:
    """Return the notebook's augmented SVM (RBF, C=10, gamma="scale", 240,000 images), from the
    folder `cache` or fitted into it. `data` as in training.data.load.

    It is scikit-learn's own SVC whatever fitted it, so that libsvm answers. Raises DataError."""
    file = cache / "models" / "augmented.joblib"
    if not file.exists():
        run(data, cache, rows=["augmented"], cache=cache / "fits")
    return plain(joblib.load(file))


def find(image: Image) -> NDArray[np.uint8]:
    """Cut each external contour of (H, W, 3) BGR after Otsu's threshold: (N, 28, 28), ink bright,
    centred in MNIST's box. What there is less of, dark or light, is taken for ink."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), (5, 5), 0)
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if cv2.countNonZero(ink) > ink.size / 2:
        ink = cv2.bitwise_not(ink)
    contours, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    crops = []
    for x, y, w, h in map(cv2.boundingRect, contours):
        if h < LEAST or w > 2 * h:
            continue
        scale = BOX / max(w, h)
        size = max(1, round(w * scale)), max(1, round(h * scale))
        small = cv2.resize(ink[y : y + h, x : x + w], size, interpolation=cv2.INTER_AREA)
        left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
        crops.append(
            cv2.copyMakeBorder(
                small,
                top,
                SIDE - size[1] - top,
                left,
                SIDE - size[0] - left,
                cv2.BORDER_CONSTANT,
                value=0,
            )
        )
    return np.array(crops, np.uint8).reshape(-1, SIDE, SIDE)


def read(svc: SVC, image: Image) -> str:
    """Return the digits of an image, in no order."""
    crops = find(image)
    return "".join(map(str, svc.predict(pixels(crops)))) if len(crops) else ""


def plain(fitted: SVC) -> SVC:
    """Give scikit-learn-intelex's machine to scikit-learn: its own subclass would predict with
    another engine than the notebook had."""
    own = SVC(C=fitted.C, gamma=fitted.gamma)
    vectors = np.ascontiguousarray(fitted.support_vectors_, np.float64)
    coefs = np.ascontiguousarray(fitted.dual_coef_, np.float64)
    intercept = np.ascontiguousarray(fitted.intercept_, np.float64)
    known = {
        "classes_": fitted.classes_,
        "class_weight_": np.ones(len(fitted.classes_)),
        "support_": fitted.support_.astype(np.int32),
        "support_vectors_": vectors,
        "_n_support": fitted.n_support_.astype(np.int32),
        "dual_coef_": coefs,
        "_dual_coef_": coefs,
        "intercept_": intercept,
        "_intercept_": intercept,
        "_probA": np.empty(0),
        "_probB": np.empty(0),
        "_effective_probability": False,
        "_gamma": fitted._gamma,
        "_sparse": False,
        "shape_fit_": fitted.shape_fit_,
        "fit_status_": 0,
        "n_features_in_": fitted.n_features_in_,
    }
    for name, value in known.items():
        setattr(own, name, value)
    return own


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the notebook's augmented SVM.")
    parser.add_argument("--data", type=Path, help="MNIST, as for camd train; else OpenML")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder that keeps it")
    options = parser.parse_args()
    svc = machine(options.data, options.cache)
    sys.stdout.write(f"{len(svc.support_vectors_)} support vectors\n")


if __name__ == "__main__":
    main()
