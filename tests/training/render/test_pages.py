from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.evaluate.truth import load_labels
from tests.training.render.test_negatives import FONTS as FACES
from training.render import pages
from training.render.lettering import Fonts
from training.render.pages import Piece, make, page

FONTS = Fonts(*[(FACES / "DejaVuSans.ttf",)] * 2)


def test_every_kind_is_rendered_with_labels_that_eval_reads(tmp_path: Path) -> None:
    make(tmp_path, FONTS, seed=3, each=1)
    labels = load_labels(tmp_path)
    assert [label.hard for label in labels] == [kind.__name__ for kind in pages.KINDS]
    assert [label.file for label in labels if label.negative] == ["text-1.jpg"]
    make(tmp_path / "again", FONTS, seed=3, each=1)
    for label in labels:
        assert cv2.imread(str(tmp_path / label.file)) is not None
        assert (tmp_path / label.file).read_bytes() == (
            tmp_path / "again" / label.file
        ).read_bytes()


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("Total: $84.80", ["8480"]),
        ("10:35 Uhr", ["1035"]),
        ("Sale", []),
        ("2 x 30,5", ["2", "305"]),
    ],
)
def test_points_and_signs_are_no_digits(text: str, digits: list[str]) -> None:
    assert Piece(text, 0.1).digits == digits


def test_a_page_shows_its_lines_with_nothing_cut_off() -> None:
    lines = [(Piece("Total", 0.08), Piece("84.80", 0.92, right=True))] * 3
    sheet = page(np.random.default_rng(1), FONTS, lines)
    assert sheet.lines == ("8480",) * 3
    grey = sheet.image.mean(axis=2)
    ink = np.abs(grey - np.median(grey)) > 40
    rows = np.flatnonzero(np.diff(np.pad(ink.any(axis=1).astype(int), 1)) == 1)
    assert len(rows) == 3
    assert not ink[:, :4].any()
    assert not ink[:, -4:].any()
