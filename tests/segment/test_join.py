import cv2
import numpy as np

from camd.segment.components import components
from camd.segment.join import join


def groups(mask: np.ndarray, small: tuple[int, ...] = ()) -> list[list[int]]:
    """Join all pieces, those in `small` as parts that cannot be digits themselves."""
    pieces = components(mask)
    whole = np.array([i for i in range(len(pieces.stats)) if i not in small], np.intp)
    return join(pieces, whole, np.array(small, np.intp))


def five(gap: int) -> np.ndarray:
    """A 5 whose bar, component 0, lies `gap` pixels above the rest."""
    mask = np.zeros((240, 240), np.uint8)
    mask[40:46, 104:140] = 255
    mask[46 + gap : 90 + gap, 100:106] = 255
    cv2.ellipse(mask, (112, 118 + gap), (30, 32), 0, -120, 130, 255, 6)
    return mask


def test_bar_of_a_5_joins_its_body() -> None:
    assert groups(five(6), small=(0,)) == [[1, 0]]


def test_stroke_far_above_does_not_join() -> None:
    assert groups(five(40), small=(0,)) == [[1]]


def test_digits_beside_and_below_each_other_stay_apart() -> None:
    mask = np.zeros((300, 300), np.uint8)
    for x in (50, 70):
        for y in (40, 150):
            mask[y : y + 90, x : x + 6] = 255
    assert sorted(groups(mask)) == [[0], [1], [2], [3]]


def test_digit_in_a_frame_stays_apart() -> None:
    mask = np.zeros((200, 200), np.uint8)
    cv2.rectangle(mask, (50, 50), (130, 150), 255, 4)
    cv2.putText(mask, "5", (70, 125), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 255, 3)
    assert sorted(map(len, groups(mask))) == [1, 1]


def test_no_pieces() -> None:
    assert groups(np.zeros((20, 20), np.uint8)) == []
