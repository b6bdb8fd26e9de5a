"""One slot between the thread that captures and the one that reads."""

from threading import Condition

from camd.values import Frame


class Mailbox:
    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: Frame | None = None
        self._closed = False

    def put_latest(self, frame: Frame) -> bool:
        """Put `frame` in the place of what is there; return True when that one is lost by it."""
        with self._changed:
            lost = self._frame is not None
            self._frame = frame
            self._changed.notify_all()
            return lost

    def put_next(self, frame: Frame) -> None:
        """Put `frame` once the slot is free; in a closed mailbox nobody waits for it."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is None or self._closed)
            if not self._closed:
                self._frame = frame
                self._changed.notify_all()

    def take(self, timeout: float) -> Frame | None:
        """Return the frame, or None when there was none for `timeout` seconds or will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            return frame

    def close(self) -> None:
        """Wake everyone. A frame that is in the slot can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """True when no frame is left and none will come."""
        with self._changed:
            return self._closed and self._frame is None
