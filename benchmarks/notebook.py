"""Reads images as the notebook did: Otsu's threshold, contours, and its SVM on raw pixels.

    python -m benchmarks.notebook --data mnist.npz --cache ~/.cache/camd/notebook

fits the machine with the code of the study, and keeps it. scikit-learn-intelex takes about 10
minutes for that, plain scikit-learn takes hours. It needs the extra "train".
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
"""Side of the box of MNIST's digits, pixels."""
LEAST = 12
"""Contours that are less high are taken for dust, pixels. camd has the same limit."""


def machine(data: Path | None, cache: Path = CACHE) -> SVC:
    """Return the notebook's augmented SVM (RBF, C=10, gamma="scale", 240,000 images). It is kept in
    the folder `cache`, and fitted when it is not there. `data` is as in training.digits.load.

    Whatever has fitted it, it is an SVC of scikit-learn, so that libsvm gives the answers. Raises
    DataError."""
    file = cache / "models" / "augmented.joblib"
    if not file.exists():
        run(data, cache, rows=["augmented"], cache=cache / "fits")
    return plain(joblib.load(file))


def find(image: Image) -> NDArray[np.uint8]:
    """Cut out each outer contour of an image (H, W, 3) BGR after Otsu's threshold. Give crops
    (N, 28, 28) with bright ink, centred in MNIST's box. Of dark and light, the one that there is
    less of is taken for ink."""
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
    """Return the digits of an image, in no particular order."""
    crops = find(image)
    return "".join(map(str, svc.predict(pixels(crops)))) if len(crops) else ""


def plain(fitted: SVC) -> SVC:
    """Turn a machine of scikit-learn-intelex into one of scikit-learn. Otherwise it would answer
    with another engine than that of the notebook."""
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
