from pathlib import Path

import pytest

from camd.errors import CamdError
from training.study.cache import Cache


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path) -> None:
    assert Cache(tmp_path).get({"fold": 1}) is None
    Cache(tmp_path).put({"fold": 1}, [1, 2])
    assert Cache(tmp_path).get({"fold": 1}) == [1, 2]
    assert Cache(tmp_path).get({"fold": 2}) is None


def test_the_order_of_a_key_does_not_matter(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({"a": 1, "b": None}, "value")
    assert cache.get({"b": None, "a": 1}) == "value"


def test_an_entry_cut_short_is_no_entry(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path)
    cache.put({"fold": 1}, list(range(1000)))
    (stored,) = tmp_path.rglob("output.pkl")
    stored.write_bytes(stored.read_bytes()[:50])
    assert cache.get({"fold": 1}) is None
    assert "computed again" in caplog.text
    assert "Traceback" not in caplog.text
    cache.put({"fold": 1}, "again")
    assert cache.get({"fold": 1}) == "again"


def test_a_folder_that_cannot_be_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CamdError, match="--cache"):
        Cache(tmp_path / "file" / "folder")
