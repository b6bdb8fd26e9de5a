from camd.values import Reading, RegionReading, Result
from camd.web.feed import Feed
from testing.scenes import frame


def test_it_says_since_when_the_scene_says_the_same() -> None:
    feed = Feed()
    one, two = Result(reading=Reading(("1",))), Result(reading=Reading(("2",)))
    for at, result in ((10.0, one), (11.0, one), (12.0, two), (13.0, two)):
        feed.show(frame(at=at), result)
    assert feed.at == 12.0
    feed.show(frame(at=14.0), Result(two.digits, regions=(RegionReading("a", "ok", 2),)))
    assert feed.at == 14.0
    feed.end(Result(), 15.0)
    assert (feed.at, feed.result.reading.lines) == (15.0, ())


def test_who_waits_is_told_of_the_next_frame_and_of_no_more() -> None:
    feed, told = Feed(), []
    feed.wake = lambda: told.append(1)
    for number in (1, 2):
        feed.show(frame(at=number), Result())
    assert told == [1]
