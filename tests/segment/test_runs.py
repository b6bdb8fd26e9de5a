import numpy as np
import pytest

from camd.segment.runs import Runs, runs


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


@pytest.mark.parametrize("step", [1, 2, 3])
def test_larger_pixels_hold_any_of_their_ink(step: int) -> None:
    mask = random(0.1, (30, 48))
    pooled = mask.reshape(30 // step, step, 48 // step, step).max(axis=(1, 3))
    assert (runs(mask).reduced(step).drawn(*pooled.shape) == pooled).all()


def test_moved_they_are_drawn_elsewhere() -> None:
    mask = random(0.3)
    larger = np.zeros((40, 60), np.uint8)
    larger[7:37, 4:54] = mask
    assert (runs(mask).moved(7, 4).drawn(40, 60) == larger).all()


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
