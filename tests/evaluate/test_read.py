"""What `camd read` prints: of files of several pages, and of any name."""

import json
import tempfile
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from camd.config.settings import Settings
from camd.evaluate.read import read_images
from testing.pages import page
from testing.process import camd
from testing.segments import display
from tests.names import few, file_names, printed, written
from tests.sheets import paper, write
from tests.sources.pictures import animation, clip, grey

TEXTS = ("3 2 5", "8", "6 0")


def document(path: Path) -> Path:
    first, *others = (Pillow.fromarray(page(text)[:, :, ::-1].copy()) for text in TEXTS)
    first.save(path, save_all=True, append_images=others)
    return path


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".webp"])
def test_every_page_is_a_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pages{suffix}"
    if suffix == ".tif":
        document(path)
    else:
        animation(path, [page(text) for text in TEXTS], [500] * 3)
    done = camd("read", "--json", path, home=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["image"], row["page"], row["pages"]) for row in rows] == [
        (str(path), number, 3) for number in (1, 2, 3)
    ]
    assert ["".join(row["lines"]).replace(" ", "") for row in rows] == ["325", "8", "60"]


def test_people_see_which_page_it_is(tmp_path: Path) -> None:
    done = camd("read", document(tmp_path / "p.tif"), home=tmp_path)
    assert [line for line in done.stdout.splitlines() if "page" in line] == [
        f"{tmp_path / 'p.tif'}, page {number} of 3" for number in (1, 2, 3)
    ]


def test_the_pages_before_a_damaged_one_are_printed_and_the_next_file_too(tmp_path: Path) -> None:
    torn = document(tmp_path / "torn.tif")
    torn.write_bytes(torn.read_bytes()[:-2000])
    whole = document(tmp_path / "whole.tif")
    done = camd("read", "--json", torn, whole, home=tmp_path)
    assert done.returncode == 66
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row.get("page") for row in rows] == [1, 2, None, 1, 2, 3]
    assert "torn.tif, page 3: a TIFF picture, but damaged" in rows[2]["error"]


def test_what_is_no_picture_is_called_what_it_is(tmp_path: Path) -> None:
    heic = tmp_path / "photo.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic" + bytes(400))
    film = clip(tmp_path / "film.mp4", [grey(9)] * 3, "mp4v")
    done = camd("read", heic, film, home=tmp_path)
    assert done.returncode == 66
    assert "photo.heic: a HEIC picture" in done.stderr
    assert f"an MP4 video, no picture; camd run --device {film}" in done.stderr


SHEET = cv2.imencode(".png", write(paper(240, 120), "7", (90, 90)))[1].tobytes()


@few
@given(st.lists(file_names, min_size=2, max_size=4, unique=True))
def test_no_name_is_taken_for_markup(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.png") for name in names]
        for path in paths:
            path.write_bytes(SHEET)
        said = printed(lambda: read_images(paths, Settings(), as_json=False))
        rows = printed(lambda: read_images(paths, Settings(), as_json=True))
    assert said.splitlines()[::2] == [written(path) for path in paths]
    assert [json.loads(row)["image"] for row in rows.rstrip("\n").split("\n")] == [
        str(path) for path in paths
    ]


def test_the_decimal_point_of_a_display_is_read(tmp_path: Path) -> None:
    config = tmp_path / "camd.toml"
    config.write_text(
        '[[region]]\nname = "volts"\ndisplay = "segments"\ndecimals = "read"\n'
        "polygon = [[0.06, 0.15], [0.95, 0.15], [0.95, 0.85], [0.06, 0.85]]\n"
    )
    files = []
    for text in ("29.75", "2975"):
        files.append(tmp_path / f"{text}.png")
        cv2.imwrite(str(files[-1]), display(text, 70, ink=50, ground=150))
    done = camd("read", "--json", "--config", config, *files, home=tmp_path)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line)["regions"][0] for line in done.stdout.splitlines()]
    assert [(one["text"], one["value"]) for one in said] == [("2975", 29.75), ("2975", 2975)]
    shown = camd("read", "--config", config, *files, home=tmp_path)
    assert "volts  29.75" in shown.stdout
