"""The real command on images that it can and cannot read."""

import json
import tempfile
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from camd.config.settings import Settings
from camd.evaluate.images import evaluate
from camd.stdio import printable
from testing.process import camd
from tests.names import few, file_names, printed, texts
from tests.sheets import paper, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "photos"
    images.mkdir()
    cv2.imwrite(str(images / "right.png"), write(paper(), "325", (60, 240)))
    cv2.imwrite(str(images / "false.png"), write(paper(), "325", (60, 240)))
    cv2.imwrite(str(images / "empty.png"), paper())
    label(images, {"right.png": ["325"], "false.png": [], "empty.png": []})
    return images


def label(folder: Path, digits: dict[str, list[str]]) -> None:
    entries = [{"file": file, "digits": lines, "kind": "photo"} for file, lines in digits.items()]
    (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")


def test_figures_and_the_worst_on_one_picture(tmp_path: Path, folder: Path) -> None:
    sheet = tmp_path / "worst.jpg"
    done = camd("eval", folder, "--sheet", sheet, home=tmp_path)
    assert done.returncode == 0
    assert "false.png: 0 missed, 3 false" in done.stdout
    assert "right.png" not in done.stdout
    figures = next(row for row in done.stdout.splitlines() if "1 with digits" in row)
    assert figures.count("1.000") == 3
    assert "to be expected" in done.stdout
    picture = cv2.imread(str(sheet))
    assert picture is not None
    assert picture.shape[1] < 700  # one tile


def test_an_image_that_cannot_be_read_counts_as_empty(tmp_path: Path, folder: Path) -> None:
    (folder / "torn.png").write_bytes(b"\x89PNG")
    label(folder, {"right.png": ["325"], "torn.png": ["1"]})
    done = camd("eval", folder, "--no-sheet", home=tmp_path)
    assert done.returncode == 66
    assert "torn.png" in done.stderr
    assert "torn.png: 1 missed, 0 false" in done.stdout
    assert not list(tmp_path.glob("*.jpg"))


def test_a_sheet_replaces_a_link_and_follows_none(tmp_path: Path, folder: Path) -> None:
    victim, sheet = tmp_path / "victim", tmp_path / "camd-eval.jpg"
    victim.write_text("precious")
    sheet.symlink_to(victim)
    assert camd("eval", folder, home=tmp_path).returncode == 0
    assert victim.read_text() == "precious"
    assert cv2.imread(str(sheet)) is not None


def test_a_sheet_that_cannot_be_written_is_said_in_one_line(tmp_path: Path, folder: Path) -> None:
    done = camd("eval", folder, "--sheet", tmp_path / "nowhere" / "a.jpg", home=tmp_path)
    assert done.returncode == 65
    assert "nowhere" in done.stderr
    assert "--sheet" in done.stderr
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr


def test_pages_that_are_left_out_are_said(tmp_path: Path, folder: Path) -> None:
    first, second = (Pillow.fromarray(write(paper(), text, (60, 240))) for text in ("325", "4"))
    first.save(folder / "pages.tif", save_all=True, append_images=[second])
    label(folder, {"pages.tif": ["325"]})
    for command in (
        ["eval", "--sheet", tmp_path / "a.jpg"],
        ["calibrate", "--max-error", "20%", "--dry-run"],
    ):
        done = camd(*command, folder, home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("pages.tif: only the first of its 2 pages is read") == 1


@few
@given(st.lists(st.tuples(file_names, texts), min_size=3, max_size=5, unique_by=lambda one: one[0]))
def test_no_name_or_kind_is_taken_for_markup(named: list[tuple[str, str]]) -> None:
    entries = [{"file": f"{name}.png", "digits": ["7"], "kind": kind} for name, kind in named]
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        for entry in entries:
            cv2.imwrite(str(folder / "blank.png"), paper(60, 40))
            (folder / "blank.png").rename(folder / str(entry["file"]))
        (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
        said = printed(lambda: evaluate(folder, Settings(), None))
    for name, _ in named:
        assert f"  {printable(name)}.png: 1 missed, 0 false\n" in said
