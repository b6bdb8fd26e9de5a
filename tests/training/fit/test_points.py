from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from camd import paths
from camd.classify import model_file, svm
from camd.errors import DataError
from camd.hypotheses.points import COLON, NONE, POINT
from tests.training.fit.test_displays import FACES, FONTS
from training.fit import points
from training.fit.export import carry_part, with_part
from training.fit.points import PointRecipe, drawn, score, windows_of
from training.render.displays import KINDS, Kind, draw_marked


@pytest.fixture(scope="module")
def model() -> svm.Model:
    return svm.load(paths.model_file())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "letters"])
def test_marks_are_drawn_where_they_are_said_to_be(kind: Kind) -> None:
    rng = np.random.default_rng(2)
    seen = colons = 0
    for _ in range(120):
        _, placed, marks = draw_marked(rng, FACES, kind)
        for mark in marks:
            digits = placed[max(0, mark.after - 1) : mark.after + 1]
            seen, colons = seen + 1, colons + mark.colon
            if mark.colon or not digits:
                continue
            foot = np.mean([one.y for one in digits]) + digits[0].height / 2
            assert abs(mark.y - foot) < 0.45 * digits[0].height
            if 0 < mark.after < len(placed):
                assert placed[mark.after - 1].x < mark.x < placed[mark.after].x
    assert seen > 60
    assert 0 < colons < seen


def test_a_seed_gives_the_same_picture() -> None:
    first, again = (draw_marked(np.random.default_rng(3), FACES, "segments") for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1:] == again[1:]


def test_blots_are_labelled_as_they_were_drawn(model: svm.Model) -> None:
    windows = windows_of(islice(drawn(model, FACES, 5), 60))
    assert set(np.unique(windows.labels)) == {NONE, POINT, COLON}
    assert model.points is not None
    said = model.points.classify(windows.images)
    assert (said.labels == windows.labels).mean() > 0.94
    points_alone = windows.labels == POINT
    assert (said.labels[points_alone] == POINT).mean() > 0.6


def test_rows_are_scored_by_where_their_point_is(model: svm.Model) -> None:
    assert model.points is not None
    scores = score(model.points, islice(drawn(model, FACES, 6), 120))
    with_point, without = scores["segments, a point"], scores["segments, none"]
    assert with_point.right > 3 * (with_point.missed + with_point.wrong)
    assert without.right > 5 * without.wrong
    assert without.missed == 0


def test_a_model_that_reads_no_rows_learns_none(model: svm.Model) -> None:
    with pytest.raises(DataError, match="no rows"):
        next(drawn(replace(model, rows=None), FACES, 0))


def test_what_is_learnt_goes_into_the_file_and_from_there_into_others(
    model: svm.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points.Faces, "find", lambda _: FACES)
    monkeypatch.setattr(points.Faces, "split", lambda faces, *_: (faces, faces))
    machine = replace(PointRecipe().machine, quick_vectors=30, quick_steps=50)
    learnt = points.learn_points(model, FONTS, PointRecipe(120, machine), 1, lambda _: None)
    arrays, meta = model_file.read(paths.model_file())
    plain = {name: array for name, array in arrays.items() if not name.startswith("points_")}
    without = {key: value for key, value in meta.items() if key != "points"}
    assert svm.build(plain, without).points is None
    path = tmp_path / "new.npz"
    sealed, _ = with_part("points", plain, without, *learnt)
    np.savez(path, allow_pickle=False, **sealed)
    known = svm.load(path)
    assert known.points is not None
    assert known.rows is not None
    assert svm.load(path, with_rows=False).points is None
    carried, described = carry_part("points", path, plain, without)
    np.testing.assert_array_equal(carried["points_vectors"], sealed["points_vectors"])
    assert described["points"]["gamma"] == learnt[1]["gamma"]
    assert carry_part("points", tmp_path / "none.npz", plain, without)[1] is without
