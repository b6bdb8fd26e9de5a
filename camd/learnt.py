"""The model that a camera reads with: the one that ships or was named, or what `camd learn` has
made of it. The one before is kept, so that it can be brought back."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from camd import files, paths
from camd.classify import svm
from camd.config.settings import Settings
from camd.errors import CamdError, ConfigError, ModelError

log = logging.getLogger(__name__)

KEY = "learnt"
"""In the meta of a learnt model: of which one, and when."""
READABLE = 0o644
"""Root may learn for a service whose user is another one; what was learnt is no secret."""
BEFORE = ".before"
"""What the name of the model before ends with."""


def load(settings: Settings, *, drawn: bool = False) -> svm.Model:
    """Load the learnt model where there is one that was made of the model in the settings; else
    that one itself. A learnt model that cannot be used keeps nobody from reading: the log says so.
    The part for rows of displays comes only with regions to read, or where some are `drawn`: it
    takes half the time and two fifths of the memory.

    Raises ModelError."""
    base = paths.model_file(settings.model.file)
    # On the page, regions are read before they are in the settings.
    drawn = drawn or settings.web.enabled
    rows = drawn or any(region.display != "handwriting" for region in settings.region)
    learnt = file(settings)
    if learnt is not None:
        try:
            if of(learnt) == identity(base):
                return svm.load(learnt, with_rows=rows)
            log.warning(
                "%s was learnt from another model than %s, so it is not used: run camd learn again",
                learnt,
                base,
            )
        except ModelError as error:
            log.error("the learnt model is not used: %s", error)
    return svm.load(base, with_rows=rows)


def file(settings: Settings) -> Path | None:
    """Return the file of the learnt model; None where there is none."""
    try:
        path = paths.learnt_model(settings.name)
    except ConfigError:
        return None
    return path if path.exists() else None


def of(path: Path) -> str:
    """Return the SHA-256 of the model that a learnt one was made of; empty for others. Raises
    ModelError."""
    learnt = _meta(path).get(KEY)
    return str(learnt.get("of", "")) if isinstance(learnt, Mapping) else ""


def identity(path: Path) -> str:
    """Return the SHA-256 of a model. Raises ModelError."""
    return str(_meta(path).get("sha256", ""))


def put(settings: Settings, content: bytes) -> Path:
    """Put a learnt model in force from the next start or reload on. Raises CamdError."""
    path = paths.learnt_model(settings.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.with_name(path.name + BEFORE)
        if path.exists():
            files.write(before, path.read_bytes(), mode=READABLE)
        else:
            before.unlink(missing_ok=True)
        files.write(path, content, mode=READABLE)
    except OSError as error:
        raise CamdError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def back(settings: Settings) -> str:
    """Bring the model before back, and say which that is. Raises CamdError."""
    path = paths.learnt_model(settings.name)
    before = path.with_name(path.name + BEFORE)
    try:
        if before.exists():
            before.replace(path)
            return "the model learnt before"
        if path.exists():
            path.unlink()
            return "the model that learnt nothing"
    except OSError as error:
        raise CamdError(f"{path} cannot be changed: {error.strerror or error}") from error
    raise CamdError("nothing was learnt, so there is no old model to bring back")


def _meta(path: Path) -> Mapping[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = json.loads(stored["meta"].tobytes())
    except Exception as error:  # whatever was raised, the cause is in the file
        raise ModelError(f"{path}: damaged or not a camd model: {error}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{path}: not a camd model")
    return found
