"""PURE. One finding of the doctor: what was looked at, what was found, what to do about it."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["ok", "note", "warning", "error"]
"""error: camd cannot work; warning: it works, but not as well as it should; note: worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    area: str
    """configuration, model, camera, broker, display, service."""
    level: Level
    text: str
    todo: str = ""
    """What to do about it; empty where nothing needs to be done."""
    data: dict[str, Any] = field(default_factory=dict)
    """The figures in `text`, for programs that read the JSON."""
