"""Where camd keeps what must outlive it: systemd's StateDirectory=, or the user's own."""

import os
from pathlib import Path

import platformdirs


def directory() -> Path:
    """Return the state directory, which may not exist yet."""
    # systemd names several with colons between; the first is ours.
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path(platformdirs.user_state_dir("camd"))
