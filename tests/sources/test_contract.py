"""What camd/sources/base.py promises, held against every source there is."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import EndOfStreamError, Source, from_uri, v4l2
from camd.sources import demo as demo_module
from camd.sources.camera import Camera
from camd.values import Frame
from tests.sources.pictures import animation, clip, grey, write
from tests.sources.scripted import Scripted
from tests.sources.servers import mjpeg, rtsp, snapshots
from tests.sources.webcam import OFFERS, Webcam, jpeg

GREYS = [10, 60, 110, 160, 210]
SETTINGS = CameraSettings()


@dataclass
class Case:
    make: Callable[[], Source]
    vanish: Callable[[], object] = lambda: None
    """Takes away what `make` made a source of."""
    greys: list[int] | None = None
    """Brightness of the frames, in order; None where a stream is joined anywhere."""
    ends: bool = True
    timed: bool = False
    """Its frames have times of their own."""
    size: tuple[int, int] = (64, 48)


def video(tmp: Path, _: ExitStack) -> Case:
    path = clip(tmp / "clip.avi", [grey(g) for g in GREYS])
    return Case(lambda: from_uri(str(path), SETTINGS), path.unlink, GREYS, timed=True)


def image(tmp: Path, _: ExitStack) -> Case:
    path = write(tmp / "page.png", grey(77))
    return Case(lambda: from_uri(str(path), SETTINGS), path.unlink, [77])


def pages(tmp: Path, _: ExitStack) -> Case:
    first, *others = (Pillow.fromarray(grey(g)) for g in GREYS)
    path = tmp / "pages.tif"
    first.save(path, save_all=True, append_images=others)
    return Case(lambda: from_uri(str(path), SETTINGS), path.unlink, GREYS)


def animated(tmp: Path, _: ExitStack) -> Case:
    path = animation(tmp / "page.webp", [grey(g) for g in GREYS], [100] * len(GREYS))
    return Case(lambda: from_uri(str(path), SETTINGS), path.unlink, GREYS, timed=True)


def folder(tmp: Path, _: ExitStack) -> Case:
    paths = [write(tmp / f"page{n}.png", grey(g)) for n, g in enumerate(GREYS, start=8)]

    def vanish() -> None:
        for path in paths:
            path.unlink()

    return Case(lambda: from_uri(str(tmp), SETTINGS), vanish, GREYS)


def looped(tmp: Path, _: ExitStack) -> Case:
    path = clip(tmp / "clip.avi", [grey(g) for g in GREYS])
    make = lambda: from_uri(str(path), SETTINGS, loop=True)  # noqa: E731
    return Case(make, path.unlink, GREYS * 3, ends=False, timed=True)


def rotated(tmp: Path, _: ExitStack) -> Case:
    path = clip(tmp / "clip.avi", [grey(g) for g in GREYS])
    settings = CameraSettings(rotate=90)
    return Case(
        lambda: from_uri(str(path), settings), path.unlink, GREYS, size=(48, 64), timed=True
    )


def mirrored(tmp: Path, _: ExitStack) -> Case:
    path = clip(tmp / "clip.avi", [grey(g) for g in GREYS])
    settings = CameraSettings(mirror=True)
    return Case(
        lambda: from_uri(str(path), settings, loop=True), path.unlink, GREYS, ends=False, timed=True
    )


def demo(tmp: Path, stack: ExitStack) -> Case:
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    path = clip(tmp / "demo.mp4", [grey(g) for g in GREYS], "mp4v")
    patch.setattr(demo_module, "clip", lambda _: path)
    return Case(lambda: from_uri("demo", SETTINGS), path.unlink, GREYS, timed=True)


def http(_: Path, stack: ExitStack) -> Case:
    serving = stack.enter_context(ExitStack())
    port = serving.enter_context(mjpeg([grey(g) for g in GREYS]))
    url = f"http://user:secret@127.0.0.1:{port}/stream?token=secret"
    return Case(lambda: from_uri(url, SETTINGS), serving.close, ends=False)


def http_pictures(_: Path, stack: ExitStack) -> Case:
    serving = stack.enter_context(ExitStack())
    pictures = [grey(g) for g in GREYS]
    port = serving.enter_context(snapshots(pictures, ("user", "secret")))
    url = f"http://user:secret@127.0.0.1:{port}/snapshot.jpg?token=secret"
    return Case(lambda: from_uri(url, SETTINGS), serving.close, ends=False)


def rtsp_camera(tmp: Path, stack: ExitStack) -> Case:
    serving = stack.enter_context(ExitStack())
    path = clip(tmp / "clip.ts", [grey(g) for g in GREYS * 8], "mpg1", fps=25)
    port = serving.enter_context(rtsp(path))
    url = f"rtsp://user:secret@127.0.0.1:{port}/live"
    return Case(lambda: from_uri(url, SETTINGS), serving.close, ends=False)


def webcam(_: Path, stack: ExitStack) -> Case:
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setattr(v4l2, "check", lambda *_: "C920")
    camera = Webcam([jpeg(grey(g, *OFFERS["MJPG"])) for g in GREYS])

    def vanish(*_: str) -> None:
        raise SourceError("gone", "missing")

    return Case(
        lambda: Camera("0", SETTINGS, connect=camera),
        lambda: patch.setattr(v4l2, "check", vanish),
        GREYS,
        ends=False,
        size=OFFERS["MJPG"],
    )


def scripted(_: Path, __: ExitStack) -> Case:
    source = Scripted(["frame", "frozen"] * 9, ["frame"] * 9, SourceError("gone", "missing"))
    return Case(lambda: source, ends=False)


def scripted_file(_: Path, __: ExitStack) -> Case:
    clip = ["frame"] * 3
    source = Scripted(clip, clip, SourceError("gone", "missing"), live=False)
    return Case(lambda: source, greys=[1, 2, 3])


KINDS = [
    video,
    image,
    pages,
    animated,
    folder,
    looped,
    rotated,
    mirrored,
    demo,
    http,
    http_pictures,
    rtsp_camera,
    webcam,
    scripted,
    scripted_file,
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with ExitStack() as stack:
        yield request.param(tmp_path, stack)


@pytest.fixture
def source(case: Case) -> Iterator[Source]:
    source = case.make()
    yield source
    source.close()


def test_frames_are_of_the_size_announced_and_shown_in_colour(case: Case, source: Source) -> None:
    opened = source.open()
    frame = Frame(source.read(), 1, 0.0, 0.0, source.colour)
    assert frame.image.dtype == frame.shown().dtype == np.uint8
    assert frame.image.shape[:2] == (case.size[1], case.size[0])
    assert frame.shown().shape == (case.size[1], case.size[0], 3)
    assert (opened.width, opened.height) in {case.size, (0, 0)}


def test_frames_come_in_order(case: Case, source: Source) -> None:
    source.open()
    frames = [source.read() for _ in case.greys or range(8)]
    if case.greys is not None:
        assert [f.mean() for f in frames] == pytest.approx(case.greys, abs=4)


def test_a_file_ends_and_stays_ended(case: Case, source: Source) -> None:
    source.open()
    for _ in case.greys or range(8):
        source.read()
    if case.ends:
        for _ in range(2):
            with pytest.raises(EndOfStreamError):
                source.read()
    else:
        source.read()


def test_frames_belong_to_the_caller(case: Case) -> None:
    source = case.make()
    source.open()
    first = source.read()
    kept = first.copy()
    if len(case.greys or [0, 0]) > 1:
        source.read()[:] = 255
    source.close()
    assert np.array_equal(first, kept)


def test_reopening_starts_again(case: Case, source: Source) -> None:
    source.open()
    first = source.read()
    source.close()
    source.open()
    again = source.read()
    if case.ends:
        assert np.array_equal(first, again)


def test_reading_a_closed_source_fails(source: Source) -> None:
    with pytest.raises(SourceError):
        source.read()
    source.open()
    source.close()
    with pytest.raises(SourceError):
        source.read()


def test_closing_twice_is_harmless(source: Source) -> None:
    source.close()
    source.open()
    source.close()
    source.close()


def test_what_is_gone_is_missing(case: Case, source: Source) -> None:
    for _ in range(2):
        source.open()
        source.read()
        source.close()
    case.vanish()
    with pytest.raises(SourceError) as caught:
        source.open()
    assert caught.value.reason == "missing"
    assert "secret" not in str(caught.value)


def test_the_moment_of_a_frame_is_when_it_was_grabbed(source: Source) -> None:
    before = time.monotonic()
    source.open()
    source.read()
    assert before <= source.grabbed <= time.monotonic()


def test_a_film_tells_when_each_frame_is_to_be_seen(case: Case, source: Source) -> None:
    source.open()
    times = []
    for _ in case.greys or range(8):
        source.read()
        times.append(source.time)
    if case.timed:
        assert times[0] == 0
        assert np.all(np.diff(np.array(times, float)) > 0)
    else:
        assert times == [None] * len(times)


def test_names_hold_no_credentials(source: Source) -> None:
    opened = source.open()
    source.read()
    assert source.name
    assert "secret" not in source.name + source.label() + opened.detail
