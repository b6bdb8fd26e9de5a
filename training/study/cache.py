"""Keeps results on disk, so that nothing is computed twice even when a run was interrupted."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from joblib import Memory

from camd import paths
from camd.errors import CamdError

log = logging.getLogger(__name__)

VERSION = 2
"""Part of every key. Raise it when the code has changed so that the same key gives another
result."""

Key = dict[str, Any]
"""Everything that determines a result; it must be possible to write it as JSON."""


class Cache:
    """Results by key, kept by joblib in files. A result must not be None, which stands for "not
    there".

    The code that computes a result is not part of its key. Otherwise a small change of the code
    would throw away fits that took a day."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder or paths.cache() / "study"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Compression makes forests of hundreds of megabytes six times smaller.
            logging.getLogger("joblib").setLevel(logging.ERROR)  # it logs a traceback
            memory = Memory(self.folder, verbose=0, compress=1)
            self._recall = memory.cache(_recall, ignore=["compute"])
        except OSError as exc:
            raise CamdError(
                f"{self.folder}: cannot be written ({exc.strerror}); give another with --cache"
            ) from exc

    def get(self, key: Key) -> Any | None:
        name = _name(key)
        if not self._recall.check_call_in_cache(name, None):
            return None
        try:
            return self._recall(name, _lost)
        except LookupError:
            log.warning(
                "an entry of the cache %s cannot be read, and is computed again", self.folder
            )
            return None

    def put(self, key: Key, value: Any) -> None:
        self._recall(_name(key), lambda: value)


def _name(key: Key) -> str:
    return json.dumps(key | {"version": VERSION}, sort_keys=True)


def _recall(name: str, compute: Callable[[], Any]) -> Any:  # noqa: ARG001  (joblib keys by name)
    return compute()


def _lost() -> None:
    """joblib calls this to compute an entry again that it cannot read. It raises LookupError, so
    that `get` notices."""
    raise LookupError
