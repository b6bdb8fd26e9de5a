"""camd learn, as a command."""

from pathlib import Path

import cv2
import numpy as np

from testing.process import camd


def test_without_labels_it_says_what_to_do(tmp_path: Path) -> None:
    done = camd("learn", "--name", "desk", home=tmp_path)
    assert done.returncode == 65
    assert "0 labelled crops in" in done.stderr
    assert "desk.crops.sqlite" in done.stderr
    assert "learn.keep = true" in done.stderr


def test_what_was_never_learnt_is_not_taken_back(tmp_path: Path) -> None:
    done = camd("learn", "--undo", home=tmp_path)
    assert done.returncode == 1
    assert "nothing was learnt" in done.stderr


def test_folders_of_images_are_learnt_from_as_well(tmp_path: Path) -> None:
    for name in ("4", "none"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(3):
            image = np.full((28, 28), 40 * number, np.uint8)
            cv2.imwrite(str(tmp_path / "own" / name / f"{number}.png"), image)
    done = camd("learn", "--extra", "own", home=tmp_path)
    assert done.returncode == 65
    assert "6 labelled crops of 3 different marks are too few" in done.stderr
