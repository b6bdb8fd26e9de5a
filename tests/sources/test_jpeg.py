import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.sources.base import CorruptFrameError
from camd.sources.jpeg import Jpeg, claimed_size
from tests.sources.pictures import grey

REAL = cv2.imencode(".jpg", grey(90))[1].tobytes()


def sof(width: int, height: int, marker: int = 0xC0) -> bytes:
    part = b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    return bytes((0xFF, marker)) + struct.pack(">H", 2 + len(part)) + part


segments = st.builds(
    lambda marker, said, payload: (
        bytes((0xFF, marker))
        + struct.pack(">H", len(payload) + 2 if said is None else said)
        + payload
    ),
    st.integers(0x01, 0xFE),
    st.none() | st.integers(0, 40),
    st.binary(max_size=20) | st.just(sof(9, 9)),
)
pieces = st.one_of(
    segments,
    st.sampled_from(
        [b"\xff", b"\xff\xff", b"\xff\x00", b"\xff\x01", b"\xff\xd0", b"\xff\xd7", b"x"]
    ),
    st.builds(sof, st.integers(1, 99), st.integers(1, 99), st.integers(0xC0, 0xCF)),
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=8))
def test_the_size_is_the_one_that_the_decoder_finds(before: list[bytes]) -> None:
    data = b"\xff\xd8" + b"".join(before) + REAL[2:]
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is not None:
        assert claimed_size(data) == image.shape[::-1]


@pytest.mark.parametrize("before", [b"\xff\x01", b"\xff\xd0", b"\xff\xff\xff", b"junk"])
def test_what_has_no_length_hides_no_size(before: bytes) -> None:
    """Taken for segments these lead past the real size, to the small one in a comment."""
    comment = b"\xff\xfe" + struct.pack(">H", 40) + sof(64, 48).ljust(38, b"\xff")
    assert claimed_size(b"\xff\xd8" + before + sof(30_000, 30_000) + comment) == (30_000, 30_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        REAL[:100],
        REAL[:2] + sof(30_000, 30_000) + REAL[2:],
        REAL[:2] + b"\xff\xd0" + sof(30_000, 30_000) + REAL[2:],
    ],
    ids=["empty", "text", "cut short", "huge", "hidden"],
)
def test_what_is_no_frame_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFrameError):
        Jpeg(np.frombuffer(data, np.uint8)).grey()


def test_grey_and_colour_are_of_one_size() -> None:
    frame = Jpeg(np.frombuffer(REAL, np.uint8))
    assert frame.grey().shape == (48, 64)
    assert frame.colour().shape == (48, 64, 3)
