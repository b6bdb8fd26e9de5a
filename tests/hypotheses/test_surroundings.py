import numpy as np
import pytest

from camd.hypotheses.surroundings import LEADER, confidence, judge
from camd.values import Glyph, Reason, Rejected

CROP = np.zeros((28, 28), np.uint8)


def glyph(x: int, y: int = 100, width: int = 30, height: int = 50, stroke: float = 0.0) -> Glyph:
    return Glyph((x, y, width, height), CROP, stroke)


def ask(
    glyphs: list[Glyph], labels: list[int], margins: list[float], rejected: list[Rejected]
) -> list[bool]:
    probability = judge(glyphs, np.array(labels), np.array(margins), rejected)
    return (probability > 0.5).tolist()


def test_number_is_believed() -> None:
    row = [glyph(100 + 40 * i) for i in range(4)]
    assert ask(row, [1, 0, 4, 7], [0.9, 0.8, 0.5, 0.7], []) == [True] * 4


def test_sure_digit_alone_on_an_empty_page_is_believed() -> None:
    for label in (0, 1, 7):
        assert ask([glyph(100)], [label], [1.2], []) == [True]


@pytest.mark.parametrize("labels", [[0], [1], [1, 1], [1, 0], [0, 0, 7]])
@pytest.mark.parametrize(
    "reason", [None, Reason.AT_BORDER, Reason.TOO_LARGE, Reason.ONE_SIDED, Reason.RULED]
)
def test_few_digits_held_up_are_believed(labels: list[int], reason: str | None) -> None:
    row = [glyph(100 + 40 * i) for i in range(len(labels))]
    sheet = [Rejected((40, 60, 300, 8), reason), Rejected((20, 60, 40, 400), reason)]
    assert all(ask(row, labels, [1.5] * len(row), sheet if reason else []))


@pytest.mark.parametrize("label", [2, 7, 9])
def test_one_other_mark_does_not_silence_a_clear_digit(label: int) -> None:
    beside = [glyph(100), glyph(140)]
    assert ask(beside, [label, -1], [1.5, -1.0], []) == [True, False]
    with_ones = [*beside, glyph(180, width=8), glyph(200, width=8)]
    assert ask(with_ones, [label, -1, 1, 1], [1.5, -1.0, 1.5, 1.5], [])[0]


def test_round_letter_in_a_word_is_no_digit() -> None:
    word = [glyph(100 + 40 * i) for i in range(5)]
    assert ask(word, [-1, 0, -1, -1, 1], [0.9, 1.0, 0.8, 0.9, 1.2], []) == [False] * 5


def test_weak_digit_among_digits_is_believed_and_among_letters_not() -> None:
    row = [glyph(100 + 40 * i) for i in range(4)]
    assert ask(row, [2, 3, 5, 8], [1.0, 1.0, 0.1, 1.0], [])[2]
    assert not ask(row, [-1, -1, 5, -1], [1.0, 1.0, 0.1, 1.0], [])[2]


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 1], [2, 1, 1, 1, 1], [1, 1, 1, 1, 7], [1, 3, 1]])
def test_1s_speak_against_no_other_of_their_number(labels: list[int]) -> None:
    row = [glyph(100 + 50 * i, height=64) for i in range(len(labels))]
    margins = [0.35 if label == 1 else 1.8 for label in labels]
    likely = judge(row, np.array(labels), np.array(margins), [])
    assert likely.min() > 0.75


@pytest.mark.parametrize("changed", [{"height": 44}, {"y": 125}, {"x": 420}, {"stroke": 2.0}])
def test_a_1_of_another_size_level_place_or_pen_is_of_no_number(changed: dict[str, int]) -> None:
    """And gains nothing by the digits there that one of the number would."""
    own = {"x": 200, "height": 64, "stroke": 6}

    def likely(one: dict[str, int], lead: float) -> float:
        number = [glyph(100 + 50 * i, height=64, stroke=6) for i in range(2)]
        margins = np.array([lead, lead, 0.35])
        return float(judge([*number, glyph(**one)], np.array([2, 5, 1]), margins, [])[2])

    sure, doubtful = LEADER + 0.01, LEADER - 0.01
    assert likely(own, sure) > likely(own, doubtful) + 0.02
    assert likely(own | changed, sure) == pytest.approx(likely(own | changed, doubtful), abs=0.015)


def test_1s_beside_a_letter_are_not_of_the_number() -> None:
    word = [glyph(100 + 50 * i, height=64) for i in range(4)]
    likely = judge(word, np.array([0, 1, 1, -1]), np.array([1.8, 0.35, 0.35, -1.0]), [])
    assert likely[2] < 0.5


def test_number_far_from_the_text_is_believed() -> None:
    letters = [glyph(100 + 40 * i, y=100) for i in range(6)]
    number = [glyph(100 + 40 * i, y=4000) for i in range(3)]
    labels, margins = [-1] * 6 + [2, 4, 6], [1.0] * 6 + [0.8] * 3
    assert ask(letters + number, labels, margins, []) == [False] * 6 + [True] * 3


def test_clutter_speaks_against_a_lone_stroke_and_dust_does_not() -> None:
    def around(reason: str) -> list[Rejected]:
        return [Rejected((60 + 50 * i, 60 + 40 * (i % 3), 45, 40), reason) for i in range(8)]

    assert ask([glyph(200, width=8)], [1], [1.2], around(Reason.WRONG_SHAPE)) == [False]
    assert ask([glyph(200, width=8)], [1], [1.2], around(Reason.NOT_A_STROKE)) == [False]
    assert ask([glyph(200, width=8)], [1], [1.2], around(Reason.TOO_SMALL)) == [True]


def test_marks_of_another_size_say_little() -> None:
    dust = [Rejected((90 + 6 * i, 100, 5, 5), Reason.WRONG_SHAPE) for i in range(20)]
    assert ask([glyph(100)], [7], [0.6], dust) == [True]


@pytest.mark.parametrize("stroke", [2.0, 0.7])
def test_a_stroke_much_finer_than_the_digits_is_none_of_them(stroke: float) -> None:
    row = [glyph(100 + 40 * i, stroke=6.0) for i in range(6)]
    tooth = glyph(340, width=4, stroke=stroke)
    assert ask([*row, tooth], [7, 0, 4, 2, 8, 3, 1], [1.2] * 7, []) == [True] * 6 + [False]


@pytest.mark.parametrize("strokes", [(6.0, 4.5), (6.0, 9.0), (6.0, 0.0), (0.0, 6.0)])
def test_pens_vary_a_little_and_may_be_unknown(strokes: tuple[float, float]) -> None:
    row = [glyph(100 + 40 * i, stroke=strokes[0]) for i in range(4)]
    last = glyph(260, stroke=strokes[1])
    assert ask([*row, last], [7, 0, 4, 2, 1], [1.2] * 5, []) == [True] * 5


def test_digits_of_two_pens_are_all_believed() -> None:
    broad = [glyph(100 + 40 * i, stroke=6.0) for i in range(4)]
    fine = [glyph(100 + 40 * i, y=200, stroke=2.5) for i in range(4)]
    assert ask(broad + fine, [7, 0, 4, 2, 9, 3, 1, 6], [1.2] * 8, []) == [True] * 8


def test_a_lone_stroke_is_worth_less_than_one_in_company() -> None:
    def sure(*labels: int) -> float:
        row = [glyph(100 + 40 * i) for i in range(len(labels))]
        return float(judge(row, np.array(labels), np.full(len(labels), 1.2), [])[0])

    assert sure(1) < 0.85 < sure(7)
    assert sure(1) + 0.03 < sure(1, 1)


def test_no_glyphs() -> None:
    assert ask([], [], [], [Rejected((0, 0, 10, 10), Reason.WRONG_SHAPE)]) == []


def test_not_a_digit_is_never_accepted() -> None:
    row = [glyph(100 + 40 * i) for i in range(5)]
    assert ask(row, [2, 3, -1, 5, 6], [1.0, 1.0, 0.01, 1.0, 1.0], [])[2] is False


def test_margin_of_a_classifier_of_digits_alone_is_worth_less() -> None:
    word = [glyph(100 + 40 * i) for i in range(5)]
    labels, margins = np.array([6, 0, 4, 8, 1]), np.array([0.5, 0.9, 0.5, 0.6, 1.1])
    known = judge(word, labels, margins, [])
    assert (known > 0.5).all()
    assert (judge(word, labels, margins, [], open_set=False) < known - 0.2).all()


def test_of_many_letters_one_looks_like_a_digit_and_four_in_a_row_do_not() -> None:
    letters = [glyph(100 + 40 * (i % 20), 100 + 90 * (i // 20)) for i in range(100)]
    number = [glyph(300 + 40 * i, 1100) for i in range(4)]

    def believed(page: list[Glyph], digits: int) -> float:
        labels, margins = [*[-1] * (len(page) - digits), *[5] * digits], [1.5] * len(page)
        return float(judge(page, np.array(labels), np.array(margins), [])[-digits:].min())

    assert believed([*letters[:10], number[0]], 1) > 0.2
    assert believed([*letters, number[0]], 1) < 0.1
    assert believed([*letters, *number], 4) > 0.5


def test_scraps_of_faint_squares_are_no_letters() -> None:
    digit = glyph(400, 300, stroke=8.0)
    for pen, believed in ((1.5, True), (6.0, False)):
        scraps = [glyph(80 * (i % 12), 80 * (i // 12), 20, 25, stroke=pen) for i in range(100)]
        labels, margins = [*[-1] * 100, 6], [*[-0.8] * 100, 1.3]
        assert ask([*scraps, digit], labels, margins, [])[-1] == believed


def test_a_number_makes_up_for_some_of_the_classifiers_doubt_and_letters_add_to_it() -> None:
    alone = np.array([0.7, 0.7, 0.7, 0.0, 1.0])
    sure = confidence(alone, np.array([0.995, 0.9, 0.2, 0.995, 0.995]))
    assert sure[0] == pytest.approx(0.9, abs=0.01)
    assert sure[1] == pytest.approx(0.63)
    assert sure[2] == pytest.approx(0.14)
    assert sure[3:] == pytest.approx([0, 0.995])


def test_confidence_never_falls_with_either() -> None:
    steps = np.linspace(0, 1, 101)
    for other in (0.1, 0.5, 0.9, 0.96, 0.99, 1.0):
        for rising in (
            confidence(steps, np.full(101, other)),
            confidence(np.full(101, other), steps),
        ):
            assert (np.diff(rising) >= -1e-9).all()
            assert ((rising >= 0) & (rising <= 1)).all()


def test_a_1_that_reaches_beyond_the_digits_beside_it_is_a_bracket() -> None:
    digits = [glyph(100), glyph(140)]

    def tall(above: int, below: int) -> bool:
        bracket = glyph(80, 100 - above, 8, 50 + above + below)
        return not ask([bracket, *digits], [1, 5, 6], [1.2, 1.2, 1.2], [])[0]

    assert tall(8, 8)
    assert not tall(16, 0), "a 1 may begin higher"
    assert not tall(2, 2)
    assert ask([glyph(80, 92, 8, 66), *digits], [1, 5, 6], [1.2] * 3, [])[1:] == [True, True]
