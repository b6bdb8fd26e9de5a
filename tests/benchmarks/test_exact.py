from dataclasses import replace

import numpy as np
import pytest

from benchmarks.exact import compare, noise
from benchmarks.ours import Ours


@pytest.fixture(scope="module")
def ours() -> Ours:
    return Ours()


def test_the_engine_is_exact_on_noise(ours: Ours) -> None:
    (crops,) = noise(40)
    differ, compared, apart = compare(ours, crops)
    assert differ == 0
    assert compared > 20
    assert apart < 1e-3


def test_another_machine_is_found_out(ours: Ours) -> None:
    (crops,) = noise(40)
    other = Ours()
    above = np.triu(np.full((10, 10), 0.3, np.float32), 1)
    moved = ours.model.full.intercepts + above - above.T
    other.model = replace(ours.model, full=replace(ours.model.full, intercepts=moved))
    differ, _, apart = compare(other, crops)
    assert differ > 0
    assert apart == pytest.approx(0.3, abs=1e-2)


def test_noise_is_the_same_again_and_comes_in_chunks() -> None:
    sizes = [len(chunk) for chunk in noise(5001)]
    assert sizes == [5000, 1]
    first, again = next(noise(20)), next(noise(20))
    assert (first == again).all()
