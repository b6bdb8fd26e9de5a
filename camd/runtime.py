"""The process itself: the threads its arithmetic takes, and memory kept from frame to frame."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import cv2
from threadpoolctl import threadpool_limits


@contextmanager
def bounded(threads: int) -> Iterator[None]:
    """Bound BLAS inside the context, and OpenCV from here on."""
    cv2.setNumThreads(threads)
    with threadpool_limits(threads):
        yield


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST = 32 << 20
"""Bytes; glibc takes no more, and a frame of 4K has less."""
IDLE = 64 << 20
"""Bytes that stay with the process when nothing uses them."""


def keep_freed() -> None:
    """Have what is freed used again, where the C library is glibc.

    It would hand the planes of each frame back to the system, which then makes, and clears, their
    4,000 pages anew for the next: at 1080p that took a fifth of segmentation."""
    with suppress(OSError, AttributeError, TypeError):  # other systems have no mallopt
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST)
        libc.mallopt(M_TRIM_THRESHOLD, IDLE)
