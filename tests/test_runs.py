import numpy as np
import pytest

from camd.runs import Runs, runs


def random(share: float, size: tuple[int, int] = (30, 50)) -> np.ndarray:
    return (np.random.default_rng(4).random(size) < share).astype(np.uint8)


def drawn(ink: Runs, size: tuple[int, int] = (30, 50)) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    mask[ink.pixels()] = 1
    return mask


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_runs_hold_the_ink_and_no_more(share: float) -> None:
    mask = random(share)
    found = runs(mask)
    assert (drawn(found) == mask).all()
    assert len(found) == np.count_nonzero(np.diff(np.pad(mask, ((0, 0), (1, 0))).astype(int)) > 0)
    flat = np.zeros(mask.size, np.uint8)
    flat[found.at(mask.shape[1])] = 1
    assert (flat.reshape(mask.shape) == mask).all()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_turned_they_are_those_of_the_transposed_mask(share: float) -> None:
    mask = random(share)
    turned, other = runs(mask).turned(), runs(np.ascontiguousarray(mask.T))
    for one, two in zip(
        (turned.row, turned.start, turned.stop), (other.row, other.start, other.stop), strict=True
    ):
        assert (one == two).all()


def test_without_parts_of_some() -> None:
    mask = np.zeros((3, 12), np.uint8)
    mask[0, 1:5] = mask[0, 7:11] = mask[1, 2:9] = mask[2, 3:6] = 1
    gone = Runs(np.array([2, 0, 1]), np.array([3, 7, 4]), np.array([6, 9, 6]))  # in any order
    left = runs(mask).without(gone)
    expected = mask.copy()
    expected[2, 3:6] = expected[0, 7:9] = expected[1, 4:6] = 0
    again = runs(expected)
    assert left.row.tolist() == again.row.tolist()
    assert left.start.tolist() == again.start.tolist()
    assert left.stop.tolist() == again.stop.tolist()
    assert runs(mask).without(gone[:0]).start.tolist() == runs(mask).start.tolist()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_what_of_them_is_in_a_mask(share: float) -> None:
    one, other = random(0.6), (np.random.default_rng(5).random((30, 50)) < share).astype(np.uint8)
    left, again = runs(one).within(other), runs(one & other)
    assert left.row.tolist() == again.row.tolist()
    assert left.start.tolist() == again.start.tolist()
    assert left.stop.tolist() == again.stop.tolist()


def test_what_touches_in_the_row_above() -> None:
    mask = np.array(
        [
            [1, 0, 1, 0, 0, 0, 1, 1],
            [0, 1, 0, 0, 1, 0, 0, 0],
            [0, 0, 1, 1, 1, 1, 1, 1],
        ],
        np.uint8,
    )
    above, many = runs(mask).above()
    assert many.tolist() == [0, 0, 0, 2, 0, 2]
    assert above[many > 0].tolist() == [0, 3]
