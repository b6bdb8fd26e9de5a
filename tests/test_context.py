import numpy as np

from camd.context import judge
from camd.segment import NOT_A_STROKE, TOO_SMALL, WRONG_SHAPE
from camd.values import Glyph, Rejected

CROP = np.zeros((28, 28), np.uint8)


def glyph(x: int, y: int = 100, width: int = 30, height: int = 50) -> Glyph:
    return Glyph((x, y, width, height), CROP)


def ask(
    glyphs: list[Glyph], labels: list[int], margins: list[float], rejected: list[Rejected]
) -> list[bool]:
    return judge(glyphs, np.array(labels), np.array(margins), rejected).tolist()


def test_number_is_believed() -> None:
    row = [glyph(100 + 40 * i) for i in range(4)]
    assert ask(row, [1, 0, 4, 7], [0.9, 0.8, 0.5, 0.7], []) == [True] * 4


def test_sure_digit_alone_on_an_empty_page_is_believed() -> None:
    for label in (0, 1, 7):
        assert ask([glyph(100)], [label], [1.2], []) == [True]


def test_round_letter_in_a_word_is_no_digit() -> None:
    word = [glyph(100 + 40 * i) for i in range(5)]
    assert ask(word, [-1, 0, -1, -1, 1], [0.9, 1.0, 0.8, 0.9, 1.2], []) == [False] * 5


def test_weak_digit_among_digits_is_believed_and_among_letters_not() -> None:
    row = [glyph(100 + 40 * i) for i in range(4)]
    assert ask(row, [2, 3, 5, 8], [1.0, 1.0, 0.1, 1.0], [])[2]
    assert not ask(row, [-1, -1, 5, -1], [1.0, 1.0, 0.1, 1.0], [])[2]


def test_number_far_from_the_text_is_believed() -> None:
    letters = [glyph(100 + 40 * i, y=100) for i in range(6)]
    number = [glyph(100 + 40 * i, y=4000) for i in range(3)]
    labels, margins = [-1] * 6 + [2, 4, 6], [1.0] * 6 + [0.8] * 3
    assert ask(letters + number, labels, margins, []) == [False] * 6 + [True] * 3


def test_clutter_speaks_against_a_lone_stroke_and_dust_does_not() -> None:
    def around(reason: str) -> list[Rejected]:
        return [Rejected((60 + 50 * i, 60 + 40 * (i % 3), 45, 40), reason) for i in range(8)]

    assert ask([glyph(200, width=8)], [1], [1.2], around(WRONG_SHAPE)) == [False]
    assert ask([glyph(200, width=8)], [1], [1.2], around(NOT_A_STROKE)) == [False]
    assert ask([glyph(200, width=8)], [1], [1.2], around(TOO_SMALL)) == [True]


def test_marks_of_another_size_say_little() -> None:
    dust = [Rejected((90 + 6 * i, 100, 5, 5), WRONG_SHAPE) for i in range(20)]
    assert ask([glyph(100)], [7], [0.6], dust) == [True]


def test_no_glyphs() -> None:
    assert ask([], [], [], [Rejected((0, 0, 10, 10), WRONG_SHAPE)]) == []


def test_not_a_digit_is_never_accepted() -> None:
    row = [glyph(100 + 40 * i) for i in range(5)]
    assert ask(row, [2, 3, -1, 5, 6], [1.0, 1.0, 0.01, 1.0, 1.0], [])[2] is False


def test_margin_of_a_classifier_of_digits_alone_is_worth_less() -> None:
    word = [glyph(100 + 40 * i) for i in range(5)]
    labels, margins = np.array([6, 0, 4, 8, 1]), np.array([0.3, 0.6, 0.2, 0.4, 0.6])
    assert judge(word, labels, margins, []).all()
    assert not judge(word, labels, margins, [], open_set=False).any()
    assert judge(word, labels, margins + 1.2, [], open_set=False).all()
