"""PURE. Learns what a broker does not accept from when it closes the connection.

In MQTT 5 a broker says what it accepts. In earlier versions, a broker that is asked for too much
closes the connection without a word. A broker that is stopped does so as well, so nothing is
concluded before it has happened twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

UNLIMITED = 1 << 31

LEAST = 128
"""Bytes; smaller messages are assumed to be accepted by every broker."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a broker lets us ask for, in the will and in every message."""

    qos: int = 1
    """The highest that it accepts: 0 or 1."""
    retain: bool = True


FULL = Terms()
_NOTHING = Terms(0, retain=False)
LESS = (FULL, Terms(1, retain=False), Terms(0, retain=True), _NOTHING)
"""All combinations, the better ones first."""
_TRIALS = (FULL, _NOTHING, *LESS)
"""What is asked for, in this order, of a broker that closes the connection instead of answering.
The second try shows whether it accepts anybody at all, the third that the first was no accident."""
_PROBE, _AGAIN, _LAST = 1, 2, 5


class Bargain:
    """Finds the most that a broker accepts in the request to connect, which contains the will."""

    def __init__(self) -> None:
        self._trial = 0

    @property
    def terms(self) -> Terms:
        """To connect with next."""
        return _TRIALS[self._trial]

    @property
    def probing(self) -> bool:
        """True where the next connection only shows whether it is taken."""
        return self._trial == _PROBE

    def closed(self) -> bool:
        """The broker has closed the connection instead of answering. Return whether there is
        something else to ask for, at once."""
        more = self._trial not in (_PROBE, _LAST)
        self._trial = self._trial + 1 if more else 0
        return more

    def refused(self, *, qos: bool = False, retain: bool = False) -> bool:
        """It has said that it takes no QoS 1, or retains nothing. Return as `closed` does."""
        terms = self.terms
        less = replace(terms, qos=0 if qos else terms.qos, retain=terms.retain and not retain)
        more = less != terms
        self._trial = _TRIALS.index(less, _AGAIN) if more else 0
        return more

    def ended(self) -> None:
        """The connection, or the try to make one, has ended in another way."""
        # What has been learnt is asked once more: the broker may have changed.
        self._trial = _AGAIN if self._trial == _PROBE or self._trial > _AGAIN else 0


class SizeLimit:
    """Finds the largest message that a broker takes.

    A message that is too large ends each connection that it is sent on. It is among those that were
    on their way when a connection broke. On the next connection the larger ones go one at a time,
    so that it is known which one it was. A network that breaks twice at a bad moment looks the
    same: so the first time, and where the broker has taken such a size before, it must end one
    connection more."""

    def __init__(self) -> None:
        self.most = UNLIMITED
        """Bytes: larger messages are to be left out."""
        self._suspects: set[str] = set()
        self._taken = UNLIMITED
        """Bytes of the largest message that the broker is believed to take."""

    @property
    def careful(self) -> bool:
        """True where larger messages are to go one at a time."""
        return bool(self._suspects)

    def broke(self, unproven: Mapping[str, int], proven: int) -> bool:
        """The broker has hung up without a word. Return True where `most` is known to be less now.

        `unproven`: by topic, the bytes of each message on its way that was larger than any before
        it on this connection; `proven`: the bytes of the largest that arrived on it."""
        self._taken = max(self._taken, proven)
        again = self._suspects & unproven.keys()
        if not again or len(unproven) > 1:
            self._suspects = self._suspects | unproven.keys() if unproven else set()
            return False
        (size,) = unproven.values()
        if size <= self._taken:  # it may take less since its last start
            self._taken = proven
            return False
        # Messages of one topic differ by a few bytes: to leave out only this size would go on so.
        self.most = max(LEAST, proven, size // 2)
        self._suspects -= again
        return True

    def forget(self) -> None:
        """The broker had another reason."""
        self.most = UNLIMITED
        self._suspects = set()
