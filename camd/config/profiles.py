"""Settings that belong together, under one name: `profile = "small"`, for weak machines."""

from collections.abc import Mapping
from typing import Any

from camd.config.keys import KeyPath

PROFILES: Mapping[str, Mapping[KeyPath, Any]] = {
    "small": {
        ("camera", "fps"): 5,
        ("rest", "after_s"): 2,
        ("rest", "look_ms"): 2000,
        ("segment", "max_glyphs"): 100,
        ("mqtt", "max_rate"): 2,
        ("mqtt", "snapshot_s"): 10,
    },
}
"""What each profile sets where nothing else does. What it costs is in docs/how-to/small.md, and how
that was measured."""
