import cv2
import numpy as np
import pytest

from camd.hypotheses.seams import seams


def test_seams_pass_between_leaning_strokes() -> None:
    ink = np.zeros((80, 120), np.uint8)
    cv2.line(ink, (40, 76), (60, 4), 255, 7)
    cv2.line(ink, (66, 76), (86, 4), 255, 7)
    cv2.line(ink, (48, 44), (75, 44), 255, 5)
    found = seams(ink, 80, 4, 0.5)
    assert any(
        abs(seam[8] - 72) < 8 and abs(seam[70] - 55) < 8 and (np.abs(np.diff(seam)) <= 2).all()
        for seam in found
    )


@pytest.mark.parametrize("shape", [(40, 3), (3, 3), (60, 90)])
def test_no_seam_without_ink(shape: tuple[int, int]) -> None:
    assert seams(np.zeros(shape, np.uint8), shape[0], 4, 0.5) == []
