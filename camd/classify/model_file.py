"""Reads a model file: trusts nothing in it, and runs no code from it. What must be in it is said in
model_schema.py.
"""

import hashlib
import json
import textwrap
import zipfile
from pathlib import Path

import numpy as np

from camd.classify import model_schema
from camd.classify.model_schema import Arrays, Meta
from camd.errors import ModelError

FORMAT = "camd-svm"
VERSION = 2
MAX_UNPACKED = 64 * 2**20
"""Bytes; a larger file is refused, before it takes memory. The shipped model has 9 MB."""

REBUILD = "rebuild it with `camd train`"


def read(path: Path) -> tuple[Arrays, Meta]:
    """Read a model file and check all that can be checked without running it.

    Raises ModelError, whose text says what to do."""
    try:
        arrays, meta = _unpack(path)
        problem = model_schema.problem(arrays, meta)
        intact = digest(arrays, meta) == meta.get("sha256")
    except ModelError:
        raise
    except FileNotFoundError as exc:
        raise ModelError(
            f"{path}: no such model file; name another one, or make it with `camd train`"
        ) from exc
    except OSError as exc:
        raise ModelError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except Exception as exc:  # whatever was raised, the cause is in the file
        raise ModelError(
            f"{path}: damaged, cut short or not a camd model ({short(exc)}); {REBUILD}"
        ) from exc
    if problem:
        raise ModelError(f"{path}: {problem}; {REBUILD}")
    if not intact:
        raise ModelError(f"{path}: damaged (its checksum does not match); {REBUILD}")
    return arrays, meta


def short(error: Exception) -> str:
    """Return the error's kind and text, cut to 160 letters: its text may be a part of the file."""
    return textwrap.shorten(f"{type(error).__name__}: {error}", 160)


def digest(arrays: Arrays, meta: Meta) -> str:
    """Return the SHA-256 of meta, without its entry for this digest, and of the names, dtypes,
    shapes and bytes of all other arrays."""
    own = {key: value for key, value in meta.items() if key != "sha256"}
    total = hashlib.sha256(json.dumps(own, sort_keys=True).encode())
    for name in sorted(set(arrays) - {"meta"}):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _unpack(path: Path) -> tuple[Arrays, Meta]:
    if path.stat().st_size > MAX_UNPACKED:  # else the list of its parts alone could take all memory
        raise ModelError(f"{path}: larger than {MAX_UNPACKED >> 20} MiB, so it is no camd model")
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80" or path.suffix in {".pkl", ".pickle", ".joblib"}:
        raise ModelError(
            f"{path}: a pickle (joblib) file; reading it would run any code in it, so camd "
            "does not: train the model again with `camd train`"
        )
    if head != b"PK":
        raise ModelError(f"{path}: empty, cut short or not a camd model; {REBUILD}")
    with zipfile.ZipFile(path) as directory:
        sizes = {info.filename: info.file_size for info in directory.infolist()}
    if sum(sizes.values()) > MAX_UNPACKED:
        raise ModelError(f"{path}: unpacks to more than {MAX_UNPACKED >> 20} MiB, refused")
    if "meta.npy" not in sizes:
        raise ModelError(f"{path}: not a camd model; {REBUILD}")
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(stored["meta"].tobytes())
        if not isinstance(meta, dict) or meta.get("format") != FORMAT:
            raise ModelError(f"{path}: not a camd model; {REBUILD}")
        if meta.get("version") != VERSION:
            raise ModelError(
                f"{path}: format version {meta.get('version')}, this camd reads {VERSION}; "
                f"update camd or {REBUILD}"
            )
        return {name: stored[name] for name in model_schema.names(meta)}, meta
