from pathlib import Path

import cv2

from scripts import pictures


def test_the_picture_of_the_readme_is_drawn_from_the_demo(tmp_path: Path) -> None:
    pictures.main([str(tmp_path)])
    drawn = cv2.imread(str(tmp_path / "overlay.jpg"))
    kept = cv2.imread(str(pictures.DOCS / "overlay.jpg"))
    assert drawn.shape == kept.shape
    # A new model or a new look: `python -m scripts.pictures`.
    assert cv2.absdiff(drawn, kept).mean() < 3
