from pathlib import Path

import pytest
from PIL import Image as Pillow

from camd.errors import SourceError
from camd.sources import CorruptFrameError, EndOfStreamError
from camd.sources.images import Images
from camd.sources.picture import MAX_BYTES
from tests.sources.pictures import animation, grey, write


def test_a_folder_is_read_in_natural_order_and_only_its_pictures(tmp_path: Path) -> None:
    for value, name in enumerate(["img1.png", "img2.png", "IMG10.PNG", "img010b.png"], start=1):
        write(tmp_path / "p.png", grey(value)).rename(tmp_path / name)
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "._img1.png").write_bytes(b"resource fork")
    (tmp_path / "deeper.png").mkdir()
    source = Images(tmp_path)
    assert source.open().detail == "4 picture files"
    read = [(int(source.read()[0, 0, 0]), Path(source.label()).name) for _ in range(4)]
    assert read == [(1, "img1.png"), (2, "img2.png"), (3, "IMG10.PNG"), (4, "img010b.png")]


def test_what_cannot_be_read_in_a_folder_is_said_and_does_not_end_it(tmp_path: Path) -> None:
    write(tmp_path / "1.png", grey(10))
    (tmp_path / "2.png").write_text("text")
    (tmp_path / "3.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    with write(tmp_path / "4.png", grey(20)).open("r+b") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    write(tmp_path / "5.png", grey(30))
    source = Images(tmp_path)
    source.open()
    assert source.read().mean() == 10
    for says in (r"2\.png: no picture", r"3\.heic: a HEIC picture", r"4\.png: 500 MB"):
        with pytest.raises(CorruptFrameError, match=says):
            source.read()
    assert source.read().mean() == 30
    with pytest.raises(EndOfStreamError):
        source.read()


def test_a_folder_of_which_nothing_can_be_read_does_not_end_well(tmp_path: Path) -> None:
    for name in ("1.png", "2.heic"):
        (tmp_path / name).write_text("text")
    source = Images(tmp_path)
    source.open()
    for _ in range(2):
        with pytest.raises(CorruptFrameError):
            source.read()
    with pytest.raises(SourceError, match="none of its pictures") as caught:
        source.read()
    assert caught.value.reason == "unreadable"


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


def test_the_pages_of_the_files_in_a_folder_follow_each_other(tmp_path: Path) -> None:
    animation(tmp_path / "1.gif", [grey(10), grey(20)], (100, 100))
    first, second = (Pillow.new("L", (64, 48), value) for value in (30, 40))
    first.save(tmp_path / "2.tif", save_all=True, append_images=[second])
    write(tmp_path / "3.png", grey(50))
    source = Images(tmp_path)
    source.open()
    read = [(int(source.read()[0, 0, 0]), Path(source.label()).name, source.time) for _ in range(5)]
    assert read == [
        (10, "1.gif, page 1 of 2", None),
        (20, "1.gif, page 2 of 2", None),
        (30, "2.tif, page 1 of 2", None),
        (40, "2.tif, page 2 of 2", None),
        (50, "3.png", None),
    ]
    assert not source.animated


def test_an_animation_has_times_of_its_own(tmp_path: Path) -> None:
    source = Images(animation(tmp_path / "a.webp", [grey(g) for g in (9, 99, 199)], (100, 900, 50)))
    source.open()
    times = []
    for _ in range(3):
        source.read()
        times.append(source.time)
    assert times == [0, 0.1, 1.0]
    assert source.animated
    with pytest.raises(EndOfStreamError):
        source.read()
