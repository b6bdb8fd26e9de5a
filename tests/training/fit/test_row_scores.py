from dataclasses import replace

import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from testing.segments import display
from training.digits import NONE
from training.fit import row_scores
from training.fit.displays import DisplayRecipe, Picture, generator, parted
from training.fit.row_scores import Score
from training.render.displays import Placed


@pytest.fixture(scope="module")
def machine() -> svm.Model:
    rows = svm.load(paths.model_file()).rows
    assert rows is not None
    return rows


def row(number: str) -> Picture:
    placed = [
        Placed(24 + 9 + 51 * n + 15, 54, 60, int(digit), dark=True)
        for n, digit in enumerate(number)
    ]
    return display(number), placed


def test_digits_are_counted_as_a_region_reads_them(machine: svm.Model) -> None:
    picture, placed = row("40263")
    assert row_scores.score(machine, [(picture, placed)] * 2) == Score(10, 10, 0)
    wrong = [replace(placed[0], label=9), *placed[1:]]
    assert row_scores.score(machine, [(picture, wrong)]) == Score(5, 4, 1)
    none = [replace(placed[0], label=NONE), *placed[1:]]
    assert row_scores.score(machine, [(picture, none)]) == Score(4, 4, 0)
    unseen = display("40 63")
    assert row_scores.score(machine, [(unseen, placed)]) == Score(5, 4, 0)
    assert row_scores.score(machine, [(picture, [])]) == Score()


def test_what_is_scored_was_not_trained_with() -> None:
    pictures: list[tuple[str, Picture]] = [
        (str(n), (np.full((4, 4), n, np.uint8), [])) for n in range(120)
    ]
    sets = {"odometers": pictures, "meters": pictures[:60]}
    recipe = replace(DisplayRecipe(), odometers=60, meters=60)
    learnt, held = parted(sets, recipe, generator(3))
    assert {name: len(own) for name, own in held.items()} == {"odometers": 10, "meters": 10}
    parts = learnt[:60], learnt[60:]
    for part, own in zip(parts, held.values(), strict=True):
        assert not {int(picture[0, 0]) for picture, _ in part} & {
            int(picture[0, 0]) for picture, _ in own
        }
    _, again = parted(sets, recipe, generator(3))
    assert [one[0][0, 0] for one in again["meters"]] == [one[0][0, 0] for one in held["meters"]]


def test_a_row_of_the_table_has_shares() -> None:
    assert Score(200, 199, 1).row == "200 | 99.5 % | 0.5 %"
    assert Score().row == "0 | 0.0 % | 0.0 %"
