from pathlib import Path

import pytest

from camd import paths
from camd.classify import model_file, svm
from training.fit.export import carry_surroundings, write


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "digits.npz"
    write(file, b"old")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("camd.files.os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "m.npz", b"new")
    assert (tmp_path / "a" / "b" / "m.npz").read_bytes() == b"new"


def test_weights_of_surroundings_are_taken_over_where_there_are_any(tmp_path: Path) -> None:
    arrays, meta = model_file.read(paths.model_file())
    known = meta.pop("surroundings")
    assert svm.build(arrays, meta, with_rows=False).surroundings == ()
    _, carried = carry_surroundings(paths.model_file(), dict(arrays), meta)
    assert carried["surroundings"] == known
    assert carry_surroundings(tmp_path / "none.npz", dict(arrays), meta)[1] is meta
