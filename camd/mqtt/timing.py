"""PURE: how long a connection waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, as they suit brokers near and far."""

    retry_s: tuple[float, float] = (1.0, 30.0)
    """First and longest wait before the next try; it doubles."""
    short_s: float = 10.0
    """A connection that ends sooner is not worth a fast try."""
    reach_s: float = 5.0
    """In which a connection must stand."""
    answer_s: float = 10.0
    """A peer that has not answered the connect request for so long never will."""
    tick_s: float = 1.0
    """How often the keep-alive is looked at."""
    confirm_s: float = 60.0
    """A peer that has heard it all, and confirmed nothing of what it should for so long, is broken.
    """
    farewell_s: float = 1.0
    """Of the time there is to stop in, the part kept for saying offline."""
    grace_s: float = 0.5
    """For the thread to end after its time; it does not while it connects or looks up a name."""
    patience_s: float = 2.0
    """How long one frame of a file waits for a broker that has stopped taking messages."""


USUAL = Timing()
