"""A back-off that takes no time, and can be asked how long it would have waited."""

from camd.backoff import Backoff


class Recorded(Backoff):
    def __init__(self, first_s: float, longest_s: float) -> None:
        super().__init__(first_s, longest_s)
        self.waits: list[float] = []
        """Seconds, in order."""

    def next(self, *, longest: bool = False) -> float:
        self.waits.append(super().next(longest=longest))
        return 0.01
