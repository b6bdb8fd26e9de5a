"""Every wait is for an event, with a generous limit: a slow machine passes as a fast one does."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camd.capture.capture import Capture, CaptureStats, Pace
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import from_uri
from camd.values import Frame
from testing.recorded import Recorded
from tests.sources.pictures import clip, grey, variable, write
from tests.sources.scripted import Scripted

QUICK = CameraSettings(retry_s=0.1, max_age_ms=60_000, timeout_s=1)
ALWAYS = ["frame"] * 100_000


def until(capture: Capture, true: Callable[[CaptureStats], bool]) -> CaptureStats:
    deadline = time.monotonic() + 30
    while not true(capture.stats()):
        assert time.monotonic() < deadline, capture.stats()
        time.sleep(0.005)
    return capture.stats()


def take_all(capture: Capture) -> list[Frame]:
    frames = []
    while not capture.ended:
        frame = capture.next(30)
        if frame is not None:
            frames.append(frame)
    return frames


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= level]


@pytest.fixture(autouse=True)
def _log_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_a_file_loses_no_frame_however_slow_the_reader(tmp_path: Path) -> None:
    greys = list(range(0, 250, 5))
    path = clip(tmp_path / "c.avi", [grey(g) for g in greys])
    frames = []
    with Capture(from_uri(str(path), QUICK), QUICK) as capture:
        while not capture.ended:
            frame = capture.next(30)
            time.sleep(0.002)
            if frame is not None:
                frames.append(frame)
        stats = capture.stats()
    assert [f.number for f in frames] == list(range(1, 51))
    assert [f.image.mean() for f in frames] == pytest.approx(greys, abs=4)
    assert (stats.state, stats.captured, stats.dropped) == ("ended", 50, 0)
    assert stats.opened is not None
    assert stats.opened.fps == 20


def test_a_corrupt_frame_of_a_file_is_counted_and_skipped() -> None:
    source = Scripted(["frame", "corrupt", "frame"], live=False)
    with Capture(source, QUICK) as capture:
        assert len(take_all(capture)) == 2
        assert capture.stats().corrupt == 1


@pytest.mark.parametrize("step", ["fail", "bug"])
def test_a_file_that_fails_raises_after_its_good_frames(step: str) -> None:
    source = Scripted(["frame", "frame", step], live=False)
    with Capture(source, QUICK) as capture:
        assert capture.next(30) is not None
        assert capture.next(30) is not None
        for _ in range(2):
            with pytest.raises(SourceError):
                capture.next(30)
        assert not capture.ended
        assert capture.stats().state == "failed"
    assert source.opens == 1


def test_a_file_that_is_not_there_raises() -> None:
    source = Scripted(SourceError("no such file", "missing"), live=False)
    with Capture(source, QUICK) as capture, pytest.raises(SourceError, match="no such file"):
        capture.next(30)


def test_a_live_source_gives_its_newest_frame_and_counts_the_rest() -> None:
    source = Scripted(["frame"] * 7 + ["block"])
    with Capture(source, QUICK) as capture:
        assert source.blocking.wait(30)
        frame = capture.next(30)
        assert frame is not None
        assert frame.number == 7
        assert frame.image[0, 0, 0] == 7
        assert capture.next(0) is None
        assert not capture.ended
        stats = capture.stats()
        assert (stats.captured, stats.dropped) == (7, 6)
        assert stats.last_frame == frame.clock
        source.unblock.set()


def test_a_frame_that_grew_old_is_refused_and_counted() -> None:
    settings = CameraSettings(max_age_ms=1)
    source = Scripted(["frame", "block"])
    with Capture(source, settings) as capture:
        assert source.blocking.wait(30)
        time.sleep(0.005)
        assert capture.next(0.01) is None
        assert capture.stats().dropped == 1
        source.unblock.set()


def test_frames_carry_both_clocks_of_the_moment_they_were_grabbed() -> None:
    with Capture(Scripted(["frame"], live=False), QUICK) as capture:
        before = time.monotonic(), time.time()
        frame = capture.next(30)
    assert frame is not None
    assert before[0] - 30 < frame.clock <= time.monotonic()
    assert frame.at - frame.clock == pytest.approx(before[1] - before[0], abs=0.5)


def test_a_film_read_frame_by_frame_keeps_its_own_times(tmp_path: Path) -> None:
    stays = (100, 60_000, 50, 200)
    path = variable(tmp_path / "c.mp4", [grey(9)] * 4, stays)
    with Capture(from_uri(str(path), QUICK, loop=True), QUICK) as capture:
        frames = [frame for _ in range(6) if (frame := capture.next(30))]
    expected = [0, 0.1, 60.1, 60.15, 60.2, 60.3]  # the last stays as long as the one before it
    assert [frame.time for frame in frames] == pytest.approx(expected, abs=0.002)
    assert [frame.at - frames[0].at for frame in frames] == pytest.approx(expected, abs=0.002)
    assert frames[-1].clock - frames[0].clock < 60


def test_pictures_that_do_not_move_have_no_times(tmp_path: Path) -> None:
    write(tmp_path / "1.png", grey(9))
    with Capture(from_uri(str(tmp_path), QUICK), QUICK) as capture:
        assert [frame.time for frame in take_all(capture)] == [None]


def test_a_frame_is_due_at_its_time_in_the_film() -> None:
    pace = Pace(0.1)
    assert [pace.due(film, 50.0) for film in (3.0, 3.5, 60.0)] == [50, 50.5, 107]
    assert pace.due(60.2, 107.7) == pytest.approx(107.2)  # late, and hurried after
    assert pace.due(61.0, 120.0) == pytest.approx(119.0)  # too late for that
    assert pace.due(61.5, 120.0) == pytest.approx(119.5)


def test_frames_without_a_time_are_due_at_the_usual_rate() -> None:
    pace = Pace(0.1)
    assert [pace.due(None, 50.0) for _ in range(3)] == pytest.approx([50, 50.1, 50.2])


@pytest.mark.parametrize("realtime", [False, True])
def test_a_file_in_real_time_behaves_as_a_camera(tmp_path: Path, realtime: bool) -> None:
    path = clip(tmp_path / "c.avi", [grey(g) for g in range(0, 200, 10)], fps=100)
    with Capture(from_uri(str(path), QUICK), QUICK, realtime=realtime) as capture:
        if realtime:  # it plays on with nobody looking
            until(capture, lambda stats: stats.state == "ended")
            assert not capture.ended
            assert [f.number for f in take_all(capture)] == [20]
            assert capture.stats().dropped == 19
        else:
            assert len(take_all(capture)) == 20


def test_real_time_takes_the_times_of_the_film(tmp_path: Path) -> None:
    path = variable(tmp_path / "c.mp4", [grey(9)] * 4, (1, 1, 1_000_000, 1))
    with Capture(from_uri(str(path), QUICK), QUICK, realtime=True) as capture:
        until(capture, lambda stats: stats.captured == 3)
        frame = capture.next(30)
        assert capture.next(0.05) is None
    assert frame is not None
    assert frame.time == pytest.approx(0.002, abs=0.001)


def test_real_time_takes_the_rate_of_the_file() -> None:
    source = Scripted(["frame"] * 3, live=False, fps=1000)
    with Capture(source, QUICK, realtime=True) as capture:
        until(capture, lambda stats: stats.state == "ended")
    source = Scripted(["frame"] * 3, live=False, fps=0.001)
    with Capture(source, QUICK, realtime=True) as capture:
        assert capture.next(30) is not None
        assert capture.next(0.05) is None
        assert capture.stats().captured == 1


@pytest.mark.parametrize("step", ["fail", "bug"])
def test_a_live_source_that_fails_is_closed_and_opened_again(
    step: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone = SourceError("scripted: no such camera", "missing")
    source = Scripted(["frame", step], gone, gone, gone, ["frame"] * 3 + ["block"])
    with Capture(source, QUICK) as capture:
        stats = until(capture, lambda stats: stats.reconnects == 1)
        assert source.blocking.wait(30)
        frame = capture.next(30)
        assert frame is not None
        assert frame.number == 4
        assert (stats.state, stats.error) == ("open", "")
        source.unblock.set()
    assert source.opens >= 5
    said = messages(caplog)
    assert said.count("scripted: frames again; scripted") == 1
    assert len([m for m in said if "no such camera" in m]) == 1


def test_the_reason_of_a_failure_can_be_read() -> None:
    with Capture(Scripted(SourceError("scripted: in use", "busy")), QUICK) as capture:
        stats = until(capture, lambda stats: stats.state != "waiting")
        assert (stats.state, stats.error, stats.reconnects) == ("busy", "scripted: in use", 0)
        assert capture.next(0.01) is None


def test_a_bug_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted(["frame", "bug"], ["bug"], ["frame", "block"])
    with Capture(source, QUICK) as capture:
        until(capture, lambda stats: stats.reconnects == 1)
        source.unblock.set()
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert len(errors) == 1
    assert errors[0].exc_info is not None
    assert errors[0].exc_info[0] is ZeroDivisionError


def test_a_camera_that_opens_but_never_gives_a_frame_waits_between_tries() -> None:
    source = Scripted(["fail"])
    stop = threading.Event()
    with Capture(source, QUICK) as capture:
        until(capture, lambda _: source.opens >= 2)
        opens, before = source.opens, time.monotonic()
        stop.wait(0.3)
        tries, waited = source.opens - opens, time.monotonic() - before
    assert tries <= waited / 0.05 + 1
    assert capture.stats().reconnects == 0


@pytest.mark.parametrize("steady", [False, True])
def test_a_source_that_gives_frames_and_fails_again_is_tried_slowly_unless_it_was_steady(
    *, steady: bool
) -> None:
    recorded = Recorded(0.5, 30)
    source = Scripted(["frame", "frame", "fail"])
    steady_s = 0.0 if steady else 10.0
    with Capture(source, QUICK, backoff=recorded, steady_s=steady_s) as capture:
        until(capture, lambda _: len(recorded.waits) >= 6)
    for number, wait in enumerate(recorded.waits[:6]):
        assert wait <= 0.5 if steady else wait >= 0.25 * 2**number


def test_nothing_but_damaged_frames_is_a_failure() -> None:
    source = Scripted(["frame"] + ["corrupt"] * 100_000)
    with Capture(source, QUICK) as capture:
        stats = until(capture, lambda stats: stats.state == "failed")
    assert stats.corrupt > 1
    assert "only damaged frames" in stats.error


def test_a_frozen_camera_still_counts_as_open() -> None:
    source = Scripted(["frame"] + ["frozen"] * 5 + ["block"])
    with Capture(source, QUICK) as capture:
        assert source.blocking.wait(30)
        assert capture.stats().state == "open"
        assert capture.stats().captured == 6
        source.unblock.set()


def test_a_new_size_is_followed_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with Capture(Scripted(["frame", "resize"], live=False), QUICK) as capture:
        assert [f.image.shape for f in take_all(capture)] == [(48, 64, 3), (96, 128, 3)]
    assert "scripted: frames are now 128x96" in messages(caplog)


def test_the_frame_rate_is_measured() -> None:
    source = Scripted(["frame"] * 30, live=False, period=0.1)
    with Capture(source, QUICK) as capture:
        take_all(capture)
        assert capture.stats().fps == pytest.approx(10)


def test_the_measured_rate_of_a_camera_that_hangs_falls() -> None:
    source = Scripted(["frame"] * 30 + ["block"], period=1e-6)
    with Capture(source, QUICK) as capture:
        assert source.blocking.wait(30)
        until(capture, lambda stats: stats.fps < 10_000)
        source.unblock.set()


def test_only_the_thread_of_the_capture_touches_the_source() -> None:
    source = Scripted(["frame", "fail"], ALWAYS)
    with Capture(source, QUICK) as capture:
        until(capture, lambda stats: stats.reconnects == 1)
    assert len(source.threads) == 1
    assert threading.get_ident() not in source.threads
    assert not source.is_open


@pytest.mark.parametrize("live", [True, False])
def test_stopping_closes_the_source(live: bool) -> None:
    """A file's thread waits for its slot to be taken, which now nobody does."""
    source = Scripted(ALWAYS, live=live)
    with Capture(source, QUICK) as capture:
        until(capture, lambda stats: stats.captured >= 2)
    assert not source.is_open


def test_stopping_does_not_wait_for_the_next_try() -> None:
    settings = CameraSettings(retry_s=600)
    source = Scripted(SourceError("gone", "missing"))
    capture = Capture(source, settings)
    with capture:
        until(capture, lambda stats: stats.state == "missing")
    assert not any(t.name == "camd-capture" for t in threading.enumerate())


def test_a_thread_that_the_driver_holds_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    source = Scripted(["block", "frame"])
    capture = Capture(source, QUICK)
    with capture:
        assert source.blocking.wait(30)
        capture.stop(timeout=0.05)
        assert source.is_open
        assert "does not let go" in caplog.text
        assert capture.next(30) is None
        source.unblock.set()
    assert not source.is_open


class Lamp:
    """Tells when it was switched, by how many frames the source had given."""

    def __init__(self, source: Scripted) -> None:
        self.source = source
        self.switched: list[tuple[bool, int]] = []

    def __call__(self, on: bool) -> None:
        self.switched.append((on, self.source._number))


@pytest.mark.parametrize("polled", [False, True])
def test_a_light_is_on_before_a_look_and_off_after_it(
    polled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Scripted(ALWAYS, rate=50)
    if polled:
        opened = source.open
        monkeypatch.setattr(source, "open", lambda: replace(opened(), polled=True))
    settings = QUICK.model_copy(update={"every_s": 0.5, "light_ms": 200.0})
    lamp = Lamp(source)
    with Capture(source, settings, light=lamp) as capture:
        frames = [capture.next(30) for _ in range(3)]
    assert all(frames)
    ways = [on for on, _ in lamp.switched]
    assert ways[:6] == [True, False] * 3
    assert ways[-1] is False
    numbers = [int(frame.image[0, 0, 0]) for frame in frames if frame]
    for look, number in enumerate(numbers):
        (_, on), (_, off) = lamp.switched[2 * look : 2 * look + 2]
        assert off == number
        if not polled:  # what was seen before the light had settled is left out
            assert number - on >= 5


def test_a_light_goes_off_when_the_camera_fails_before_the_look() -> None:
    source = Scripted(["frame", "fail"], ALWAYS, rate=50)
    settings = QUICK.model_copy(update={"every_s": 0.5, "light_ms": 200.0})
    lamp = Lamp(source)
    with Capture(source, settings, light=lamp) as capture:
        assert capture.next(30) is not None
    assert [on for on, _ in lamp.switched[:4]] == [True, False, True, False]


class Held(Scripted):
    def __init__(self) -> None:
        super().__init__(ALWAYS, rate=100)
        self.held: list[bool] = []

    def hold(self, on: bool) -> None:
        assert threading.get_ident() in self.threads, "it belongs to the thread that opened it"
        self.held.append(on)


def test_a_camera_is_told_once_to_hold_what_it_has_chosen() -> None:
    source = Held()
    with Capture(source, QUICK) as capture:
        for on in (False, True, True, False):
            capture.hold(on)
            for _ in range(4):
                capture.next(30)
    assert source.held == [True, False]
