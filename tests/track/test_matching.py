from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from camd.track.matching import assign


def total(cost: np.ndarray, pairs: list[tuple[int, int]], limit: float) -> float:
    return sum(cost[i, j] for i, j in pairs) + limit * (cost.shape[0] - len(pairs))


def least_total(cost: np.ndarray, limit: float) -> float:
    """Try everything: each row takes a column or one of the empty places."""
    rows, columns = cost.shape
    padded = np.hstack([np.minimum(cost, limit), np.full((rows, rows), limit)])
    return min(
        sum(padded[i, j] for i, j in enumerate(chosen))
        for chosen in permutations(range(columns + rows), rows)
    )


def test_the_greedy_choice_is_not_taken_when_it_costs_more_in_all() -> None:
    cost = np.array([[0.1, 0.2], [0.15, 0.9]])
    assert assign(cost, limit=1.0) == [(0, 1), (1, 0)]


def test_a_pair_beyond_the_limit_is_left_apart() -> None:
    assert assign(np.array([[0.5, 3.0], [3.0, 3.0]]), limit=1.0) == [(0, 0)]
    assert assign(np.array([[np.inf]]), limit=1.0) == []


def test_nothing_to_pair() -> None:
    assert assign(np.zeros((0, 3)), limit=1.0) == []
    assert assign(np.zeros((3, 0)), limit=1.0) == []


sizes = st.tuples(st.integers(1, 4), st.integers(1, 4))
costs = st.one_of(st.floats(0, 2), st.just(float("inf")))


@given(arrays.arrays(np.float64, sizes, elements=costs))
def test_no_other_assignment_costs_less(cost: np.ndarray) -> None:
    pairs = assign(cost, limit=1.0)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert np.isclose(total(cost, pairs, 1.0), least_total(cost, 1.0))
