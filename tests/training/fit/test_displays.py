import json
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from camd import paths
from camd.classify import model_file, svm
from camd.errors import DataError
from camd.hypotheses import windows
from testing.segments import display
from training.digits import NONE
from training.fit import displays
from training.render.displays import KINDS, UNKNOWN, Faces, Kind, Placed, draw

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FACES = Faces(
    (FONTS / "DejaVuSansMono.ttf", FONTS / "DejaVuSansMono-Bold.ttf"),
    (FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSerif.ttf"),
)


@pytest.fixture(scope="module")
def machine() -> svm.Model:
    rows = svm.load(paths.model_file()).rows
    assert rows is not None
    return rows


def test_a_seed_gives_the_same_picture() -> None:
    first, placed = draw(np.random.default_rng(3), FACES)
    again, same = draw(np.random.default_rng(3), FACES)
    np.testing.assert_array_equal(first, again)
    assert placed == same


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_of_each_kind_is_drawn(kind: Kind) -> None:
    rng = np.random.default_rng(4)
    labels = [one.label for _ in range(40) for one in draw(rng, FACES, kind)[1]]
    if kind == "letters":
        assert set(labels) == {NONE}
    else:
        assert set(range(10)) <= set(labels)
        assert (UNKNOWN in labels) == (kind == "wheels")


def test_what_is_placed_is_drawn_there(machine: svm.Model) -> None:
    rng = np.random.default_rng(0)
    right = looked = 0
    while looked < 120:
        picture, placed = draw(rng, FACES)
        for one in placed:
            if one.label >= 0 and one.height > 14:
                crop = windows.crop_at(picture, one.x, one.y, one.height, dark=one.dark)
                looked += 1
                right += crop is not None and machine.classify(crop[None]).labels[0] == one.label
    assert right / looked > 0.85  # some are hidden by a reflection, or nearly without contrast


def test_windows_beside_a_digit_are_none_and_those_on_it_are_it() -> None:
    picture = display("40263")
    placed = [
        Placed(24 + 9 + 51 * n + 15, 54, 60, int(digit), dark=True)
        for n, digit in enumerate("40263")
    ]
    windows = displays.windows_of(iter([(picture, placed)]), np.random.default_rng(1), None)
    assert sorted(windows.labels[windows.labels >= 0].tolist()) == [0, 2, 3, 4, 6]
    assert (windows.labels == NONE).sum() >= 3
    unknown = [replace(one, label=UNKNOWN) for one in placed[:1]]
    with pytest.raises(ValueError, match="need at least one array"):
        displays.windows_of(iter([(picture, unknown)]), np.random.default_rng(1), None)


def test_a_photograph_s_digits_are_found_with_their_polarity(machine: svm.Model) -> None:
    picture = display("4", 24, ink=200, ground=40, margin=0.2)
    height, width = picture.shape
    known = [Placed(width / 2, height / 2, 0.85 * height, 4, dark=True)]
    _, (found,) = displays.align(machine, (picture, known))
    assert found.label == 4
    assert not found.dark
    assert found.height == pytest.approx(24, rel=0.2)
    _, (wrong,) = displays.align(machine, (picture, [replace(known[0], label=1)]))
    assert wrong.label == UNKNOWN


def test_only_what_is_no_digit_is_a_false_alarm(machine: svm.Model) -> None:
    picture = display("4026")
    placed = [
        Placed(24 + 9 + 51 * n + 15, 54, 60, int(digit), dark=True)
        for n, digit in enumerate("4026")
    ]
    assert len(displays.false_alarms(machine, [(picture, placed)])) == 0
    hidden = displays.false_alarms(machine, [(picture, placed[:2])])
    assert len(hidden) >= 2
    assert (hidden.labels == NONE).all()


def test_photographs_are_put_together_and_those_kept_back_left_out(tmp_path: Path) -> None:
    names = np.array(["a.jpg", "b.jpg", "a.jpg", "00000661-PHOTO.jpg"])
    crops = np.arange(4, dtype=np.uint8)[:, None, None] + np.zeros((4, 32, 20), np.uint8)
    np.savez(tmp_path / "trodo_digits.npz", x=crops, y=np.array([5, 6, 7, 8]), name=names)
    turns = np.array([3.0, 3.5, 3.2, 9.98])
    np.savez(tmp_path / "meterdigits_haverland.npz", x=crops, y=turns, name=names)
    found = displays.photographs(tmp_path)
    assert [name for name, _ in found["odometers"]] == ["a.jpg", "b.jpg"]
    picture, placed = found["odometers"][0][1]
    assert picture.shape == (32, 40)
    assert [one.label for one in placed] == [5, 7]
    assert [placed[0].label for _, (_, placed) in found["meters"]] == [3, NONE, 0]


def test_a_folder_without_photographs_and_a_damaged_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"trodo_digits\.npz and meterdigits_haverland\.npz"):
        displays.photographs(tmp_path)
    (tmp_path / "trodo_digits.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"trodo_digits\.npz: damaged"):
        displays.photographs(tmp_path)


def test_fonts_without_segments_are_named() -> None:
    with pytest.raises(DataError, match="fonts-dseg"):
        Faces.find(FONTS)


def test_a_model_file_gets_the_machine_and_keeps_the_others(
    machine: svm.Model, tmp_path: Path
) -> None:
    path = tmp_path / "digits.npz"
    path.write_bytes(paths.model_file().read_bytes())
    card = path.with_suffix(".json")
    card.write_text('{"id": "old", "seed": 7}')
    picture = display("0123456789")
    placed = [Placed(24 + 9 + 51 * n + 15, 54, 60, n, dark=True) for n in range(10)]
    windows = displays.windows_of(iter([(picture, placed)] * 12), np.random.default_rng(1), None)
    recipe = replace(displays.DisplayRecipe().machine, projected=30, quick=0)
    bench, machines = displays.fitted(windows, recipe, lambda _: None)
    arrays, meta = bench.pack(machines, windows.images[:1], {})
    identity = displays.install(path, displays.Learnt(arrays, meta, {"windows": len(windows)}))
    model = svm.load(path)
    assert model.id == identity
    assert model.rows is not None
    assert model.rows.id != machine.id
    said = json.loads(card.read_text())
    assert said["rows"] == {"windows": len(windows)}
    assert said["seed"] == 7
    crops = model_file.read(path)[0]["test_crops"]
    shipped = svm.load(paths.model_file())
    np.testing.assert_array_equal(model.classify(crops).labels, shipped.classify(crops).labels)
