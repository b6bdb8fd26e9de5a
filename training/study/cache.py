"""What has been computed stays computed, whatever ends the process."""

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
"""Part of every key: raise it when the same key would mean another result."""

Key = dict[str, Any]
"""JSON: all that decides a result."""


class Cache:
    """Results by key, in files of joblib's; None is no result.

    The code of the function that computes a result is no part of its key, so that a change of the
    code around it does not throw away a day of fits."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder or paths.cache() / "study"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Forests of hundreds of megabytes shrink to a sixth.
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
    """Stands in where joblib finds an entry that it cannot read, and computes it again."""
    raise LookupError
