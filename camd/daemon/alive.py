"""PURE. Tells from the metrics file of a running camd whether it does its work."""

import re

PATIENCE = 3
"""So many times the interval of `health` may pass before the file is too old."""


def problem(text: str, age_s: float, health_s: float) -> str:
    """Say what is wrong by the metrics `text`, written `age_s` ago; empty where nothing is."""
    if age_s > PATIENCE * health_s:
        return f"nothing was written for {age_s:.0f} s: camd has ended, or hangs"
    state = re.search(r'^camd_camera_state\{[^}]*state="([^"]*)"\} 1\.0$', text, re.M)
    if state is None:
        return "this is no metrics file of camd"
    return "" if state[1] in ("open", "ended") else f"the camera is {state[1]}"
