"""Files as cameras, scanners and programs write them; Pillow writes those that OpenCV cannot."""

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from camd.errors import SourceError
from camd.sources.picture import MAX_BYTES, first_page, is_animated, read_pages
from camd.values import Image
from tests.sources.pictures import animation, grey, write


def scene(mode: str = "RGB") -> Pillow.Image:
    """Three corners of their own, so that none of its eight positions looks like another."""
    pixels = np.full((32, 48, 3), 255, np.uint8)
    pixels[:10, :16], pixels[-10:, :16], pixels[:10, -16:] = (200, 0, 0), 0, (0, 0, 200)
    rgb = Pillow.fromarray(pixels)
    if mode == "P":
        return rgb.quantize(16)
    if mode == "I;16":
        return Pillow.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    if mode in ("RGBA", "LA"):
        image = rgb.convert(mode)
        image.putalpha(Pillow.fromarray(np.where(pixels.min(2) == 255, 0, 255).astype(np.uint8)))
        return image
    return rgb.convert(mode)


def shown(image: Pillow.Image) -> Image:
    """What a viewer makes of it: BGR, nothing but white where it is transparent."""
    if image.mode == "I;16":
        image = Pillow.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    layers = image.convert("RGBA")
    paper = Pillow.new("RGBA", image.size, "white")
    return np.asarray(Pillow.alpha_composite(paper, layers).convert("RGB"))[:, :, ::-1]


pytestmark = pytest.mark.filterwarnings("ignore:::PIL")

STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT),
    3: lambda upright: upright.transpose(Pillow.Transpose.ROTATE_180),
    4: lambda upright: upright.transpose(Pillow.Transpose.FLIP_TOP_BOTTOM),
    5: lambda upright: upright.transpose(Pillow.Transpose.TRANSPOSE),
    6: lambda upright: upright.transpose(Pillow.Transpose.ROTATE_90),
    7: lambda upright: upright.transpose(Pillow.Transpose.TRANSVERSE),
    8: lambda upright: upright.transpose(Pillow.Transpose.ROTATE_270),
}
"""What a camera stores, by the EXIF orientation that it writes beside it."""

KINDS = [
    *(("png", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("jpg", mode) for mode in ("L", "RGB", "CMYK")),
    *(("webp", mode) for mode in ("RGB", "RGBA")),
    *(("avif", mode) for mode in ("RGB", "RGBA")),
    *(("tif", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")),
]


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(("suffix", "mode"), KINDS, ids=lambda value: value)
def test_every_picture_is_upright(tmp_path: Path, suffix: str, mode: str, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"p.{suffix}"
    how = {"webp": {"lossless": True, "exact": True}, "jpg": {"quality": 95}}.get(suffix, {})
    STORED[orientation](scene(mode)).save(path, exif=exif, **how)
    image = first_page(path).image
    upright = shown(scene(mode))
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < (8 if suffix in ("jpg", "avif") else 1)


def test_a_png_that_tells_its_orientation_at_the_end_is_upright(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    plain, file = io.BytesIO(), io.BytesIO()
    STORED[6](scene("RGBA")).save(plain, "png")
    data = plain.getvalue()
    chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    end = data.rindex(b"IEND") - 4
    file.write(data[:end] + chunk + data[end:])
    path = tmp_path / "p.png"
    path.write_bytes(file.getvalue())
    assert np.array_equal(first_page(path).image, shown(scene("RGBA")))


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
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_every_picture_becomes_bgr(
    tmp_path: Path, picture: np.ndarray, expected: int, suffix: str
) -> None:
    image = first_page(write(tmp_path / f"p{suffix}", picture)).image
    assert image.shape == (20, 30, 3)
    assert image.dtype == np.uint8
    assert np.all(image == expected)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_black_ink_on_nothing_is_black_on_white(tmp_path: Path, depth: type) -> None:
    layers = np.zeros((20, 30, 4), depth)
    layers[5:10, 5:10, 3] = np.iinfo(depth).max
    image = first_page(write(tmp_path / "ink.png", layers)).image
    assert np.all(image[5:10, 5:10] == 0)
    assert np.all(image[12:] == 255)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".tif", ".webp", ".jp2", ".gif", ".ppm"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    page = first_page(write(tmp_path / f"p{suffix}", grey(120)))
    assert page.image.shape == (48, 64, 3)
    assert page.image.mean() == pytest.approx(120, abs=2)
    assert (page.number, page.count, page.time) == (1, 1, None)


def test_twelve_megapixels_are_read(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (3000, 4000, 3), np.uint8)
    assert np.array_equal(first_page(write(tmp_path / "p.bmp", picture)).image, picture)


def test_one_pixel_is_read(tmp_path: Path) -> None:
    assert first_page(write(tmp_path / "p.png", grey(50, 1, 1))).image.shape == (1, 1, 3)


def test_any_script_in_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "café 数字"
    folder.mkdir()
    assert first_page(write(folder / "семь.png", grey(50))).image.shape == (48, 64, 3)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_every_frame_of_an_animation_is_read_with_its_time(tmp_path: Path, suffix: str) -> None:
    path = animation(tmp_path / f"a{suffix}", [grey(g) for g in (20, 90, 160)], (100, 700, 40))
    pages = list(read_pages(path))
    assert [page.image.mean() for page in pages] == pytest.approx([20, 90, 160], abs=2)
    assert [page.time for page in pages] == pytest.approx([0, 0.1, 0.8])
    assert [(page.number, page.count) for page in pages] == [(1, 3), (2, 3), (3, 3)]
    assert is_animated(path)
    assert first_page(path).left_out == "only the first of its 3 pages is read"


def test_frames_without_a_time_are_as_far_apart_as_browsers_show_them(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.gif", [grey(g) for g in (20, 90, 160)], (0, 10, 0))
    assert [page.time for page in read_pages(path)] == pytest.approx([0, 0.1, 0.2])


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_a_frame_of_an_animation_lies_over_those_before_it(tmp_path: Path, suffix: str) -> None:
    """Such files hold only what changes from frame to frame."""
    pictures = [grey(255) for _ in range(3)]
    pictures[1][10:20, 10:20] = 0
    pictures[2][30:40, 30:40] = 0
    path = animation(tmp_path / f"a{suffix}", pictures, (100, 100, 100))
    read = [page.image for page in read_pages(path)]
    assert [picture.shape for picture in read] == [(48, 64, 3)] * 3
    for picture, image in zip(pictures, read, strict=True):
        assert np.abs(picture.astype(int) - image).mean() < 1


def tiff(path: Path, pages: Sequence[Pillow.Image], **tags: object) -> Path:
    pages[0].save(path, save_all=True, append_images=list(pages[1:]), **tags)
    return path


def test_every_page_of_a_tiff_is_read(tmp_path: Path) -> None:
    sizes = [(64, 48), (48, 64), (10, 10)]
    path = tiff(tmp_path / "p.tif", [Pillow.new("L", size, size[0]) for size in sizes])
    pages = list(read_pages(path))
    assert [page.image.shape[1::-1] for page in pages] == sizes
    assert [page.image[0, 0, 0] for page in pages] == [w for w, _ in sizes]
    assert [page.time for page in pages] == [None] * 3
    assert not is_animated(path)


def test_smaller_copies_in_a_tiff_are_no_pages(tmp_path: Path) -> None:
    pages = [Pillow.new("L", (64, 48), 50), Pillow.new("L", (32, 24), 50)]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    path = tiff(tmp_path / "pyramid.tif", pages)
    assert [page.image.shape[1] for page in read_pages(path)] == [64]


def test_a_raw_file_is_not_read_by_its_preview(tmp_path: Path) -> None:
    path = tmp_path / "raw.dng"
    Pillow.new("RGB", (32, 24)).save(path, "TIFF", tiffinfo={254: 1})
    with pytest.raises(SourceError, match="preview"):
        first_page(path)


def test_previews_behind_a_photo_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    photo, preview = Pillow.new("RGB", (64, 48), "white"), Pillow.new("RGB", (32, 24))
    photo.save(path, "MPO", save_all=True, append_images=[preview])
    assert [page.image.shape for page in read_pages(path)] == [(48, 64, 3)]


def test_the_pages_before_a_damaged_one_are_read(tmp_path: Path) -> None:
    path = tiff(tmp_path / "p.tif", [Pillow.new("L", (64, 48), g) for g in (1, 2, 3)])
    with Pillow.open(path) as whole:
        second = whole.tag_v2.next
    data = bytearray(path.read_bytes())
    compression = data.index(struct.pack("<HH", 259, 3), second)
    struct.pack_into("<H", data, compression + 8, 999)
    path.write_bytes(data)
    pages = read_pages(path)
    assert next(pages).image[0, 0, 0] == 1
    with pytest.raises(SourceError, match=r"p\.tif, page 2: a TIFF picture, but damaged"):
        next(pages)


# What a file claims to be as large as. Each gives the first bytes of its format, and no more.


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + rows + chunk(b"IEND", b"")


def patched(suffix: str, find: bytes, skip: int, layout: str) -> Callable[[int, int], bytes]:
    """Make a small picture, and write other sizes over its own."""

    def claim(width: int, height: int) -> bytes:
        file = io.BytesIO()
        Pillow.new("RGB", (64, 48)).save(file, suffix)
        data = bytearray(file.getvalue())
        sizes = (height, width) if suffix == "JPEG" else (width, height)
        at = data.index(find) + skip
        struct.pack_into(layout, data, at, *sizes)
        return bytes(data)

    return claim


def tiff_claim(width: int, height: int) -> bytes:
    tags = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, height)]
    tags += [(279, 3072)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4000)


def webp_claim(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("RGBA", (64, 48)).save(file, "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    data = bytearray(file.getvalue())
    at = data.index(b"VP8X") + 12
    data[at : at + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


CLAIMS = {
    "png": png,
    "jpg": patched("JPEG", b"\xff\xc0", 5, ">HH"),
    "gif": patched("GIF", b"GIF8", 6, "<HH"),
    "bmp": patched("BMP", b"BM", 18, "<ii"),
    "ppm": lambda width, height: b"P6 %d %d 255\n" % (width, height) + bytes(99),
    "tif": tiff_claim,
    "webp": webp_claim,
    "avif": patched("AVIF", b"ispe", 8, ">II"),
    "jp2": patched("JPEG2000", b"\xff\x51", 6, ">II"),
}


@pytest.mark.parametrize("suffix", CLAIMS)
@pytest.mark.parametrize("size", [(20_000, 20_000), (16_000, 6_251), (9, 12_000_000)])
def test_a_picture_that_claims_too_much_is_refused(
    tmp_path: Path, suffix: str, size: tuple[int, int]
) -> None:
    if max(size) > 65_535 and suffix in ("jpg", "gif"):
        size = (65_535, 1_600)
    path = tmp_path / f"p.{suffix}"
    path.write_bytes(CLAIMS[suffix](*size))
    with pytest.raises(SourceError) as caught:
        first_page(path)
    assert caught.value.reason == "unreadable"
    # OpenJPEG finds the parts of one picture at odds before anybody asks for its size.
    assert "100 megapixels" in str(caught.value) or suffix in ("jp2", "avif")


def test_the_size_of_a_jpeg_can_stand_behind_a_megabyte(tmp_path: Path) -> None:
    data = CLAIMS["jpg"](30_000, 30_000)
    path = tmp_path / "p.jpg"
    path.write_bytes(data[:2] + (b"\xff\xe4\xff\xff" + bytes(0xFFFD)) * 20 + data[2:])
    with pytest.raises(SourceError, match="100 megapixels"):
        first_page(path)


def test_a_later_page_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    small, large = tiff_claim(64, 48), tiff_claim(20_000, 20_000)
    path = tmp_path / "p.tif"
    after = 8 + 2 + 8 * 12  # the first page's tags: here stands where the next ones are
    second = large[8:]
    path.write_bytes(small[:after] + struct.pack("<I", len(small)) + small[after + 4 :] + second)
    pages = read_pages(path)
    assert next(pages).image.shape == (48, 64, 3)
    with pytest.raises(SourceError, match=r"page 2: larger than 100 megapixels"):
        next(pages)


TAKES = """
import resource, sys
from pathlib import Path
from camd.errors import SourceError
from camd.sources.picture import first_page

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

first_page(Path(sys.argv[1]))
before = peak_mib()
for name in sys.argv[2:]:
    try:
        first_page(Path(name))
    except SourceError:
        print(name, peak_mib() - before)
"""


def test_what_is_refused_takes_no_memory(tmp_path: Path) -> None:
    """Hardly a MiB, where the picture would take gigabytes. A JPEG's size also stands behind what
    some readers of headers stumble over."""
    names = [write(tmp_path / "good.avif", grey(1))]
    for suffix, claim in CLAIMS.items():
        names.append(tmp_path / f"bad.{suffix}")
        names[-1].write_bytes(claim(30_000, 30_000))
    data = CLAIMS["jpg"](30_000, 30_000)
    for number, before in enumerate([b"\xff\x01", b"\xff\xd0", b"\xff" * 9, b"junk"]):
        names.append(tmp_path / f"bad{number}.jpg")
        names[-1].write_bytes(data[:2] + before + data[2:])
    told = subprocess.run(
        [sys.executable, "-c", TAKES, *names], capture_output=True, text=True, check=True
    )
    taken = {name: int(mib) for name, mib in map(str.split, told.stdout.splitlines())}
    assert list(taken) == [str(name) for name in names[1:]]
    assert max(taken.values()) < 50, taken


@pytest.mark.parametrize("suffix", CLAIMS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_happened_to_a_file_is_told_in_words(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    whole = CLAIMS[suffix](64, 48)
    changed = bytearray(whole[: data.draw(st.integers(1, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, len(changed) - 1), max_size=6)):
        changed[at] = data.draw(st.integers(0, 255))
    path = tmp_path / f"p.{suffix}"
    path.write_bytes(changed)
    with suppress(SourceError):
        for page in read_pages(path):
            assert page.image.dtype == np.uint8
            assert page.image.shape[2:] == (3,)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".heic"])
def test_a_sparse_file_is_not_read(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / "p.png", grey(1)).rename(tmp_path / f"p{suffix}")
    with path.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SourceError, match="500 MB are the most") as caught:
        first_page(path)
    assert caught.value.reason == "unreadable"


def ftyp(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + bytes(4) + brand + b"mp42" + bytes(200)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"seven eight nine " * 50, "no picture"),
        (cv2.imencode(".jpg", grey(9))[1].tobytes()[:200], "a JPEG picture, but damaged"),
        (b"\xff\xd8\xff\xff\xff", "a JPEG picture, but damaged"),
        (ftyp(b"heic"), r"HEIC.*heif-convert .*p\.jpg"),
        (b"\xff\x0a" + bytes(99), "JPEG XL.*djxl"),
        (b"%PDF-1.4\n" + bytes(99), "PDF document.*pdftoppm"),
        (ftyp(b"isom"), "an MP4 video, no picture; camd run --device"),
        (b"PK\x03\x04" + bytes(99), "a ZIP archive, .*unpack"),
    ],
    ids=["empty", "text", "cut short", "no size", "heic", "jxl", "pdf", "video", "zip"],
)
def test_what_cannot_be_read_is_called_what_it_is(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "p.jpg"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=says) as caught:
        first_page(path)
    assert caught.value.reason == "unreadable"
    assert str(path) in str(caught.value)
    assert not is_animated(path)


def test_what_is_not_there_and_what_is_no_file(tmp_path: Path) -> None:
    for name in ("none.jpg", "a\0b.jpg"):
        with pytest.raises(SourceError) as caught:
            first_page(tmp_path / name)
        assert caught.value.reason == "missing"
    with pytest.raises(SourceError, match="not a file"):
        first_page(tmp_path)


def test_pillow_is_left_out_until_a_file_is_read() -> None:
    code = "import sys, camd.daemon.daemon; print('PIL.Image' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
