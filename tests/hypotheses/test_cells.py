from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camd import paths
from camd.classify import svm
from camd.hypotheses import cells
from camd.regions.value import WEAKEST
from camd.values import Box, Classified, Plane
from testing.segments import display


@pytest.fixture(scope="module")
def machine() -> svm.Model:
    rows = svm.load(paths.model_file()).rows
    assert rows is not None
    return rows


class Counting:
    """Counts the windows about which a machine is asked that has no quick look."""

    coarse = None

    def __init__(self, machine: svm.Model) -> None:
        self.machine = machine
        self.asked = 0

    def classify_where(self, crops: NDArray[np.uint8], ask: svm.Ask) -> Classified:
        self.asked += len(crops)
        return self.machine.classify_where(crops, ask)


class BlindAtFirst(Counting):
    """Does not see one of the digits at its first look."""

    def __init__(self, machine: svm.Model, missed: int) -> None:
        super().__init__(machine)
        self.missed = missed

    def classify_where(self, crops: NDArray[np.uint8], ask: svm.Ask) -> Classified:
        said = super().classify_where(crops, ask)
        if self.asked > len(crops):
            return said
        return replace(said, labels=np.where(said.labels == self.missed, -1, said.labels))


def inside(picture: Plane, share: float = 0.15) -> Box:
    """A region drawn around a number, with some of what is around it."""
    edge = round(share * picture.shape[0])
    return edge, edge, picture.shape[1] - 2 * edge, picture.shape[0] - 2 * edge


def text(row: cells.Row) -> str:
    return "".join(str(cell.label) for cell in row.cells)


@pytest.mark.parametrize("number", ["0123456789", "1111", "80", "7"])
@pytest.mark.parametrize("light", [False, True])
def test_segments_are_read_in_both_polarities(
    machine: svm.Model, number: str, *, light: bool
) -> None:
    picture = display(number, ink=220, ground=30) if light else display(number)
    row = cells.read(picture, inside(picture), machine)
    assert text(row) == number
    assert row.doubts == ()
    assert all(cell.dark != light for cell in row.cells)


@pytest.mark.parametrize("height", [14, 24, 60, 150])
def test_the_size_of_the_digits_does_not_matter(machine: svm.Model, height: int) -> None:
    picture = display("40263", height)
    row = cells.read(picture, inside(picture), machine)
    assert text(row) == "40263"
    assert row.cells[0].height == pytest.approx(height, rel=0.3)


def test_a_row_need_not_be_level(machine: svm.Model) -> None:
    picture = display("725913", margin=0.8)
    height, width = picture.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 3, 1)
    turned = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    row = cells.read(np.asarray(turned, np.uint8), inside(picture), machine)
    assert text(row) == "725913"
    assert row.cells[0].y > row.cells[-1].y


def test_where_the_row_was_it_is_found_again(machine: svm.Model) -> None:
    picture = display("40263")
    first = cells.read(picture, inside(picture), machine)
    counting = Counting(machine)
    changed = display("40264")
    again = cells.read(changed, inside(changed), counting, first.place)
    assert text(again) == "40264"
    small = counting.asked
    cells.read(changed, inside(changed), counting)
    assert small < (counting.asked - small) / 2


def test_nothing_gives_nothing(machine: svm.Model) -> None:
    blank = np.full((80, 200), 128, np.uint8)
    assert cells.read(blank, (0, 0, 200, 80), machine) == cells.Row()
    empty = display("     ")
    assert cells.read(empty, inside(empty), machine) == cells.Row()


def test_what_is_seen_in_a_step_of_the_row_and_not_read_is_a_doubt(machine: svm.Model) -> None:
    off = display("40 63")
    assert cells.read(off, inside(off), machine).doubts == ()
    place = round(0.4 * 60 + 2 * 51 + 25)
    for mark in "kX@":
        other = off.copy()
        cv2.putText(other, mark, (place - 20, 78), cv2.FONT_HERSHEY_SIMPLEX, 2, 40, 7)
        row = cells.read(other, inside(other), machine)
        assert text(row) == "4063"
        assert any(x < place < x + width for x, _, width, _ in row.doubts)


@pytest.mark.parametrize(("number", "missed"), [("40263", 3), ("40263", 2), ("40263", 4)])
def test_a_missing_digit_is_looked_for_closely_and_stays_a_doubt(
    machine: svm.Model, number: str, missed: int
) -> None:
    picture = display(number)
    row = cells.read(picture, inside(picture), BlindAtFirst(machine, missed))
    assert text(row) == number
    assert row.doubts
    place = number.index(str(missed))
    sure = [cell.confidence >= 0.85 for cell in row.cells]
    assert sure == [n != place for n in range(len(number))]
    assert row.cells[place].confidence < WEAKEST
