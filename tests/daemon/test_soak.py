"""The short version of benchmarks/soak.py."""

from benchmarks.soak import soak


def test_nothing_grows() -> None:
    soaked = soak(frames=3000, seed=3)
    first, last = soaked.levels[1], soaked.levels[-1]
    assert soaked.faults > 0
    assert soaked.restarts > 0
    assert soaked.published.sent > 0
    assert soaked.published.events_dropped == 0
    assert last.threads == first.threads
    assert last.files == first.files
    # 3000 frames of 225 KiB: one that stayed in a hundred would be seen.
    assert last.rss_mib < first.rss_mib + 20
