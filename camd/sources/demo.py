"""The clip that ships with camd, played like any other video file."""

from importlib.resources import files
from pathlib import Path

from camd.config.settings import CameraSettings
from camd.sources.video import Video


def clip() -> Path:
    return Path(str(files("camd") / "assets" / "demo.mp4"))


class Demo(Video):
    def __init__(self, settings: CameraSettings) -> None:
        super().__init__(clip(), settings, name="demo")
