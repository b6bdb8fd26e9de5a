import pytest

from camd.evaluate.score import score, tell_apart
from camd.evaluate.truth import Label

TWO_LINES = Label("a.jpg", ("012", "34"), "photo")
HARD = Label("h.jpg", ("55",), "photo", "glare")
SCAN = Label("s.png", ("6",), "scan")
EMPTY = Label("n.jpg", (), "photo")


def test_perfect_reading() -> None:
    result = score([TWO_LINES, EMPTY], {"a.jpg": ["012", "34"]})
    assert (result.positives.precision, result.positives.recall, result.positives.f1) == (1, 1, 1)
    assert result.all.exact == 2
    assert result.negatives.clean == 1
    assert result.worst() == ()


def test_digits_are_a_multiset() -> None:
    result = score([Label("a", ("112",))], {"a": ["1222"]})
    row = result.rows[0]
    assert (row.right, row.missed, row.false) == (2, 1, 2)
    assert result.all.precision == pytest.approx(2 / 4)
    assert result.all.recall == pytest.approx(2 / 3)
    assert result.all.f1 == pytest.approx(4 / 7)


def test_average_counts_digits_not_images() -> None:
    labels = [Label("long", ("123456789",)), Label("short", ("1",))]
    result = score(labels, {"long": ["123456789"], "short": ["2"]})
    assert result.positives.recall == pytest.approx(0.9)


def test_order_matters_for_exact_only() -> None:
    result = score([TWO_LINES], {"a.jpg": ["34", "012"]})
    assert result.all.f1 == 1
    assert result.all.exact == 0


def test_spaces_between_numbers_do_not_matter() -> None:
    assert score([TWO_LINES], {"a.jpg": ["0 12", " 34"]}).all.exact == 1


def test_image_without_prediction_counts_as_missed() -> None:
    assert score([TWO_LINES], {}).positives.missed == 5


def test_groups() -> None:
    result = score([TWO_LINES, HARD, SCAN, EMPTY], {"n.jpg": ["77"], "s.png": ["6"]})
    assert (result.all.images, result.positives.images) == (4, 3)
    assert (result.ordinary.images, result.ordinary.missed) == (1, 5)
    assert (result.negatives.images, result.negatives.false_an_image) == (1, 2)
    assert result.negatives.clean == 0


def test_what_makes_several_images_hard_has_a_row() -> None:
    glare = [Label(name, ("12",), hard="glare") for name in ("a", "b")]
    result = score([*glare, Label("c", ("3",), hard="comb"), TWO_LINES], {"a": ["12"]})
    assert list(result.hard) == ["glare"]
    assert (result.hard["glare"].right, result.hard["glare"].missed) == (2, 2)


def test_worst_first() -> None:
    result = score([SCAN, TWO_LINES, HARD], {"h.jpg": ["55"], "s.png": ["6"]})
    assert [row.label.file for row in result.worst()] == ["a.jpg"]
    result = score([SCAN, TWO_LINES, HARD], {})
    assert [row.label.file for row in result.worst(2)] == ["a.jpg", "h.jpg"]


def test_nothing_to_score() -> None:
    result = score([], {})
    assert (result.all.f1, result.negatives.false_an_image) == (1, 0)


def marks(text: str, flags: tuple[bool, ...]) -> str:
    return "".join("x" if flag else "." for _, flag in zip(text, flags, strict=True))


@pytest.mark.parametrize(
    ("written", "read", "missed", "false"),
    [
        ("71208", "17120", "....x", "x...."),
        ("12", "12", "..", ".."),
        ("12", "", "xx", ""),
        ("", "88", "", "xx"),
        ("1212", "12", "..xx", ".."),
        ("34012", "01234", ".....", "....."),  # other rows first: no digit is wrong
        ("201804", "201004", "...x..", "...x.."),
    ],
)
def test_which_digits_are_missed_and_which_false(
    written: str, read: str, missed: str, false: str
) -> None:
    a, b = tell_apart([written], [read])
    assert (marks(written, a), marks(read, b)) == (missed, false)


def test_spaces_have_no_mark() -> None:
    assert tell_apart(["1 2", "3"], ["12 "]) == ((False, False, True), (False, False))
