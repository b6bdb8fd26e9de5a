from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from camd import paths
from camd.classify import coarse, svm
from camd.classify.coarse import SIZE, Coarse
from camd.hypotheses import cells
from camd.values import Classified, Plane
from testing.segments import display
from training.fit.coarse import Windows, fit_templates, gather, learn_coarse
from training.render.displays import Placed


@pytest.fixture(scope="module")
def machine() -> svm.Model:
    rows = svm.load(paths.model_file()).rows
    assert rows is not None
    return rows


def numbers(rng: np.random.Generator) -> Iterator[tuple[Plane, list[Placed]]]:
    """Draw displays, of both polarities."""
    while True:
        text = "".join(map(str, rng.integers(0, 10, 4)))
        ink, ground = (230, 40) if rng.random() < 0.5 else (40, 200)
        picture = display(text, 30, ink=ink, ground=ground)
        height, width = picture.shape
        yield picture, [Placed(width / 2, height / 2, 30, int(text[0]), dark=ink < ground)]


class Counting:
    def __init__(self, machine: svm.Model) -> None:
        self.machine, self.coarse, self.asked = machine, machine.coarse, 0

    def classify_where(self, crops: NDArray[np.uint8], ask: svm.Ask) -> Classified:
        self.asked += len(crops)
        return self.machine.classify_where(crops, ask)


def test_what_it_leaves_out_is_not_missed(machine: svm.Model) -> None:
    rng = np.random.default_rng(0)
    arrays, meta = learn_coarse(machine, numbers(rng), 25, 300, rng, print)
    quick = Counting(replace(machine, coarse=Coarse.of(arrays, meta)))
    slow = Counting(replace(machine, coarse=None))
    for text in ("40263", "7185"):
        picture = display(text, 30)
        inside = 8, 8, picture.shape[1] - 16, picture.shape[0] - 16
        rows = [cells.read(picture, inside, one) for one in (quick, slow)]
        assert ["".join(str(cell.label) for cell in row.cells) for row in rows] == [text, text]
    assert quick.asked < slow.asked / 4


def test_windows_are_called_what_the_machine_for_rows_sees_there(machine: svm.Model) -> None:
    rng = np.random.default_rng(1)
    found = gather(machine, numbers(rng), 4, rng)
    assert found.seen.shape == (len(found.classes), SIZE)
    assert set(found.classes.tolist()) > {0, 1}
    assert found.classes.max() <= 10
    blank = gather(machine, iter([(np.full((60, 90), 9, np.uint8), [])]), 1, rng)
    assert not blank.classes.any()


def test_templates_tell_classes_apart() -> None:
    rng = np.random.default_rng(2)
    classes = rng.integers(0, 11, 300)
    seen = rng.normal(size=(11, SIZE))[classes] + rng.normal(0, 0.3, (300, SIZE))
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    templates, offsets = fit_templates(Windows(seen.astype(np.float16), classes))
    said = (seen.astype(np.float32) @ templates + offsets).argmax(axis=1)
    assert (said == classes).mean() > 0.99


def test_a_picture_smaller_than_a_window_has_none() -> None:
    assert coarse.features(np.zeros((20, 90), np.uint8)).size == 0
