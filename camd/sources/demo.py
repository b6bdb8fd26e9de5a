"""The clips that ship with camd, played like any other video file."""

from importlib.resources import files
from pathlib import Path

from camd.config.settings import CameraSettings
from camd.sources.video import Video

CLIPS = ("demo", "demo-meter")
"""Sheets of paper with handwriting, and a water meter."""


def clip(name: str) -> Path:
    return Path(str(files("camd") / "assets" / f"{name}.mp4"))


class Demo(Video):
    def __init__(self, name: str, settings: CameraSettings) -> None:
        """`name`: one of CLIPS."""
        super().__init__(clip(name), settings, name=name)
