"""Fits and calibrates the machines of a model on one set of images."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify import svm
from camd.classify.features import extract
from camd.values import FloatArray
from training.digits import Digits, join
from training.fit.export import Machine, SmallMachine, pack
from training.fit.fit import (
    UNKNOWN,
    LearntProjection,
    Recipe,
    Seen,
    calibrate,
    clear_margin,
    fit_machine,
    see,
)
from training.fit.reduced import Cases, ReducedSet, reduce
from training.workers import Workers

EXTRA_ERRORS = 1e-4
"""How many more errors than the full machine alone the cascade may make on images and photographs
held out, as a share of them. On the images alone it may make no more errors."""
ENOUGH = 1.3
"""When the full machine wins a duel by this value or more, the case is clear, and the small machine
is only trained to reach this value, not to exceed it."""
LEAST_CLEAR = 0.6
"""The small machine is never believed below this margin. It may be right as often as the full
machine there, but it tells less well how sure that is, and this confidence is published."""
NEVER = 1e9
"""A margin that no case reaches: the small machine is never believed."""


@dataclass(frozen=True, slots=True, eq=False)
class Machines:
    full: Machine
    calibration: FloatArray
    quick: SmallMachine | None
    """The small machine of the cascade."""

    def like(self, other: "Machines") -> "Machines":
        """Return these machines, which were trained on all images, with the calibration and the
        clear margin of others, which were not."""
        quick = self.quick and other.quick and replace(other.quick, machine=self.quick.machine)
        return replace(self, calibration=other.calibration, quick=quick)


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    recipe: Recipe
    projection: LearntProjection
    seen: Seen
    """The N images and their distorted copies."""
    labels: NDArray[np.int64]
    weights: FloatArray
    photographed: NDArray[np.float16]
    """(K, P): the components of crops of photographs. Every machine is trained on all of them."""
    photo_labels: NDArray[np.int64]
    progress: Callable[[str], None]

    @classmethod
    def of(
        cls,
        digits: Digits,
        copies: NDArray[np.intp],
        weights: FloatArray,
        projection: LearntProjection,
        photographs: Digits,
        recipe: Recipe,
        seed: int,
        progress: Callable[[str], None],
        workers: Workers | None,
    ) -> "Bench":
        """Compute the components of all `digits`, of so many `copies` (N,) of each, and of
        photographs."""
        seen = see(digits.images, copies, projection, recipe, seed, progress, workers)
        none = np.zeros(len(photographs), np.intp)
        photographed = see(photographs.images, none, projection, recipe, seed, progress)
        return cls(
            recipe,
            projection,
            seen,
            digits.labels,
            weights,
            photographed.components,
            photographs.labels,
            progress,
        )

    def fit(self, index: NDArray[np.intp]) -> Machines:
        """Fit machines on the images that `index` names, and on all photographs."""
        image = self.seen.image[self._of(index)]
        full = fit_machine(
            self._cases(index),
            np.concatenate([self.labels[image], self.photo_labels]),
            np.concatenate([self.weights[image], np.ones(len(self.photo_labels), np.float32)]),
            self.recipe,
            float(self.projection.variances.sum()),
            self.progress,
        )
        quick = SmallMachine(self.small(full, index), UNKNOWN, NEVER) if self.recipe.quick else None
        return Machines(full, UNKNOWN, quick)

    def small(self, full: Machine, index: NDArray[np.intp]) -> ReducedSet:
        """Fit the small machine of the cascade, so that it answers as the full one does for the
        same images."""
        self.progress(f"fitting {self.recipe.quick_vectors} vectors to what the full machine says")
        width = min(self.recipe.quick, self.projection.offset.size)
        asked = self.model(Machines(full, UNKNOWN, None)).full
        gamma = self.recipe.gamma / float(self.projection.variances[:width].sum())
        return reduce(
            Cases.of(asked, self._cases(index)).narrow(width),
            self.recipe.quick_vectors,
            gamma,
            ENOUGH,
            self.recipe.quick_steps,
        )

    def _cases(self, index: NDArray[np.intp]) -> NDArray[np.float16]:
        return np.concatenate([self.seen.components[self._of(index)], self.photographed])

    def _of(self, index: NDArray[np.intp]) -> NDArray[np.intp]:
        """Give the places of the images that `index` names, and of their copies."""
        return np.flatnonzero(np.isin(self.seen.image, index))

    def calibrated(self, machines: Machines, images: Digits, photographs: Digits) -> Machines:
        """Calibrate the machines on images and photographs that they were not trained on. Choose
        from which margin on the small one is believed."""
        model, held = self.model(machines), join(images, photographs)
        extracted = extract(held.images, model.spec)
        by_full = model.full.judge(extracted)
        calibration = calibrate(by_full, held.labels)
        quick = None
        if machines.quick and model.quick:
            by_quick = model.quick.machine.won(*model.quick.machine.decide(extracted))
            margins = [
                clear_margin(by_quick[part], by_full[part], held.labels[part], extra)
                for part, extra in ((slice(len(images)), 0.0), (slice(None), EXTRA_ERRORS))
            ]
            if None not in margins:
                clear = max(LEAST_CLEAR, *(margin for margin in margins if margin is not None))
                quick = SmallMachine(
                    machines.quick.machine, calibrate(by_quick, held.labels), clear
                )
        return Machines(machines.full, calibration, quick)

    def model(self, machines: Machines) -> svm.Model:
        return svm.build(*self.pack(machines, np.zeros((1, 28, 28), np.uint8)))

    def pack(
        self,
        machines: Machines,
        test_crops: NDArray[np.uint8],
        scores: dict[str, float] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the arrays and the meta data of a model file."""
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
