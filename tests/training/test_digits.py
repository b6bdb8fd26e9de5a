import gzip
import struct
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd.errors import DataError
from training import digits as data


def digits(count: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, (np.arange(count) % 10).astype(np.uint8)


def write_npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path / "d.npz", **arrays)
    return path / "d.npz"


def write_idx(path: Path, images: np.ndarray, labels: np.ndarray, gz: bool) -> Path:
    for part, which in (("train", slice(40)), ("t10k", slice(40, None))):
        some, names = images[which], labels[which]
        for name, head, content in (
            (f"{part}-images-idx3-ubyte", struct.pack(">IIII", 2051, len(some), 28, 28), some),
            (f"{part}-labels-idx1-ubyte", struct.pack(">II", 2049, len(names)), names),
        ):
            whole = head + content.tobytes()
            if gz:
                (path / f"{name}.gz").write_bytes(gzip.compress(whole))
            else:
                (path / name).write_bytes(whole)
    return path


def write_folders(path: Path, images: np.ndarray, labels: np.ndarray) -> Path:
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = path / str(label)
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{index:03}.png"), image)
    return path


def test_npz_idx_and_folders_hold_the_same(tmp_path: Path) -> None:
    images, labels = digits()
    for name in ("idx", "gz", "folders"):
        (tmp_path / name).mkdir()
    read = [
        data.load(write_npz(tmp_path, x=images, y=labels)),
        data.load(write_npz(tmp_path, x=images.reshape(-1, 784).astype(float), y=labels)),
        data.load(write_idx(tmp_path / "idx", images, labels, gz=False)),
        data.load(write_idx(tmp_path / "gz", images, labels, gz=True)),
    ]
    for one in read:
        np.testing.assert_array_equal(one.images, images)
        np.testing.assert_array_equal(one.labels, labels)
    folders = data.load(write_folders(tmp_path / "folders", images, labels))
    order = np.argsort(labels, kind="stable")
    np.testing.assert_array_equal(folders.images, images[order])
    np.testing.assert_array_equal(folders.labels, labels[order])


@pytest.mark.parametrize("gz", [False, True])
def test_one_idx_file_brings_the_labels_beside_it(tmp_path: Path, gz: bool) -> None:
    images, labels = digits()
    write_idx(tmp_path, images, labels, gz=gz)
    read = data.load(tmp_path / f"train-images-idx3-ubyte{'.gz' if gz else ''}")
    np.testing.assert_array_equal(read.images, images[:40])
    np.testing.assert_array_equal(read.labels, labels[:40])


def test_labels_may_be_packed_where_images_are_not(tmp_path: Path) -> None:
    images, labels = digits()
    write_idx(tmp_path, images, labels, gz=False)
    beside = tmp_path / "t10k-labels-idx1-ubyte"
    beside.with_name(f"{beside.name}.gz").write_bytes(gzip.compress(beside.read_bytes()))
    beside.unlink()
    np.testing.assert_array_equal(
        data.load(tmp_path / "t10k-images-idx3-ubyte").labels, labels[40:]
    )


def test_what_is_wrong_with_one_idx_file_is_said(tmp_path: Path) -> None:
    write_idx(tmp_path, *digits(), gz=False)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    (tmp_path / "sheet.png").write_bytes(b"\x89PNG")
    for name, says in (
        (
            "train-images-idx3-ubyte",
            r"its labels, train-labels-idx1-ubyte or .*\.gz, are not beside",
        ),
        ("t10k-labels-idx1-ubyte", "give the IDX file of the images"),
        ("sheet.png", r"neither an \.npz nor an IDX file; for images give their folder"),
        ("t10k-images-idx3-ubyte.gz", "no such file"),
    ):
        with pytest.raises(DataError, match=says):
            data.load(tmp_path / name)


def test_what_is_no_digit_comes_from_the_folder_none(tmp_path: Path) -> None:
    images, labels = digits(20)
    write_folders(tmp_path, images, labels)
    (tmp_path / "none").mkdir()
    cv2.imwrite(str(tmp_path / "none" / "a.png"), images[0])
    assert data.load(tmp_path).labels.tolist().count(data.NONE) == 1


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.zeros((10, 27, 28), np.uint8), np.arange(10), r"shape \(10, 27, 28\)"),
        (np.zeros((10, 28, 28), np.uint8), np.arange(9), "10 images, labels of the shape"),
        (np.zeros((10, 28, 28), np.uint8), np.arange(1, 11), "label outside 0..9"),
        (np.zeros((10, 28, 28), np.uint8), np.arange(10) - 1, "label outside 0..9"),
        (np.zeros((10, 28, 28), np.uint8), np.arange(10) % 9, "no image of the digit 9"),
        (np.full((10, 28, 28), np.nan), np.arange(10), "not a whole number"),
        (np.full((10, 28, 28), 256.0), np.arange(10), "pixel outside 0..255"),
        (np.full((10, 28, 28), "a"), np.arange(10), "not numbers"),
        (np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8), "no image of the digit 0, 1"),
    ],
)
def test_wrong_contents_are_named(tmp_path: Path, x: np.ndarray, y: np.ndarray, says: str) -> None:
    with pytest.raises(DataError, match=says):
        data.load(write_npz(tmp_path, x=x, y=y))


def test_wrong_files_are_named(tmp_path: Path) -> None:
    images, labels = digits()
    whole = write_npz(tmp_path, x=images, y=labels)
    cut = tmp_path / "cut.npz"
    cut.write_bytes(whole.read_bytes()[:9000])
    pickled = tmp_path / "p.npz"
    np.savez(pickled, x=np.array([{}]), y=labels)
    for path, says in (
        (tmp_path / "nowhere.npz", "no such file"),
        (cut, "cut short"),
        (pickled, "damaged"),
        (write_npz(tmp_path, x=images), "no array y"),
    ):
        with pytest.raises(DataError, match=says):
            data.load(path)


def test_wrong_idx_files_are_named(tmp_path: Path) -> None:
    images, labels = digits()
    write_idx(tmp_path, images, labels, gz=True)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    whole = file.read_bytes()
    for content, says in (
        (whole[:500], "cut short"),
        (b"text", "cannot be read"),
        (gzip.compress(gzip.decompress(whole)[:-1]), "cut short"),
        (gzip.compress(b"\0\0\x08\x01" + b"\0" * 12), "not an IDX file"),
    ):
        file.write_bytes(content)
        with pytest.raises(DataError, match=says):
            data.load(tmp_path)
    file.unlink()
    with pytest.raises(DataError, match="train-images or train-labels is missing"):
        data.load(tmp_path)


def test_wrong_image_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no images in folders"):
        data.load(tmp_path)
    write_folders(tmp_path, *digits(10))
    cv2.imwrite(str(tmp_path / "3" / "big.png"), np.zeros((20, 30), np.uint8))
    with pytest.raises(DataError, match=r"big\.png: 30x20 pixels, must be 28x28"):
        data.load(tmp_path)
    (tmp_path / "3" / "big.png").write_text("not an image")
    with pytest.raises(DataError, match=r"big\.png: not an image"):
        data.load(tmp_path)


def test_without_a_network_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("no_proxy", "")
    # It keeps the proxies of the first address that any test has opened.
    monkeypatch.setattr(urllib.request, "_opener", None)
    with (
        pytest.warns(UserWarning, match="Retrying"),
        pytest.raises(DataError, match=r"OpenML.*refused.*go online once.*--data"),
    ):
        data.load(None)
    assert not list(tmp_path.rglob("*.npz"))


def test_mnist_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = digits()
    fetched = []

    class Bunch:
        data = images.reshape(-1, 784).astype(float)
        target = labels.astype(str).astype(object)

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(data, "fetch_openml", lambda *_, **__: fetched.append(1) or Bunch)
    for _ in range(2):
        np.testing.assert_array_equal(data.load(None).images, images)
    assert fetched == [1]


def test_the_last_ten_thousand_of_mnist_are_its_test() -> None:
    images = np.zeros((70_000, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(70_000) >= 60_000
    learn, test = data.hold_out(data.Digits(images, np.arange(70_000) % 10))
    assert (len(learn), len(test)) == (60_000, 10_000)
    assert not learn.images.any()
    assert test.images[:, 0, 0].all()


def test_other_data_keeps_back_a_seventh_of_each_class() -> None:
    images, labels = digits(140)
    learn, test = data.hold_out(data.Digits(images, labels.astype(np.int64)))
    assert np.bincount(test.labels).tolist() == [2] * 10
    seen = {image.tobytes() for image in learn.images}
    assert not any(image.tobytes() in seen for image in test.images)


def test_too_few_images_to_hold_any_back() -> None:
    images, labels = digits(10)
    with pytest.raises(DataError, match="too few"):
        data.hold_out(data.Digits(images, labels.astype(np.int64)))
