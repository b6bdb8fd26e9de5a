"""Writes the `health` payload to a file as Prometheus text (exposition format 0.0.4), for the
textfile collector of the node exporter."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from camd import files


def render(camera: str, payload: Mapping[str, Any]) -> str:
    """Return a line for each number of `payload`, named by its path: camd_frames_captured.

    Counts by reason get the reason as a label. A state becomes a 1 with the state as a label."""
    own = f'camera="{camera}"'
    lines = [
        *_numbers("camd", payload, own, skip=("rejected", "camera", "messages", "stages_ms")),
        f'camd_camera_state{{{own},state="{payload["camera"]["state"]}"}} 1',
        *_table("camd_camera_failures", "reason", payload["camera"]["failures"], own),
        *_table("camd_rejected", "reason", payload["rejected"], own),
        *_table("camd_stage_ms", "stage", payload["stages_ms"], own),
        *_numbers("camd_messages", payload["messages"], own),
    ]
    return "\n".join(lines) + "\n"


def _numbers(
    name: str, values: Mapping[str, Any], own: str, skip: tuple[str, ...] = ()
) -> Iterator[str]:
    for key, value in values.items():
        if key in skip:
            continue
        if isinstance(value, Mapping):
            yield from _numbers(f"{name}_{key}", value, own)
        elif isinstance(value, (bool, int, float)):
            yield f"{name}_{key}{{{own}}} {float(value):g}"


def _table(name: str, label: str, values: Mapping[str, Any], own: str) -> Iterator[str]:
    for key, value in values.items():
        yield f'{name}{{{own},{label}="{key}"}} {float(value):g}'


log = logging.getLogger(__name__)


class MetricsFile:
    def __init__(self, path: Path, camera: str) -> None:
        self._path = path
        self._camera = camera
        self._failed = False

    def write(self, payload: Mapping[str, Any]) -> None:
        """Write the `health` payload. Whoever reads the file finds all of the old text or of the
        new."""
        text = render(self._camera, payload).encode()
        try:
            # The exporter runs as another user. After a power cut old figures are worth nothing, so
            # there is no need to wait for the disk.
            files.write(self._path, text, mode=0o644, durable=False)
        except OSError as error:
            if not self._failed:
                log.warning("metrics.file: %s cannot be written: %s", self._path, error.strerror)
            self._failed = True
        else:
            self._failed = False
