from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.evaluate.truth import load_labels
from tests.training.render.test_scenes import printed
from training.render import stills
from training.render.hand import Hand
from training.render.stills import KINDS, make


@pytest.fixture(scope="module")
def hand() -> Hand:
    digits = np.stack([printed(str(d), 28) for d in range(10)])
    letters = np.stack([printed(c, 105) for c in "ahkx"])
    return Hand(digits, np.arange(10, dtype=np.uint8), letters)


def test_every_kind_is_rendered_with_labels_that_eval_reads(
    hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, hand, seed=3, each=1)
    labels = load_labels(tmp_path)
    assert [label.hard for label in labels] == [None, *(kind.__name__ for kind in KINDS[1:])]
    assert [label.file for label in labels if label.negative] == ["letters-1.jpg"]
    assert sum(label.ordinary for label in labels) == 1
    first = (tmp_path / "plain-1.jpg").read_bytes()
    monkeypatch.setattr(stills, "KINDS", KINDS[:1])
    make(tmp_path / "again", hand, seed=3, each=1)
    assert (tmp_path / "again" / "plain-1.jpg").read_bytes() == first
    make(tmp_path / "other", hand, seed=4, each=1)
    assert (tmp_path / "other" / "plain-1.jpg").read_bytes() != first


def test_lines_too_long_for_their_sheet_are_drawn_again(
    hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def wide(rng: np.random.Generator, hand: Hand) -> stills.Still:
        asked.append(rng)
        if len(asked) < 3:
            raise ValueError("too long")
        return stills.plain(rng, hand)

    monkeypatch.setattr(stills, "KINDS", (wide,))
    make(tmp_path, hand, seed=3, each=1)
    assert len(asked) == 3
    assert len(load_labels(tmp_path)) == 1


def test_a_form_says_what_is_written_in_it(hand: Hand) -> None:
    still = stills.table(np.random.default_rng(1), hand)
    assert still.image.shape == (720, 1280, 3)
    assert 3 <= len(still.lines) <= 5
    assert all(set(line) <= set("0123456789") for line in still.lines)


@pytest.mark.parametrize("kind", KINDS)
def test_each_line_has_its_place(
    kind: Callable[[np.random.Generator, Hand], stills.Still], hand: Hand
) -> None:
    still = kind(np.random.default_rng(1), hand)
    assert len(still.places) == len(still.lines)
    height, width = still.image.shape[:2]
    for corners in still.places:
        x, y = np.array(corners).T
        (left, top), (right, bottom) = (x.min(), y.min()), (x.max(), y.max())
        assert 0 <= (left + right) / 2 < width
        assert 0 <= (top + bottom) / 2 < height
        around = np.zeros(still.image.shape[:2], np.uint8)
        cv2.fillConvexPoly(around, np.int32([corners]), 1)
        assert still.image[around > 0].std() > 3  # there is ink in it


def test_places_lie_around_what_is_written(hand: Hand) -> None:
    """On a screen, which shows nothing else."""
    still = stills.screen(np.random.default_rng(1), hand)
    paper = np.median(still.image)
    written = np.abs(still.image.astype(float) - paper).max(axis=2) > 60
    for corners in still.places:
        cv2.fillConvexPoly(written.view(np.uint8), np.int32([corners]), 0)
    assert not written.any()
