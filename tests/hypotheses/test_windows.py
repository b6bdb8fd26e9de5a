import numpy as np
import pytest
from numpy.typing import NDArray

from camd.classify import svm
from camd.hypotheses import windows
from camd.values import Classified, FloatArray, IntArray, Plane
from testing.segments import display


def test_a_window_shows_the_ink_bright_whatever_its_polarity() -> None:
    dark, light = display("8", 30), display("8", 30, ink=170, ground=40)
    middle = (dark.shape[1] / 2, dark.shape[0] / 2)
    first = windows.crop_at(dark, *middle, 30, dark=True)
    second = windows.crop_at(light, *middle, 30, dark=False)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.astype(int), second, atol=12)
    assert windows.crop_at(np.full((40, 40), 9, np.uint8), 20, 20, 30, dark=True) is None


class Small:
    """Is sure of a 5 in some windows, sure of nothing in others, and else unclear; remembers which
    of those it would be asked about in full."""

    coarse = None

    def __init__(self, margins: NDArray[np.float32], labels: IntArray) -> None:
        self.said = Classified(labels, margins, np.full(len(margins), 0.9, np.float32))
        self.asked: list[int] = []

    def classify_where(self, crops: NDArray[np.uint8], ask: svm.Ask) -> Classified:
        unclear = np.flatnonzero(self.said.margins < 0.8)
        self.asked = ask(self.said, unclear).tolist()
        assert len(crops) == len(self.said.labels)
        return self.said


def spots(strip: windows.Strip, x: list[int], likely: list[float] | None = None) -> windows.Spots:
    """Places of dark ink on a strip, 20 pixels from its upper edge."""
    many = np.full(len(x), 20)
    seen = np.array(likely or [2.0] * len(x), np.float32)
    nothing = np.full((2, len(strip.rows), len(strip.columns)), -np.inf, np.float32)
    return windows.Spots(strip, many > 0, many, np.array(x), seen, nothing)


def strip_of(text: str, height: int) -> windows.Strip:
    return windows.Strip.of(display(text, height), height, np.arange(0.0, 60, 3), np.array([22.0]))


def test_what_a_clear_neighbour_explains_is_not_asked_again() -> None:
    strip = strip_of("8", 30)
    margins = np.array([1, 0.5, 0.5, 0.5, 0.3], np.float32)
    small = Small(margins, np.array([5, 3, 3, -1, -1]))
    (found,) = windows.judged([spots(strip, [10, 13, 20, 30, 30])], small)
    assert small.asked == [2, 4]  # the second shows the clear 5, the fourth nothing
    assert [(one.label, round(one.x * strip.scale)) for one in found] == [(5, 10), (3, 13), (3, 20)]


def test_places_beside_a_row_are_those_that_show_other_ink() -> None:
    strip = strip_of("80", 40)
    places = spots(strip, [10, 12, 40, 40], [2, 2, 2, -0.5])
    own = round(10 / strip.scale) - 12, round(20 / strip.scale) - 20, 24, 40
    assert places.beside([own]).x.tolist() == [40]


def test_promise_counts_a_digit_once() -> None:
    places = spots(strip_of("80", 40), [10, 12, 40, 60], [2, 3, 9, -1])
    assert places.promise == pytest.approx(3 + windows.STRONGEST)


class Seeing:
    """Sees a digit with bright ink in one window, as `Coarse.likely` tells of it."""

    def __init__(self, score: float) -> None:
        self.score = score

    def likely(self, pictures: list[Plane]) -> list[FloatArray]:
        found = [np.full((2, 3, 9), -np.inf, np.float32) for _ in pictures]
        for one in found:
            one[0, 1, 2] = self.score
        return found


@pytest.mark.parametrize(("score", "more"), [(3.0, True), (-0.5, False)])
def test_around_a_likely_place_are_its_neighbours(score: float, *, more: bool) -> None:
    strip = windows.Strip.of(display("80", 40), 40, np.arange(0.0, 40), np.arange(10.0, 30))
    (places,) = windows.spots([strip], Seeing(score))  # type: ignore[arg-type]
    # Windows of single pixels, each with what was seen in the nearest of every fourth.
    assert sorted(set(places.y.tolist())) == [12, 13, 14, 15]
    assert sorted(set(places.x.tolist())) == [6, 7, 8, 9]
    assert not places.dark.any()
    around = places.around()
    if not more:
        assert not len(around.x)
        return
    at = set(zip(around.y.tolist(), around.x.tolist(), strict=True))
    assert len(at) == 6 * 6 - 4 * 4
    assert at.isdisjoint(zip(places.y.tolist(), places.x.tolist(), strict=True))
