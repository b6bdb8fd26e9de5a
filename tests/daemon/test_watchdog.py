from dataclasses import replace

from camd.daemon.watchdog import UNPROCESSED_S, Vitals, problem

WELL = Vitals(capturing=True, calling_since=99.0, unread_since=99.9, publishing=True)


def test_a_daemon_at_work_is_well() -> None:
    assert problem(WELL, 100.0, timeout_s=5) == ""


def test_waiting_for_a_camera_is_work() -> None:
    waiting = Vitals(capturing=True, calling_since=None, unread_since=None, publishing=True)
    assert problem(waiting, 1e6, timeout_s=5) == ""


def test_a_driver_that_holds_a_call_for_ever() -> None:
    assert problem(WELL, 99 + 25.0, timeout_s=5) == "frames are captured but not processed"
    held = replace(WELL, unread_since=None)
    assert problem(held, 99 + 25.0, timeout_s=5) == ""
    assert problem(held, 99 + 25.1, timeout_s=5) == "the camera's driver does not return"


def test_threads_that_are_gone() -> None:
    assert problem(replace(WELL, capturing=False), 100, 5) == "the capture thread is gone"
    assert problem(replace(WELL, publishing=False), 100, 5) == "the MQTT thread is gone"
    assert problem(replace(WELL, serving=False), 100, 5) == "the embedded broker is gone"


def test_frames_that_nobody_reads() -> None:
    unread = replace(WELL, calling_since=None, unread_since=50.0)
    assert problem(unread, 50 + UNPROCESSED_S, 5) == ""
    assert problem(unread, 50.1 + UNPROCESSED_S, 5) == "frames are captured but not processed"
