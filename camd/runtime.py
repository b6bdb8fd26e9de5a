"""Settings of the process: how many threads arithmetic may use, how soon threads make way for each
other, and which memory it keeps."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import cv2
from threadpoolctl import threadpool_limits


@contextmanager
def bounded(threads: int) -> Iterator[None]:
    """Let arithmetic use so many threads: BLAS inside the context, OpenCV from now on."""
    cv2.setNumThreads(threads)
    with threadpool_limits(threads):
        yield


TURN_S = 0.0005
"""As long as a thread may hold Python's lock while another one waits for it, seconds."""


def share() -> None:
    """Have threads make way for each other soon, where one serves people beside the one that reads.

    By default a thread holds the lock for 5 ms, and the loop gives it away a hundred times a frame:
    whenever NumPy or OpenCV computes."""
    sys.setswitchinterval(TURN_S)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST = 32 << 20
"""Bytes, the most that glibc accepts here. A 4K frame has fewer."""
IDLE = 64 << 20
"""Unused bytes that the process keeps."""


def keep_freed() -> None:
    """Keep freed memory for the next frame, if the C library is glibc.

    By default glibc returns the memory of each frame to the system. For the next frame the system
    then makes and clears 4,000 pages again: at 1080p that took a fifth of the time of
    segmentation."""
    with suppress(OSError, AttributeError, TypeError):  # other systems have no mallopt
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST)
        libc.mallopt(M_TRIM_THRESHOLD, IDLE)
