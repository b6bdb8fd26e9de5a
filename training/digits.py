"""Reads images of digits to learn from, checks them, and sets some apart for testing."""

import functools
import gzip
import hashlib
import logging
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml
from sklearn.model_selection import train_test_split

from camd import paths
from camd.errors import DataError
from camd.values import SIDE

log = logging.getLogger(__name__)

MNIST_SIZE = 70_000
"""Number of images in MNIST; data with so many images are taken for MNIST."""
MNIST_TRAIN = 60_000
"""Number of MNIST's training images, which come first."""
NONE = -1
"""Label of images that are not digits."""

_IDX_IMAGES, _IDX_LABELS = 2051, 2049
"""The magic numbers at the beginning of IDX files of images and of labels."""
_IDX_PARTS = ("train", "t10k")
"""How the names of MNIST's IDX files begin: training images, test images."""
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    images: NDArray[np.uint8]
    """(N, 28, 28), bright ink on 0."""
    labels: NDArray[np.int64]
    """(N,): 0..9, or NONE."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: NDArray[np.intp] | slice) -> "Digits":
        return Digits(self.images[index], self.labels[index])

    def sha256(self) -> str:
        total = hashlib.sha256(np.ascontiguousarray(self.images).tobytes())
        total.update(self.labels.astype(np.int8).tobytes())
        return total.hexdigest()


def load(path: Path | None) -> Digits:
    """Read digits from an .npz file (arrays x and y), a folder of IDX files, one IDX file of images
    with the file of its labels beside it, or a folder with folders 0 to 9 of images. None stands
    for MNIST from OpenML, which is kept in the user's cache directory.

    Raises DataError, whose text says which file is wrong and why."""
    if path is None:
        return _checked(_openml(), "OpenML's mnist_784")
    if path.is_dir():
        found = _idx_files(path)
        return _checked(_idx(found) if found else load_folder(path), str(path))
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; give an .npz, IDX files or a folder 0..9")
    if path.suffix == ".npz":
        return _checked(_npz(path), str(path))
    return _checked(_idx([(path, _labels_beside(path))]), str(path))


def load_folder(path: Path) -> Digits:
    """Read all images of the folders 0 to 9 and `none` in a folder. Raises DataError."""
    images, labels = [], []
    for label, name in [(NONE, "none"), *((digit, str(digit)) for digit in range(10))]:
        for file in sorted((path / name).glob("*")):
            if file.suffix.lower() not in _PICTURES:
                continue
            image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if image is None:
                raise DataError(f"{file}: not an image that can be read")
            if image.shape != (SIDE, SIDE):
                height, width = image.shape
                raise DataError(f"{file}: {width}x{height} pixels, must be {SIDE}x{SIDE}")
            images.append(np.asarray(image, np.uint8))
            labels.append(label)
    if not images:
        raise DataError(f"{path}: no images in folders named 0 to 9")
    return Digits(np.stack(images), np.array(labels, np.int64))


def hold_out(digits: Digits) -> tuple[Digits, Digits]:
    """Split into (training, test). The last 10,000 images of MNIST are its test images. Of any
    other data, a seventh of each class becomes the test."""
    if len(digits) == MNIST_SIZE:
        return digits.take(slice(MNIST_TRAIN)), digits.take(slice(MNIST_TRAIN, None))
    learn, test = stratified(digits.labels, 1 / 7)
    return digits.take(learn), digits.take(test)


def notebook_split() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the indices of those MNIST images with which the notebook trained and chose its machine,
    and of those with which it tested."""
    learnt, test = train_test_split(np.arange(MNIST_SIZE), test_size=10_000, random_state=42)
    return learnt, test


def stratified(
    labels: NDArray[np.int64], share: float | int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Split the indices of `labels` into (the rest, `share` of them), with the same proportions of
    classes in both. The split is the same each time. Raises DataError when a class is too small."""
    try:
        rest, part = train_test_split(
            np.arange(len(labels)), test_size=share, random_state=42, stratify=labels
        )
    except ValueError as exc:
        raise DataError(f"too few images to hold some back for testing: {exc}") from exc
    return np.sort(rest), np.sort(part)


def join(first: Digits, second: Digits) -> Digits:
    return Digits(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.labels, second.labels]),
    )


def _checked(digits: Digits, origin: str) -> Digits:
    counts = np.bincount(digits.labels[digits.labels >= 0], minlength=10)
    empty = np.flatnonzero(counts == 0)
    if empty.size:
        raise DataError(f"{origin}: no image of the digit {', '.join(map(str, empty))}")
    return digits


def _digits(images: NDArray[np.generic], labels: NDArray[np.generic], origin: str) -> Digits:
    """Check arrays that were read from a file, and make Digits of them."""
    if images.ndim == 2 and images.shape[1] == SIDE * SIDE:
        images = images.reshape(-1, SIDE, SIDE)
    if images.ndim != 3 or images.shape[1:] != (SIDE, SIDE):
        raise DataError(f"{origin}: images of the shape {images.shape}, not (N, {SIDE}, {SIDE})")
    if labels.shape != (len(images),):
        raise DataError(f"{origin}: {len(images)} images, labels of the shape {labels.shape}")
    if images.dtype.kind not in "uif" or labels.dtype.kind not in "uif":
        raise DataError(f"{origin}: {images.dtype} images and {labels.dtype} labels, not numbers")
    for name, values, top in (("pixel", images, 255), ("label", labels, 9)):
        if values.size and not (np.isfinite(values).all() and (values == np.floor(values)).all()):
            raise DataError(f"{origin}: a {name} that is not a whole number")
        if values.size and (values.min() < 0 or values.max() > top):
            raise DataError(f"{origin}: a {name} outside 0..{top}")
    return Digits(images.astype(np.uint8), labels.astype(np.int64))


def _npz(path: Path) -> Digits:
    try:
        with np.load(path, allow_pickle=False) as stored:
            if missing := {"x", "y"} - set(stored):
                raise DataError(f"{path}: no array {' and '.join(sorted(missing))} in it")
            return _digits(stored["x"], stored["y"], str(path))
    except OSError as exc:
        raise DataError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except (ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as exc:
        raise DataError(f"{path}: damaged, cut short, or not an .npz ({exc})") from exc


def _idx_files(folder: Path) -> list[tuple[Path, Path]]:
    """Find the four files as pairs (images, labels). Their names may be spelt with a dot or a
    hyphen."""
    found = []
    for part in _IDX_PARTS:
        pair = [
            next(iter(sorted(folder.glob(f"{part}-{kind}?idx{rank}-ubyte*"))), None)
            for kind, rank in (("images", 3), ("labels", 1))
        ]
        if pair == [None, None]:
            continue
        if pair[0] is None or pair[1] is None:
            raise DataError(f"{folder}: {part}-images or {part}-labels is missing")
        found.append((pair[0], pair[1]))
    if found and len(found) != len(_IDX_PARTS):
        raise DataError(f"{folder}: needs both the train- and the t10k- files")
    return found


def _idx(pairs: list[tuple[Path, Path]]) -> Digits:
    parts = [
        _digits(_idx_file(images, _IDX_IMAGES, 3), _idx_file(labels, _IDX_LABELS, 1), str(images))
        for images, labels in pairs
    ]
    return functools.reduce(join, parts)


def _labels_beside(images: Path) -> Path:
    """Find the file of labels, plain or .gz, that belongs to an IDX file of images."""
    stem = images.name.removesuffix(".gz")
    if "ubyte" not in stem and "idx" not in stem:
        raise DataError(f"{images}: neither an .npz nor an IDX file; for images give their folder")
    if "images" not in stem:
        raise DataError(
            f"{images}: give the IDX file of the images; its labels are found beside it"
        )
    name = stem.replace("images", "labels").replace("idx3", "idx1")
    for labels in (images.with_name(name), images.with_name(f"{name}.gz")):
        if labels.exists():
            return labels
    raise DataError(f"{images}: its labels, {name} or {name}.gz, are not beside it")


def _idx_file(path: Path, magic: int, rank: int) -> NDArray[np.uint8]:
    """Read a file in LeCun's IDX format: a magic number, the sizes (both big-endian), the
    pixels or labels as bytes."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except OSError as exc:  # gzip.BadGzipFile is one of these
        raise DataError(f"{path}: cannot be read: {exc.strerror or exc}") from exc
    except (EOFError, zlib.error) as exc:
        raise DataError(f"{path}: cut short or damaged ({exc})") from exc
    head = 4 * (1 + rank)
    if len(content) < head or struct.unpack_from(">I", content)[0] != magic:
        raise DataError(f"{path}: not an IDX file of unsigned bytes with {rank} dimensions")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    if len(content) != head + int(np.prod(shape, dtype=object)):
        raise DataError(f"{path}: {len(content)} bytes, not what {shape} needs; cut short?")
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)


def _openml() -> Digits:
    cached = paths.cache() / "mnist.npz"
    if cached.exists():
        return _npz(cached)
    try:
        # scikit-learn's other parser would need pandas.
        bunch = fetch_openml("mnist_784", version=1, as_frame=False, parser="liac-arff")
    except (OSError, ValueError) as exc:
        raise DataError(
            f"MNIST cannot be fetched from OpenML ({exc}); go online once, or give the data with "
            "--data: an .npz with x and y, the folder of the four IDX files, or a folder 0..9"
        ) from exc
    digits = _digits(bunch.data, np.asarray(bunch.target, np.int64), "OpenML's mnist_784")
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_name("mnist.partial.npz")
        np.savez_compressed(partial, x=digits.images, y=digits.labels.astype(np.uint8))
        partial.replace(cached)
    except OSError as exc:
        log.warning("%s cannot be written, so MNIST is not kept: %s", cached, exc.strerror)
    return digits
