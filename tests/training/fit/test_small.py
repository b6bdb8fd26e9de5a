from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from camd.classify import model_file, svm
from camd.classify.features import extract
from camd.errors import CamdError
from tests.training.fit import small_digits
from tests.training.fit.test_gate import RECIPE, frames
from training.fit import small
from training.fit.export import quick_arrays, quick_meta, seal
from training.fit.gate import Fitted, fit_gate
from training.fit.production import Material, train
from training.render.negatives import Labelled


def drawn(first: int) -> Labelled:
    digits = small_digits.digits()
    some = slice(first, first + 300)
    return Labelled(
        np.concatenate([digits.images[some], frames(300)]),
        np.concatenate([digits.labels[some], np.full(300, -1)]).astype(np.int8),
    )


def test_the_digits_get_another_small_machine_and_keep_their_full_one(tmp_path: Path) -> None:
    data, path = small_digits.write(tmp_path / "data.npz"), tmp_path / "digits.npz"
    train(Material(data), path, replace(small_digits.RECIPE, photographs=0, copies=0, quick=0))
    arrays, meta = model_file.read(path)
    recipe = replace(small_digits.RECIPE, photographs=0, copies=0)
    quick = small.refit_digits(arrays, meta, small_digits.digits(), recipe, 0, lambda _: None)
    sealed = seal({**arrays, **quick_arrays(quick)}, {**meta, **quick_meta(quick)})
    model, alone = svm.build(*sealed), svm.build(arrays, meta)
    assert model.quick is not None
    crops = small_digits.digits().images
    margins = model.quick.machine.decide(extract(crops, model.spec))[1].min(axis=1)
    assert (margins >= model.quick.clear).mean() > 0.2
    assert (model.classify(crops).labels == alone.classify(crops).labels).mean() > 0.99
    hopeless = replace(recipe, quick=1, quick_vectors=1, quick_steps=0)
    with pytest.raises(CamdError, match="more vectors"):
        small.refit_digits(arrays, meta, small_digits.digits(), hopeless, 0, lambda _: None)


def test_the_gate_gets_another_small_machine_and_keeps_its_full_one() -> None:
    spec, plain = small_digits.RECIPE.features, small_digits.digits().images
    fitted = fit_gate(drawn(300), plain, spec, replace(RECIPE, quick=0), lambda _: None)
    fitted = fitted.calibrated(extract(drawn(600).crops, spec), drawn(600).labels >= 0)
    meta = fitted.meta | {"features": spec.as_dict()}
    given = small.refit_gate(
        fitted.arrays, meta, drawn(300), plain, drawn(600), RECIPE, lambda _: None
    )
    assert given.arrays.keys() > fitted.arrays.keys()
    for name, array in fitted.arrays.items():
        np.testing.assert_array_equal(given.arrays[name], array)
    asked, full = given.built(), Fitted(fitted.arrays, fitted.meta).built()
    assert asked.quick is not None
    features = extract(drawn(900).crops, spec)
    values = asked.quick.machine.values(asked.projection.components(features))
    assert ((values > 0) == (full.judge(features)[0] > 0)).mean() > 0.98
