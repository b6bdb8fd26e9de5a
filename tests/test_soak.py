"""The short version of benchmarks/soak.py."""

from benchmarks.soak import soak


def test_nothing_grows() -> None:
    levels, faults = soak(frames=2000, seed=3)
    first, last = levels[1], levels[-1]
    assert faults > 0
    assert last.threads == first.threads
    assert last.files == first.files
    # 2000 frames of 225 KiB: one that stayed in a hundred would be seen.
    assert last.rss_mib < first.rss_mib + 16
