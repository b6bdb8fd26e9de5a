import pytest

from camd.track import completeness
from camd.values import Box, Digit

DIGIT = Digit(1, 0.99, (100, 100, 30, 40))


@pytest.mark.parametrize(
    ("mark", "among", "beside"),
    [
        ((140, 100, 25, 40), True, True),
        ((60, 100, 25, 40), True, True),
        ((140, 115, 25, 40), True, True),
        # As a mark of the digit itself, in a frame that shows it badly.
        ((105, 110, 20, 40), False, False),
        # A comma.
        ((140, 130, 5, 12), False, False),
        # Of another row, and far away.
        ((140, 130, 25, 40), True, False),
        ((200, 100, 25, 40), True, False),
    ],
)
def test_which_marks_are_doubtful(mark: Box, among: bool, beside: bool) -> None:
    assert completeness.among([mark], [DIGIT]) == among
    assert completeness.beside([mark], [DIGIT]) == beside


def test_without_digits_any_mark_may_be_one_and_none_is_beside() -> None:
    assert completeness.among([(0, 0, 5, 5)], [])
    assert not completeness.beside([(0, 0, 5, 5)], [])


def test_no_marks_are_no_doubt() -> None:
    assert not completeness.among([], [DIGIT])
    assert not completeness.beside([], [DIGIT])
