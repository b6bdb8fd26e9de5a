"""Reads text files that people wrote in any editor; writes files completely or not at all."""

import codecs
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 64 * 2**20
"""The longest text file that is read. No person wrote a longer one: it is a picture, or a device
that never ends."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""Byte order marks that a file may begin with. Those of UTF-32 come first: they begin like those of
UTF-16."""


class NotTextError(ValueError):
    """The file is not UTF-8. Its text says what to do; in a message it follows the file's name."""


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, without the byte order mark that editors on Windows put
    before it. Line ends stay as they are.

    Raises NotTextError, and OSError where it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except ValueError as exc:  # a name with a NUL, which no file has
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from exc
    if len(content) > MOST_BYTES:
        raise NotTextError(f"is larger than {MOST_BYTES >> 20} MiB, so it is no text file")
    for mark, name in _MARKS:
        if content.startswith(mark):
            raise NotTextError(f"is {name} text; save it as UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        # The message must not show the text there: it may be a part of a password.
        line = content.count(b"\n", 0, exc.start) + 1
        raise NotTextError(
            f"is not UTF-8 text (a letter in line {line} is in another encoding); save it as UTF-8"
        ) from None


@contextmanager
def replacing(
    path: Path, content: bytes, *, mode: int | None = None, durable: bool = True
) -> Iterator[Path]:
    """Write `content` to a new file beside `path`, and rename it to `path` at the end of the block
    unless the block raises. So whoever reads `path` finds all of the old content or all of the new.

    A link at `path` is replaced, never followed: in a directory of several people somebody may have
    put it there to make camd write elsewhere. `mode`: the file's rights; None: by the umask.
    `durable`: make sure of it even at a power cut. Raises OSError; then the old file is still
    there."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not an ordinary file", str(path))
    # A name that nobody can guess, and that is not taken yet by a file or a link.
    fresh = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    handle = os.open(fresh, flags, 0o666 if mode is None else mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if mode is not None:
                fresh.chmod(mode)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        yield fresh
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def write(path: Path, content: bytes, *, mode: int | None = None, durable: bool = True) -> None:
    """Replace the file `path` as a whole; see `replacing`."""
    with replacing(path, content, mode=mode, durable=durable):
        pass
