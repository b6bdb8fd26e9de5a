"""Choose the crops that a model file tests itself with (camd.classify.svm.Model.passes)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camd.classify import features, gate, svm
from camd.classify.model_schema import Arrays, Meta
from camd.classify.svm import Model
from camd.errors import CamdError
from training.digits import Digits
from training.fit.export import seal

APART = 0.05
"""Least distance of a value from whatever it is compared with. Another processor sums in another
order, and must not come to another end."""
CANDIDATES = 1000
"""Images that are looked at."""


def with_tests(
    arrays: Arrays, meta: Meta, digits: Digits
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Give the contents of a model file with a self-test of one image a class, and of pairs of
    these laid over one another, which are hardly digits: few are clear to the small machines.
    Classes that the model hardly reads are left out. Raises CamdError where it reads none."""
    model, some = svm.build(arrays, meta), digits.take(slice(CANDIDATES))
    right = model.classify(some.images).labels == some.labels
    sure = np.flatnonzero(steady(model, some.images) & right)
    _, firsts = np.unique(some.labels[sure], return_index=True)
    if not len(firsts):
        raise CamdError("the model surely reads no image, so it can hardly be tested")
    plain = some.images[sure[firsts]]
    laid = np.maximum(plain[:-1:2], plain[1::2])
    crops = np.concatenate([plain, laid[steady(model, laid)]])
    return seal({**arrays, "test_crops": crops}, meta)


def steady(model: Model, crops: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which crops (N, 28, 28) come to the same end on every processor, (N,)."""
    extracted = features.extract(crops, model.spec)
    judged = model.judge(extracted)
    apart = np.abs(judged.margins) > APART
    if model.quick:
        margins = model.quick.machine.decide(extracted)[1]
        apart &= (np.abs(margins - model.quick.clear) > APART).all(axis=1)
        apart &= np.abs(np.sort(margins, axis=1)[:, 0]) > APART
    if model.gate:
        values = model.gate.judge(extracted)[0]
        apart &= np.abs(values - gate.PASS) > APART
        if model.gate.quick:
            components = model.gate.projection.components(extracted)
            small = model.gate.quick.machine.values(components)
            for threshold in (model.gate.quick.clear, model.gate.quick.lost):
                apart &= np.abs(small - threshold) > APART
    return apart
