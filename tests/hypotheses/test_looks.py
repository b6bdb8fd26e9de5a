import numpy as np

from camd.hypotheses.looks import AGAIN_S, InVain, Look
from camd.values import Glyph

PALE = np.zeros((28, 28), np.uint8)


def test_what_was_cut_in_vain_is_spared_for_a_while_where_it_was() -> None:
    in_vain = InVain()
    here, there = (Glyph((x, 0, 90, 60), PALE) for x in (0, 300))
    in_vain.add([here.box], 5.0)
    moved = Glyph((4, 2, 90, 60), PALE)
    assert in_vain.spared([here, there, moved], 5.0 + 0.5 * AGAIN_S).tolist() == [True, False, True]
    assert not in_vain.spared([here], 5.0 + AGAIN_S).any()
    in_vain.add([here.box], None)
    assert not in_vain.spared([here], None).any()
    assert not in_vain.spared([here], 6.0).any()


def test_a_further_look_that_gave_nothing_is_not_repeated_at_once() -> None:
    look = Look()
    assert look.due(7.0)
    look.gave(7.0, digits=False)
    assert not look.due(7.0 + 0.5 * AGAIN_S)
    assert look.due(7.0 + AGAIN_S)
    look.gave(8.0, digits=True)
    assert look.due(8.01)
    look.gave(9.0, digits=False)
    assert look.due(2.0)  # another time has begun


def test_a_picture_on_its_own_always_has_all_looks() -> None:
    look = Look()
    look.gave(None, digits=False)
    assert look.due(None)
    assert look.due(0.0)
