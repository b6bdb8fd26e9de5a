"""Writes the `health` payload to a file, for the textfile collector of the node exporter."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camd import files

log = logging.getLogger(__name__)


class MetricsFile:
    def __init__(self, path: Path, camera: str) -> None:
        # Imported only where it is used: it takes a twentieth of a second of a start.
        from camd.exposition import render  # noqa: PLC0415

        self._render = render
        self._path = path
        self._camera = camera
        self._failed = False

    def write(self, payload: Mapping[str, Any]) -> None:
        """Write the `health` payload. Whoever reads the file finds all of the old text or of the
        new."""
        text = self._render(self._camera, payload).encode()
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
