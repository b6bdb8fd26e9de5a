"""Catches what C libraries write to standard error by themselves, past Python's logging.

libjpeg complains of each damaged picture there: up to thirty times a second, in a journal that is
kept for months. OpenCV offers no other way to learn of these complaints.
"""

import contextlib
import functools
import os
import threading
from collections.abc import Iterator

_alone = threading.Lock()


@contextlib.contextmanager
def muffled() -> Iterator[list[str]]:
    """Catch what this process writes to descriptor 2; its lines are in the list afterwards.

    Linux only. Elsewhere, and without a standard error, nothing is caught."""
    heard: list[str] = []
    try:
        shown = os.dup(2)
        memory = _memory()
    except (OSError, AttributeError):
        yield heard
        return
    with _alone:
        os.dup2(memory, 2)
        try:
            yield heard
        finally:
            os.dup2(shown, 2)
            os.close(shown)
            if written := os.lseek(memory, 0, os.SEEK_CUR):
                heard += os.pread(memory, written, 0).decode("utf-8", "replace").splitlines()
                os.lseek(memory, 0, os.SEEK_SET)


@functools.cache
def _memory() -> int:
    return os.memfd_create("stderr")
