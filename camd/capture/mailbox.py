"""Hands frames from the thread that captures to the one that reads. It has room for one frame."""

from threading import Condition

from camd.values import Frame


class Mailbox:
    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: Frame | None = None
        self._closed = False

    def put_latest(self, frame: Frame) -> bool:
        """Put `frame` into the slot. Return True when a frame was there that nobody had taken; it
        is lost."""
        with self._changed:
            lost = self._frame is not None
            self._frame = frame
            self._changed.notify_all()
            return lost

    def put_next(self, frame: Frame) -> None:
        """Wait until the slot is free, and put `frame` there. When the mailbox is closed, do
        nothing."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is None or self._closed)
            if not self._closed:
                self._frame = frame
                self._changed.notify_all()

    def take(self, timeout: float) -> Frame | None:
        """Return the frame. Return None when none came within `timeout` seconds, or when the
        mailbox is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Take no more frames by `put_next`, and wake all who wait. A frame that is in the slot can
        still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """True when the mailbox is closed and no frame is left in it."""
        with self._changed:
            return self._closed and self._frame is None
