"""PURE: how long a connection waits for what."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds. The defaults suit brokers in the house and far away."""

    retry_s: tuple[float, float] = (1.0, 30.0)
    """First and longest wait before the next try to connect; in between it doubles each time."""
    short_s: float = 10.0
    """After a connection that ended sooner than this, the next try waits: it would end as soon."""
    reach_s: float = 5.0
    """Time in which the connection to the address must be made."""
    answer_s: float = 10.0
    """Time in which a broker must answer the request to connect; later it is given up."""
    tick_s: float = 1.0
    """How often the keep-alive is looked at."""
    confirm_s: float = 60.0
    """Time in which a broker that has everything must confirm something; later it counts as broken.
    """
    farewell_s: float = 1.0
    """The last part of the time to stop in, kept for saying offline."""
    grace_s: float = 0.5
    """Added to the time to stop in, for the thread to end: it cannot while it looks up a name."""
    patience_s: float = 2.0
    """How long one frame of a file waits for a broker that has stopped taking messages."""


USUAL = Timing()
