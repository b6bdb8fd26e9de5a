import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd import files
from camd.files import NotTextError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.txt"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@given(st.text(st.characters(codec="utf-8")).filter(lambda text: text[:1] != "\ufeff"))
def test_utf_8_is_read_with_and_without_a_mark(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "text.txt"
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_bytes(text.encode(encoding))
        assert files.read_text(path) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_text_of_two_or_four_bytes_a_letter_is_named(path: Path, encoding: str) -> None:
    for order in ("le", "be"):
        path.write_bytes("\ufeffpassword".encode(f"{encoding}-{order}"))
        with pytest.raises(NotTextError, match=f"^is {encoding.upper()} text; save it as UTF-8$"):
            files.read_text(path)


def test_another_encoding_is_refused_with_its_line_and_no_letter_of_it(path: Path) -> None:
    path.write_bytes("one\ntwo\nsecret pässword\n".encode("latin-1"))
    with pytest.raises(NotTextError, match=r"in line 3 .*save it as UTF-8") as caught:
        files.read_text(path)
    assert caught.value.__cause__ is None
    assert "ssword" not in repr(caught.value)


def test_a_file_without_end_is_no_text() -> None:
    with pytest.raises(NotTextError, match="larger than 64 MiB"):
        files.read_text(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["gone", ".", "a\0b", "x" * 300])
def test_what_cannot_be_read_is_an_oserror_with_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011
        files.read_text(tmp_path / name)
    assert caught.value.strerror


def test_who_has_the_file_open_keeps_what_it_was(path: Path) -> None:
    files.write(path, b"old and long")
    with path.open("rb") as reader:
        files.write(path, b"new")
        assert reader.read() == b"old and long"
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["a.txt"]


def test_a_planted_link_is_replaced_and_what_it_leads_to_is_left_alone(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_bytes(b"precious")
    path.symlink_to(victim)
    files.write(path, b"new")
    assert victim.read_bytes() == b"precious"
    assert not path.is_symlink()
    assert path.read_bytes() == b"new"
    path.unlink()
    path.symlink_to(path.with_name("nowhere"))
    files.write(path, b"new")
    assert names(path.parent) == ["a.txt", "victim"]


def test_the_name_on_the_way_cannot_be_guessed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where it is taken all the same, by a link, nothing is written there."""
    seen = set()
    for _ in range(3):
        with files.replacing(path, b"new") as fresh:
            seen.add(fresh)
    assert len(seen) == 3
    monkeypatch.setattr("camd.files.secrets.token_hex", lambda _: "guessed")
    victim = path.with_name("victim")
    path.with_name(".a.txt.guessed").symlink_to(victim)
    with pytest.raises(FileExistsError):
        files.write(path, b"newer")
    assert not victim.exists()
    assert path.read_bytes() == b"new"


def test_rights_are_those_asked_for_or_those_of_the_umask(path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write(path, b"")
        assert path.stat().st_mode & 0o777 == 0o640
        files.write(path, b"", mode=0o644)
        assert path.stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


@pytest.mark.parametrize("target", ["/dev/null", "/"])
def test_what_is_no_ordinary_file_stays(path: Path, target: str) -> None:
    path.symlink_to(target)
    with pytest.raises(OSError, match="not an ordinary file") as caught:
        files.write(path, b"new")
    assert caught.value.errno == errno.EINVAL
    assert path.is_symlink()


def test_a_failure_leaves_the_old_file_and_no_other(path: Path) -> None:
    files.write(path, b"old")
    with pytest.raises(ZeroDivisionError), files.replacing(path, b"new"):
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    assert names(path.parent) == ["a.txt"]
