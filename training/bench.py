"""The machines of a model, fitted and calibrated on one set of images."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd import svm
from camd.features import extract
from camd.values import FloatArray
from training.data import Digits, join
from training.export import Machine, Quick, pack
from training.fit import (
    Projection,
    Recipe,
    calibrate,
    clear_margin,
    fit_machine,
    learn_projection,
    see,
)
from training.study.workers import Workers

EXTRA_ERRORS = 1e-4
"""What the cascade may cost on images and photographs held out, as a share of them. On the images
alone it may cost nothing."""
UNKNOWN = np.array([[0.0], [0.5]], np.float32)
"""The calibration of a machine that is not calibrated yet."""
EVERY, FEW = 2, 12
"""The small machine learns each second image and each twelfth photograph: more would make it
slower, and hardly surer."""
NEVER = 1e9
"""A margin that no case reaches."""


@dataclass(frozen=True, slots=True, eq=False)
class Machines:
    full: Machine
    calibration: FloatArray
    quick: Quick | None
    """The small machine of the cascade."""

    def like(self, other: "Machines") -> "Machines":
        """Give these machines, which have seen all images, the calibration and the threshold of
        others that had not."""
        quick = self.quick and other.quick and replace(other.quick, machine=self.quick.machine)
        return replace(self, calibration=other.calibration, quick=quick)


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    recipe: Recipe
    projection: Projection
    seen: NDArray[np.float16]
    """(1 + copies, N, P): what the kernel sees of the images and their distorted copies."""
    labels: NDArray[np.int64]
    weights: FloatArray
    photographed: NDArray[np.float16]
    """(M, P): the same of crops of photographs, which every machine learns."""
    photo_labels: NDArray[np.int64]
    progress: Callable[[str], None]

    @classmethod
    def of(
        cls,
        digits: Digits,
        weights: FloatArray,
        typical: NDArray[np.uint8],
        photographs: Digits,
        recipe: Recipe,
        seed: int,
        progress: Callable[[str], None],
        workers: Workers | None,
    ) -> "Bench":
        """Learn the components from the `typical` images, and look at all `digits` through them."""
        projection = learn_projection(typical, recipe)
        seen = see(digits.images, projection, recipe, seed, progress, workers)
        photographed = see(
            photographs.images, projection, replace(recipe, copies=0), seed, progress
        )
        return cls(
            recipe,
            projection,
            seen,
            digits.labels,
            weights,
            photographed[0],
            photographs.labels,
            progress,
        )

    def fit(self, index: NDArray[np.intp]) -> Machines:
        """Fit on the images of `index` and on the photographs, the small machine on few of them."""
        quick = None
        if width := min(self.recipe.quick, self.projection.offset.size):
            machine = self._fitted(self.seen[:1], index[::EVERY], FEW, width)
            quick = Quick(machine, UNKNOWN, NEVER)
        full = self._fitted(self.seen, index, 1, self.projection.offset.size)
        return Machines(full, UNKNOWN, quick)

    def _fitted(
        self, seen: NDArray[np.float16], index: NDArray[np.intp], every: int, width: int
    ) -> Machine:
        """Fit on images and `every` so manyth photograph, in the first `width` components."""
        copies = len(seen)
        photographed = self.photographed[::every, :width]
        weights = np.tile(self.weights[index], copies)
        return fit_machine(
            np.concatenate([seen[:, index, :width].reshape(-1, width), photographed]),
            np.concatenate([np.tile(self.labels[index], copies), self.photo_labels[::every]]),
            np.concatenate([weights, np.ones(len(photographed), np.float32)]),
            self.recipe,
            float(self.projection.variances[:width].sum()),
            self.progress,
        )

    def calibrated(self, machines: Machines, images: Digits, photographs: Digits) -> Machines:
        """Calibrate on what the machines have not seen, and choose the cascade's margin."""
        model, held = self.model(machines), join(images, photographs)
        extracted = extract(held.images, model.spec)
        by_full = model.full.judge(extracted)
        calibration = calibrate(by_full, held.labels)
        quick = None
        if machines.quick and model.quick:
            by_quick = model.quick.duels.judge(extracted)
            margins = [
                clear_margin(by_quick[part], by_full[part], held.labels[part], extra)
                for part, extra in ((slice(len(images)), 0.0), (slice(None), EXTRA_ERRORS))
            ]
            if None not in margins:
                clear = max(margin for margin in margins if margin is not None)
                quick = Quick(machines.quick.machine, calibrate(by_quick, held.labels), clear)
        return Machines(machines.full, calibration, quick)

    def model(self, machines: Machines) -> svm.Model:
        return svm.build(*self.pack(machines, np.zeros((1, 28, 28), np.uint8)))

    def pack(
        self,
        machines: Machines,
        test_crops: NDArray[np.uint8],
        scores: dict[str, float] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the arrays and the meta of a model file."""
        return pack(
            machines.full,
            self.recipe.features,
            self.projection.matrix,
            self.projection.offset,
            machines.calibration,
            test_crops,
            scores or {},
            machines.quick,
        )
