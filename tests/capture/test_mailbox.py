import threading

import numpy as np

from camd.capture.mailbox import Mailbox
from camd.values import Frame


def frame(number: int) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), number, 0.0, 0.0)


def number(taken: Frame | None) -> int | None:
    return taken.number if taken else None


def test_the_newest_takes_the_place_of_the_one_before() -> None:
    mailbox = Mailbox()
    assert mailbox.put_latest(frame(1)) is False
    assert mailbox.put_latest(frame(2)) is True
    assert number(mailbox.take(0)) == 2
    assert mailbox.take(0) is None


def test_the_next_waits_until_the_slot_is_free() -> None:
    mailbox = Mailbox()

    def put_three() -> None:
        for n in (1, 2, 3):
            mailbox.put_next(frame(n))

    thread = threading.Thread(target=put_three)
    thread.start()
    assert [number(mailbox.take(30)) for _ in range(3)] == [1, 2, 3]
    thread.join()


def test_closing_wakes_both_sides_and_keeps_what_is_in_the_slot() -> None:
    mailbox = Mailbox()
    mailbox.put_next(frame(1))
    waiting = threading.Thread(target=mailbox.put_next, args=(frame(2),))
    waiting.start()
    mailbox.close()
    waiting.join()
    assert not mailbox.drained
    assert number(mailbox.take(30)) == 1
    assert mailbox.drained
    assert mailbox.take(30) is None
