"""Faults that people met in programs of this kind, each as the command that showed it in camd.

Only files are needed here; what needs a server, a broker or another user is tested beside those.
"""

import codecs
import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image as Pillow

from testing.pages import page
from testing.process import camd
from tests.sources.pictures import av1

SIDEWAYS = 6
"""EXIF: turn it clockwise to see it upright."""


def picture(text: str = "3 2 5") -> Pillow.Image:
    return Pillow.fromarray(page(text))


def whole(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    picture().save(path)


def sideways(path: Path) -> None:
    """As a phone stores it: turned, with the way back in its EXIF."""
    exif = Pillow.Exif()
    exif[0x0112] = SIDEWAYS
    mode = "RGBA" if "alpha" in path.name else "RGB"
    picture().transpose(Pillow.Transpose.ROTATE_90).convert(mode).save(path, exif=exif)


def pages(path: Path) -> None:
    picture().save(path, save_all=True, append_images=[picture("8"), picture("6 0")])


PICTURES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "opaque.png": (sideways, ["325"]),
    "alpha.png": (sideways, ["325"]),
    "sideways.avif": (sideways, ["325"]),
    "sideways.webp": (sideways, ["325"]),
    "three.tif": (pages, ["325", "8", "60"]),
    "[old] meter.png": (whole, ["325"]),
    ":smile:.png": (whole, ["325"]),
    "scan[/1].png": (whole, ["325"]),
}


def test_every_picture_is_read_upright_to_its_last_page_and_named_as_it_is(tmp_path: Path) -> None:
    for name, (make, _) in PICTURES.items():
        make(tmp_path / name)
    done = camd("read", "--json", *PICTURES, home=tmp_path)
    assert done.returncode == 0, done.stderr
    read: dict[str, list[str]] = {}
    for row in map(json.loads, done.stdout.splitlines()):
        read.setdefault(row["image"], []).append("".join(row["lines"]).replace(" ", ""))
    assert read == {name: expected for name, (_, expected) in PICTURES.items()}
    told = camd("read", *PICTURES, home=tmp_path)
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    for name in PICTURES:
        assert any(line.startswith(name) for line in lines), told.stdout


def test_a_configuration_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes(codecs.BOM_UTF8 + b"[camera]\nfps = 15\n")
    done = camd("config", "check", "c.toml", home=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "the configuration is right"), done.stderr


def test_a_meter_has_a_unit_and_a_device_class(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        '[[region]]\nname = "w"\npolygon = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]\n'
        'unit = "m³"\ndevice_class = "water"\n'
    )
    done = camd("config", "check", "c.toml", home=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, "the configuration is right"), done.stderr


def test_a_film_of_a_codec_that_is_missing_is_named(tmp_path: Path) -> None:
    av1(tmp_path / "film.mp4")
    arguments = ("--device", "film.mp4", "--broker", "none", "--no-window")
    done = camd("run", *arguments, home=tmp_path)
    assert done.returncode == 66, done.stderr
    assert "its codec is AV1" in done.stderr
    assert "ffmpeg -i film.mp4" in done.stderr
