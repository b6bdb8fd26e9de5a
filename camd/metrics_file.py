"""The file that Prometheus' node exporter (its textfile collector) picks up."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camd.daemon.metrics import render

log = logging.getLogger(__name__)


class MetricsFile:
    def __init__(self, path: Path, camera: str) -> None:
        self._path = path
        self._camera = camera
        self._failed = False

    def write(self, payload: Mapping[str, Any]) -> None:
        """Write the `health` payload; whoever reads finds the old text or the new one, whole."""
        scratch = self._path.with_name(f".{self._path.name}.tmp")
        try:
            scratch.write_text(render(self._camera, payload), encoding="utf-8")
            scratch.chmod(0o644)  # the exporter is another user
            scratch.replace(self._path)
        except OSError as error:
            if not self._failed:
                log.warning("metrics.file: %s cannot be written: %s", self._path, error.strerror)
            self._failed = True
        else:
            self._failed = False
