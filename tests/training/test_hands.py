from pathlib import Path

import numpy as np
import pytest

from camd.errors import DataError
from tests.training.fit.small_digits import digits
from training import hands

ROUNDS = (20, 20, 20, 20, 40, 40)
"""How many people write each digit in the rounds of Semeion."""


def write(folder: Path) -> None:
    """Write small files in the forms of the real ones."""
    some = digits()
    bits = (some.images > 90).astype(np.uint8)
    own = [np.flatnonzero(some.labels == value) for value in range(10)]
    order = np.concatenate([own[value][:many] for many in ROUNDS for value in range(10)])
    np.savez(folder / "semeion.npz", x=bits[order][:, 6:22, 6:22], y=some.labels[order])
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
    assert len(found.tests["semeion"]) == 400
    assert set(found.licences) == set(found.tests)


def test_each_image_tells_how_large_its_set_is(found: hands.Hands) -> None:
    assert len(found.alike) == len(found.learn)
    sizes, images = np.unique(found.alike, return_counts=True)
    assert sizes.tolist() == images.tolist()  # the three sets differ in size
    assert set(sizes) >= {300, 1200}


def test_both_sheets_of_a_writer_of_semeion_are_learnt_or_both_are_tested_with(
    tmp_path: Path,
) -> None:
    labels = np.concatenate([np.repeat(np.arange(10), many) for many in ROUNDS])
    writers = [range(20), range(20), range(20, 40), range(20, 40), range(40, 80), range(40, 80)]
    writer = np.concatenate([np.tile(list(some), 10) for some in writers])
    bits = np.zeros((1600, 16, 16), np.uint8)
    bits[:, :, 7] = bits[:, 7, writer % 16] = 1
    bits[np.arange(1600), :8, 3] = writer[:, None] >> np.arange(8) & 1
    missing = 53  # as in the original, where some writers left a digit out
    np.savez(tmp_path / "semeion.npz", x=np.delete(bits, missing, 0), y=np.delete(labels, missing))
    whose = np.delete(writer, missing)
    found = hands.load(tmp_path)
    of = {
        crop.tobytes(): int(who)
        for crop, who in zip(hands._crops(np.delete(bits, missing, 0)), whose, strict=True)
    }
    learnt = {of[crop.tobytes()] for crop in found.learn.images}
    tested = {of[crop.tobytes()] for crop in found.tests["semeion"].images}
    assert tested == set(range(20, 40))
    assert learnt == {*range(20), *range(40, 80)}


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
