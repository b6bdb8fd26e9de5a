from pathlib import Path

import numpy as np
import pytest

from camd.errors import DataError
from tests.training.fit.small_digits import digits
from training import hands


def write(folder: Path) -> None:
    """Write small files in the forms of the real ones."""
    some = digits()
    bits = (some.images > 90).astype(np.uint8)
    order = np.argsort(some.labels, kind="stable")[:1600]
    labels = some.labels[order]
    np.savez(folder / "semeion.npz", x=bits[order][:, 6:22, 6:22], y=labels)
    np.savez(
        folder / "pendigits_drawn28.npz",
        x_train=some.images[:300],
        y_train=some.labels[:300],
        x_test=some.images[300:400],
        y_test=some.labels[300:400],
    )
    cells = np.pad(some.images[:200], ((0, 0), (6, 6), (6, 6)))
    cells[:20, 0] = 255  # what is left of a cell's frame
    marked = some.labels[:200].copy()
    np.savez(folder / "printed_kaydee.npz", x=cells, y=marked)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> hands.Hands:
    folder = tmp_path_factory.mktemp("hands")
    write(folder)
    return hands.load(folder)


def test_crops_are_as_mnist_was_made(found: hands.Hands) -> None:
    for some in (found.learn, *found.tests.values()):
        assert some.images.shape[1:] == (28, 28)
        assert some.images.dtype == np.uint8
        assert (some.images.max(axis=(1, 2)) > 200).all()
        ink = some.images > 60
        assert (ink.any(axis=2).sum(axis=1) <= 21).all()
        assert (ink.any(axis=1).sum(axis=1) <= 21).all()


def test_a_set_is_parted_as_its_writers_are(found: hands.Hands) -> None:
    assert set(found.tests) == {"semeion", "pendigits", "printed"}
    assert len(found.tests["pendigits"]) == 100
    assert len(found.tests["semeion"]) == pytest.approx(800, abs=10)
    assert set(found.licences) == set(found.tests)


def test_half_of_the_writers_of_semeion_are_only_tested_with(tmp_path: Path) -> None:
    labels = np.repeat(np.arange(10), 160)
    writer = np.tile(np.arange(80), 20)
    bits = np.zeros((1600, 16, 16), np.uint8)
    bits[:, 2:14, 7] = 1
    bits[np.arange(1600), 0, writer % 16] = 1
    np.savez(tmp_path / "semeion.npz", x=bits, y=labels)
    found = hands.load(tmp_path)
    assert len(found.learn) == len(found.tests["semeion"]) == 800


def test_empty_cells_and_frames_are_left_out(found: hands.Hands) -> None:
    printed = found.tests["printed"]
    assert (printed.labels > 0).all()
    some = digits()
    kept = ((some.labels[:200] > 0) & (np.arange(200) >= 20)).sum()
    assert len(printed) <= kept / 6


def test_a_folder_without_them_or_a_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"semeion\.npz"):
        hands.load(tmp_path)
    (tmp_path / "semeion.npz").write_bytes(b"PK no archive")
    with pytest.raises(DataError, match=r"semeion\.npz: damaged"):
        hands.load(tmp_path)
    np.savez(tmp_path / "semeion.npz", y=np.zeros(3))
    with pytest.raises(DataError, match=r"semeion\.npz: damaged"):
        hands.load(tmp_path)
