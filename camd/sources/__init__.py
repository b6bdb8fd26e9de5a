"""Where frames come from. `from_uri` alone knows which class plays which kind of device."""

import re
from pathlib import Path

from camd import address
from camd.config.settings import CameraSettings
from camd.errors import SourceError
from camd.sources import formats
from camd.sources.base import CorruptFrameError, EndOfStreamError, Opened, Source
from camd.sources.camera import LINUX, Camera
from camd.sources.demo import CLIPS, Demo
from camd.sources.images import SUFFIXES, Images
from camd.sources.loop import Looped
from camd.sources.orient import Oriented
from camd.sources.snapshots import Http
from camd.sources.stream import Stream
from camd.sources.video import Video

__all__ = [
    "CorruptFrameError",
    "EndOfStreamError",
    "Opened",
    "Source",
    "are_stills",
    "from_uri",
]


def from_uri(device: str, settings: CameraSettings, *, loop: bool = False) -> Source:
    """Return the source that `device` names, closed, turned and mirrored as
    `settings` say.

    `loop` starts files over at their end; live sources have none. Raises SourceError (missing)
    where `device` is none of the known kinds."""
    source = _pick(device, settings)
    if loop and not source.live:
        source = Looped(source)
    if settings.rotate or settings.mirror:
        source = Oriented(source, settings.rotate, mirror=settings.mirror)
    return source


def are_stills(device: str, settings: CameraSettings) -> bool:
    """Tell whether `device` is still pictures, each perhaps of another scene: no camera, no video
    and no animation."""
    source = _pick(device, settings)
    return isinstance(source, Images) and not source.animated


def _pick(device: str, settings: CameraSettings) -> Source:
    nodes = r"|/dev/(video[0-9]+|v4l/by-(id|path)/.+)" if LINUX else ""
    if re.fullmatch(r"[0-9]{1,4}" + nodes, device):
        return Camera(device, settings)
    if address.looks_like(device):
        web = device.strip().lower().startswith(("http://", "https://"))
        return Http(device, settings) if web else Stream(device, settings)
    if device in CLIPS:
        return Demo(device, settings)
    if found := _file(device, settings):
        return found
    # A link that a udev rule makes (SYMLINK+="desk-camera"); it may not exist yet.
    if LINUX and re.fullmatch(r"/dev/(?!shm/|fd/).+", device):
        return Camera(device, settings)
    raise SourceError(
        f"{address.redact(device)}: no such device or file; expected a camera number, /dev/video0, "
        "/dev/v4l/by-id/..., rtsp://..., http://..., a video, an image, a folder or demo",
        "missing",
    )


def _file(device: str, settings: CameraSettings) -> Source | None:
    try:
        path = Path(device).expanduser()
        if path.is_dir():
            return Images(path)
        if path.is_file():
            return Images(path) if _is_picture(path) else Video(path, settings)
    except (OSError, RuntimeError, ValueError):
        pass  # the name is too long, has a NUL, or a user without a home (~nobody): no such file
    return None


def _is_picture(path: Path) -> bool:
    """Tell by what is in the file, else by its name."""
    suffix = path.suffix.lower()
    if suffix in {".mjpg", ".mjpeg"}:  # JPEGs in a row: it begins like a picture
        return False
    try:
        with path.open("rb") as file:
            found = formats.recognise(file.read(formats.HEAD))
    except OSError:  # opening it will say why
        found = None
    if found is None or found.kind == "other":
        return suffix in SUFFIXES
    return found.kind == "picture"
