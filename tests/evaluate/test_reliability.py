import pytest

from camd.evaluate.reliability import by_confidence
from camd.evaluate.truth import Label
from camd.values import Digit, Line


def line(text: str, *confidence: float) -> Line:
    digits = tuple(
        Digit(int(c), sure, (20 * i, 0, 15, 25))
        for i, (c, sure) in enumerate(zip(text, confidence, strict=True))
    )
    return Line(text, digits, (0, 0, 20 * len(text), 25))


def test_digits_fall_into_the_bin_of_their_confidence() -> None:
    lines = [line("12", 0.999, 0.99), line("34", 0.97, 0.2)]
    bins = by_confidence([(Label("a.jpg", ("12", "34")), lines)])
    assert [(one.least, one.below, one.digits, one.wrong) for one in bins] == [
        (0.99, 1.0, 2, 0),
        (0.95, 0.99, 1, 0),
        (0.0, 0.5, 1, 0),
    ]
    assert bins[0].expected == pytest.approx(0.011)


def test_the_digit_that_fits_the_order_is_right() -> None:
    """Though both are 7s, and the truth does not say where they stand."""
    label = Label("a.jpg", ("2175",))
    (sure,) = by_confidence([(label, [line("2175", *[1.0] * 4)])])
    assert (sure.digits, sure.wrong) == (4, 0)
    first, second = by_confidence([(label, [line("7", 0.8), line("2175", *[0.995] * 4)])])
    assert (first.digits, first.wrong) == (4, 0)
    assert (second.least, second.wrong) == (0.75, 1)


def test_what_is_read_where_nothing_is_written_is_wrong() -> None:
    images = [(Label("n.jpg", ()), [line("1", 0.995)]), (Label("a.jpg", ("5",)), [])]
    (sure,) = by_confidence(images)
    assert (sure.digits, sure.wrong) == (1, 1)
    assert by_confidence([]) == ()
