import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.errors import SourceError
from camd.sources import CorruptFrameError, EndOfStreamError, read_image
from camd.sources.images import Images
from tests.sources.pictures import grey, write

TURNED = 6  # EXIF orientation: the top of the scene is at the right of what is stored


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(cv2.imencode(".jpg", grey(9))[1].tobytes())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return with_orientation(bytes(data), 1)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (np.full((20, 30), 99, np.uint8), 99),
        (np.full((20, 30), 99 * 257, np.uint16), 99),
        (np.full((20, 30, 3), 99 * 257, np.uint16), 99),
        (np.dstack([np.full((20, 30, 3), 99, np.uint8), np.full((20, 30), 255, np.uint8)]), 99),
    ],
    ids=["grey", "16-bit grey", "16-bit colour", "alpha"],
)
def test_every_picture_becomes_bgr(tmp_path: Path, picture: np.ndarray, expected: int) -> None:
    image = read_image(write(tmp_path / "p.png", picture))
    assert image.shape == (20, 30, 3)
    assert image.dtype == np.uint8
    assert np.all(image == expected)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_black_ink_on_nothing_is_black_on_white(tmp_path: Path, depth: type) -> None:
    layers = np.zeros((20, 30, 4), depth)
    layers[5:10, 5:10, 3] = np.iinfo(depth).max
    image = read_image(write(tmp_path / "ink.png", layers))
    assert np.all(image[5:10, 5:10] == 0)
    assert np.all(image[12:] == 255)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".tif", ".webp", ".jp2"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    image = read_image(write(tmp_path / f"p{suffix}", grey(120)))
    assert image.shape == (48, 64, 3)
    assert image.mean() == pytest.approx(120, abs=2)


def test_photos_are_turned_as_their_exif_says(tmp_path: Path) -> None:
    stored = grey(20)
    stored[:, 32:] = 220
    path = tmp_path / "photo.jpg"
    path.write_bytes(with_orientation(cv2.imencode(".jpg", stored)[1].tobytes(), TURNED))
    image = read_image(path)
    assert image.shape == (64, 48, 3)
    assert image[:20].mean() < 60
    assert image[-20:].mean() > 180


def test_twelve_megapixels_are_read(tmp_path: Path) -> None:
    assert read_image(write(tmp_path / "p.jpg", grey(50, 4000, 3000))).shape == (3000, 4000, 3)


def test_one_pixel_is_read(tmp_path: Path) -> None:
    assert read_image(write(tmp_path / "p.png", grey(50, 1, 1))).shape == (1, 1, 3)


def test_any_script_in_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "café 数字"
    folder.mkdir()
    assert read_image(write(folder / "семь.png", grey(50))).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"seven eight nine " * 50, "no picture"),
        (cv2.imencode(".jpg", grey(9))[1].tobytes()[:200], "no picture"),
        (png_claiming(60_000, 60_000), "60000x60000"),
        (jpeg_claiming(65_000, 65_000), "65000x65000"),
        (b"\xff\xd8\xff\xff\xff", "no picture"),
    ],
    ids=["empty", "text", "cut short", "huge png", "huge jpeg", "no size"],
)
def test_what_is_no_picture(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "p.jpg"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=says) as caught:
        read_image(path)
    assert caught.value.reason == "unreadable"
    assert str(path) in str(caught.value)


def test_what_is_not_there_and_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        read_image(tmp_path / "none.jpg")
    assert caught.value.reason == "missing"
    with pytest.raises(SourceError, match="not a file"):
        read_image(tmp_path)


def test_a_folder_is_read_in_natural_order_and_only_its_pictures(tmp_path: Path) -> None:
    for value, name in enumerate(["img1.png", "img2.png", "IMG10.PNG", "img010b.png"], start=1):
        (tmp_path / name).write_bytes(cv2.imencode(".png", grey(value))[1].tobytes())
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "._img1.png").write_bytes(b"resource fork")
    (tmp_path / "deeper.png").mkdir()
    source = Images(tmp_path)
    assert source.open().detail == "4 pictures"
    read = [(int(source.read()[0, 0, 0]), Path(source.label()).name) for _ in range(4)]
    assert read == [(1, "img1.png"), (2, "img2.png"), (3, "IMG10.PNG"), (4, "img010b.png")]


def test_a_bad_picture_in_a_folder_does_not_end_it(tmp_path: Path) -> None:
    write(tmp_path / "1.png", grey(10))
    (tmp_path / "2.png").write_text("text")
    write(tmp_path / "3.png", grey(30))
    source = Images(tmp_path)
    source.open()
    assert source.read().mean() == 10
    with pytest.raises(CorruptFrameError, match=r"2\.png"):
        source.read()
    assert source.read().mean() == 30
    with pytest.raises(EndOfStreamError):
        source.read()


def test_a_bad_picture_alone_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    path.write_text("text")
    source = Images(path)
    source.open()
    with pytest.raises(SourceError) as caught:
        source.read()
    assert caught.value.reason == "unreadable"


def test_a_folder_without_pictures_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected jpg") as caught:
        Images(tmp_path).open()
    assert caught.value.reason == "missing"
