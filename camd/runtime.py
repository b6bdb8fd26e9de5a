"""Bound the threads of the arithmetic: OpenCV and BLAS take every core unless told otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
from threadpoolctl import threadpool_limits


@contextmanager
def bounded(threads: int) -> Iterator[None]:
    """Bound BLAS inside the context, and OpenCV from here on."""
    cv2.setNumThreads(threads)
    with threadpool_limits(threads):
        yield
