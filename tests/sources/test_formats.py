from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.sources import formats


def box(brand: bytes, *compatible: bytes) -> bytes:
    brands = brand + bytes(4) + b"".join(compatible)
    return (8 + len(brands)).to_bytes(4) + b"ftyp" + brands + b"moov" * 9


@pytest.mark.parametrize(
    ("head", "kind", "name"),
    [
        (box(b"heic", b"mif1", b"heic"), "picture", "HEIC"),
        (box(b"mif1", b"heic", b"mif1"), "picture", "HEIC"),
        (box(b"avif", b"mif1", b"avif"), "picture", "AVIF"),
        (box(b"mif1", b"avif"), "picture", "AVIF"),
        (box(b"avis", b"msf1", b"iso8"), "picture", "AVIF"),
        (box(b"isom", b"iso2", b"av01", b"mp41"), "video", "MP4"),
        (box(b"qt  "), "video", "QuickTime"),
        (box(b"M4A "), "other", "sound"),
        (b"\0\0\x10\0moov" + bytes(60), "video", "QuickTime"),
        (b"\xff\x0a" + bytes(60), "picture", "JPEG XL"),
        (b"\xff\xd8\xff\xe1" + bytes(60), "picture", "JPEG picture"),
        (b"\x1aE\xdf\xa3" + bytes(60), "video", "Matroska"),
        (b"%PDF-1.7\n", "picture", "PDF"),
        (b"PK\x03\x04" + bytes(60), "other", "ZIP"),
        (b"\n<!DOCTYPE HTML>", "other", "web page"),
    ],
)
def test_files_are_told_by_their_first_bytes(head: bytes, kind: str, name: str) -> None:
    found = formats.recognise(head[: formats.HEAD])
    assert found is not None
    assert found.kind == kind
    assert name in found.name


@pytest.mark.parametrize("head", [b"", b"seven eight nine", bytes(64), b"\0\0\0\x08ftyp"])
def test_what_is_not_known_is_not_guessed(head: bytes) -> None:
    assert formats.recognise(head) is None


@settings(deadline=None)
@given(st.binary(max_size=80), st.sampled_from([b"", b"\0\0\0\x18ftyp", b"RIFF", b"BM", b"II*\0"]))
def test_any_bytes_can_be_asked_about(rest: bytes, start: bytes) -> None:
    found = formats.recognise(start + rest)
    assert found is None or found.name


def test_the_advice_can_be_pasted_into_a_shell() -> None:
    heic = formats.recognise(box(b"heic"))
    assert heic is not None
    assert heic.advice(Path("my photo.heic")).endswith("'my photo.heic' 'my photo.heic.jpg'")
