import numpy as np

from camd.rule import Pieces, Rule
from camd.segment.components import connected
from camd.segment.runs import runs


def bent(bow: int, strokes: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a bent rule, and bars of digits above its middle."""
    mask = np.zeros((60, 900), np.uint8)
    x = np.arange(900)
    y = np.rint(20 + bow * np.sin(np.pi * x / 900)).astype(int)
    mask[y, x] = mask[y + 1, x] = 1
    bars = np.zeros_like(mask)
    for left in range(450 - 30 * strokes, 450 + 30 * strokes, 60):
        bars[12:16, left : left + 40] = 1
    return mask, bars


def rule(mask: np.ndarray) -> Rule:
    """Take all ink for one level rule."""
    pieces = connected(runs(mask).turned())
    line = Pieces.of(pieces).line(np.ones(len(pieces), bool))
    return Rule.along(line, pieces.runs, 7)


def own(mask: np.ndarray) -> np.ndarray:
    """Give what is the rule's own of ink that was taken for one."""
    found = np.zeros_like(mask)
    across, along = rule(mask).own.pixels()
    found[along, across] = 1
    return found


def test_a_bent_rule_is_taken_whole() -> None:
    mask, _ = bent(6, 0)
    assert np.array_equal(own(mask), mask)


def test_strokes_along_a_rule_do_not_draw_it_off_its_way() -> None:
    mask, bars = bent(6, 5)
    found = own(np.maximum(mask, bars))
    assert np.count_nonzero(mask & ~found) < 0.02 * np.count_nonzero(mask)
    assert not (found & bars).any()


def test_strokes_at_one_end_of_a_rule_do_not_draw_it_off_its_way() -> None:
    mask, bars = bent(6, 2)
    mask[:, 620:] = 0
    found = own(np.maximum(mask, bars))
    assert np.count_nonzero(mask & ~found) < 0.02 * np.count_nonzero(mask)
    assert not (found & bars).any()


def test_pieces_of_many_rules_that_lie_aslant_are_no_rule() -> None:
    level, aslant = np.zeros((2, 200, 900), np.uint8)
    for i in range(10):
        level[100:102, 20 + 80 * i : 60 + 80 * i] = 1
        aslant[20 + 16 * i : 22 + 16 * i, 20 + 40 * i : 56 + 40 * i] = 1
    assert rule(level).straight()
    assert not rule(aslant).straight()
