"""PURE. The names of the topics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one camera, all below `root`."""

    root: str
    """Prefix and name, e.g. camd/desk."""

    @classmethod
    def of(cls, prefix: str, name: str) -> "Topics":
        return cls(f"{prefix}/{name}")

    @property
    def status(self) -> str:
        return f"{self.root}/status"

    @property
    def digits(self) -> str:
        return f"{self.root}/digits"

    @property
    def reading(self) -> str:
        return f"{self.root}/reading"

    @property
    def event(self) -> str:
        return f"{self.root}/event"

    @property
    def health(self) -> str:
        return f"{self.root}/health"

    @property
    def info(self) -> str:
        return f"{self.root}/info"

    @property
    def snapshot(self) -> str:
        return f"{self.root}/snapshot"

    @property
    def state(self) -> str:
        return f"{self.root}/state"

    @property
    def crops(self) -> str:
        return f"{self.root}/crops"

    @property
    def classes(self) -> str:
        return f"{self.root}/classes"

    @property
    def regions(self) -> str:
        """A filter: every region."""
        return f"{self.root}/region/+"

    def region(self, name: str) -> str:
        return f"{self.root}/region/{name}"

    @property
    def requests(self) -> tuple[str, str]:
        """Filters: every request, and every one about a region."""
        return f"{self.root}/request/+", f"{self.root}/request/region/+"

    def request(self, command: str) -> str:
        return f"{self.root}/request/{command}"

    def response(self, command: str) -> str:
        return f"{self.root}/response/{command}"
