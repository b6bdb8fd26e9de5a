import numpy as np
import pytest

from camd import paths
from camd.classify import svm
from camd.hypotheses.surroundings import judge, page
from camd.values import Classified, FloatArray, Glyph, Reason, Rejected

CROP = np.zeros((28, 28), np.uint8)
WEIGHTS = svm.surroundings(paths.model_file())


def glyph(x: int, y: int = 100, width: int = 30, height: int = 50, stroke: float = 0.0) -> Glyph:
    return Glyph((x, y, width, height), CROP, stroke)


def likely(
    glyphs: list[Glyph],
    labels: list[int],
    margins: list[float],
    rejected: list[Rejected] | None = None,
    *,
    open_set: bool = True,
) -> FloatArray:
    """Judge glyphs whose confidence is what the shipped model has at such margins."""
    confidence = np.interp(margins, [0, 0.5, 1, 1.5, 2], [0.5, 0.87, 0.985, 0.995, 0.998])
    judged = Classified(
        np.array(labels, np.int64), np.array(margins, np.float32), confidence.astype(np.float32)
    )
    return judge(page(glyphs, judged, rejected or [], open_set=open_set), WEIGHTS)


def ask(
    glyphs: list[Glyph], labels: list[int], margins: list[float], rejected: list[Rejected]
) -> list[bool]:
    return (likely(glyphs, labels, margins, rejected) > 0.5).tolist()


def test_number_is_believed() -> None:
    row = [glyph(100 + 40 * i) for i in range(4)]
    assert ask(row, [1, 0, 4, 7], [0.9, 0.8, 0.5, 0.7], []) == [True] * 4


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


def test_number_far_from_the_text_is_believed() -> None:
    letters = [glyph(100 + 40 * i, y=100) for i in range(6)]
    number = [glyph(100 + 40 * i, y=4000) for i in range(3)]
    labels, margins = [-1] * 6 + [2, 4, 6], [1.0] * 6 + [0.8] * 3
    assert ask(letters + number, labels, margins, []) == [False] * 6 + [True] * 3


def test_marks_of_another_size_say_little() -> None:
    dust = [Rejected((90 + 6 * i, 100, 5, 5), Reason.WRONG_SHAPE) for i in range(20)]
    assert ask([glyph(100)], [7], [0.6], dust) == [True]


@pytest.mark.parametrize("stroke", [2.0, 0.7])
def test_a_stroke_much_finer_than_the_digits_is_doubted(stroke: float) -> None:
    row = [glyph(100 + 40 * i, stroke=6.0) for i in range(6)]
    tooth = glyph(340, width=4, stroke=stroke)
    found = likely([*row, tooth], [7, 0, 4, 2, 8, 3, 1], [1.2] * 7)
    alike = likely([*row, glyph(340, width=4, stroke=6.0)], [7, 0, 4, 2, 8, 3, 1], [1.2] * 7)
    assert found[:6].min() > 0.9
    assert found[6] < 0.7
    assert alike[6] > 0.95


@pytest.mark.parametrize("strokes", [(6.0, 4.5), (6.0, 9.0), (6.0, 0.0), (0.0, 6.0)])
def test_pens_vary_a_little_and_may_be_unknown(strokes: tuple[float, float]) -> None:
    row = [glyph(100 + 40 * i, stroke=strokes[0]) for i in range(4)]
    last = glyph(260, stroke=strokes[1])
    assert ask([*row, last], [7, 0, 4, 2, 1], [1.2] * 5, []) == [True] * 5


def test_digits_of_two_pens_are_all_believed() -> None:
    broad = [glyph(100 + 40 * i, stroke=6.0) for i in range(4)]
    fine = [glyph(100 + 40 * i, y=200, stroke=2.5) for i in range(4)]
    assert ask(broad + fine, [7, 0, 4, 2, 9, 3, 1, 6], [1.2] * 8, []) == [True] * 8


def test_no_glyphs() -> None:
    assert ask([], [], [], [Rejected((0, 0, 10, 10), Reason.WRONG_SHAPE)]) == []


def test_not_a_digit_is_never_accepted() -> None:
    row = [glyph(100 + 40 * i) for i in range(5)]
    assert ask(row, [2, 3, -1, 5, 6], [1.0, 1.0, 0.01, 1.0, 1.0], [])[2] is False


@pytest.mark.parametrize("label", range(10))
def test_sure_digit_alone_on_an_empty_page_is_believed(label: int) -> None:
    assert ask([glyph(100)], [label], [1.5], []) == [True]


def test_a_doubtful_digit_alone_is_less_likely_than_one_in_a_number() -> None:
    alone = likely([glyph(100)], [9], [0.2])[0]
    row = likely([glyph(100 + 40 * i) for i in range(4)], [9, 2, 7, 4], [0.2, 1.5, 1.5, 1.5])
    assert alone < 0.85 < row[0]
    assert alone < 0.85 < likely([glyph(100)], [9], [1.5])[0]


@pytest.mark.parametrize("labels", [[0, 0, 1, 1, 1], [2, 1, 1, 1, 1], [1, 1, 1, 1, 7], [1, 3, 1]])
def test_1s_speak_against_no_other_of_their_number(labels: list[int]) -> None:
    row = [glyph(100 + 50 * i, height=64) for i in range(len(labels))]
    margins = [0.35 if label == 1 else 1.8 for label in labels]
    assert ask(row, labels, margins, []) == [True] * len(labels)


def test_a_lone_stroke_is_worth_less_than_one_in_company() -> None:
    def sure(*labels: int) -> float:
        row = [glyph(100 + 40 * i) for i in range(len(labels))]
        return float(likely(row, list(labels), [1.2] * len(labels))[0])

    assert sure(1) < sure(7) - 0.1
    assert sure(1) < sure(1, 1) - 0.1


def test_clutter_speaks_against_a_lone_stroke_and_dust_does_not() -> None:
    def around(reason: Reason) -> float:
        marks = [Rejected((60 + 50 * i, 60 + 40 * (i % 3), 45, 40), reason) for i in range(8)]
        return float(likely([glyph(200, width=8)], [1], [1.5], marks)[0])

    assert around(Reason.WRONG_SHAPE) < 0.5
    assert around(Reason.NOT_A_STROKE) < 0.5
    assert around(Reason.TOO_SMALL) > 0.5


def test_what_a_classifier_of_digits_alone_says_is_worth_less() -> None:
    word = [glyph(100 + 40 * i) for i in range(5)]
    asked = [6, 0, 4, 8, 1], [0.5, 0.9, 0.5, 0.6, 1.1]
    assert (likely(word, *asked, open_set=False) < likely(word, *asked)).all()


def test_of_many_letters_one_looks_like_a_digit_and_four_in_a_row_do_not() -> None:
    letters = [glyph(100 + 40 * (i % 20), 100 + 90 * (i // 20)) for i in range(100)]
    number = [glyph(300 + 40 * i, 1100) for i in range(4)]

    def believed(page: list[Glyph], digits: int) -> float:
        labels = [*[-1] * (len(page) - digits), *[5, 2, 8, 4][:digits]]
        return float(likely(page, labels, [1.5] * len(page))[-digits:].min())

    assert believed([*letters, number[0]], 1) < 0.3
    assert believed([*letters, *number], 4) > 0.8


def test_a_1_that_reaches_beyond_the_digits_beside_it_is_a_bracket() -> None:
    digits = [glyph(100), glyph(140)]

    def one(above: int, below: int) -> float:
        bracket = glyph(80, 100 - above, 8, 50 + above + below)
        said = likely([bracket, *digits], [1, 5, 6], [1.2, 1.2, 1.2])
        assert (said[1:] > 0.9).all()
        return float(said[0])

    assert one(12, 12) < 0.5
    assert one(16, 0) > 0.5, "a 1 may begin higher"
    assert one(2, 2) > 0.9


def test_without_weights_the_classifier_has_the_last_word() -> None:
    judged = Classified(np.array([3, -1]), np.ones(2, np.float32), np.full(2, 0.7, np.float32))
    seen = page([glyph(100), glyph(140)], judged, [])
    assert judge(seen, ()) == pytest.approx([0.7, 0])
