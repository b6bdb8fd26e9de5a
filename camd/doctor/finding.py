"""PURE: what was looked at, what was found, and what to do about it."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["ok", "note", "warning", "error"]
"""error: camd cannot do its work; warning: it works, but not as it should; note: worth knowing."""


@dataclass(frozen=True, slots=True)
class Finding:
    area: str
    """configuration, model, camera, broker, display, service."""
    level: Level
    text: str
    todo: str = ""
    """What to do about it; empty where nothing needs doing."""
    data: dict[str, Any] = field(default_factory=dict)
    """Figures for programs."""
