import tomllib
from pathlib import Path

import pytest

from camd.config import edit, layers
from camd.config.edit import rewrite, with_table, with_value, without_table
from camd.config.text import defaults
from camd.errors import ConfigError


@pytest.fixture(autouse=True)
def no_files_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "SYSTEM_FILE", tmp_path / "system.toml")
    monkeypatch.setattr(layers, "user_file", lambda: tmp_path / "home" / "user.toml")


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that differ, where as many are there as before."""
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [(one, other) for one, other in pairs if one != other]


def test_the_commented_default_comes_alive() -> None:
    text = with_value(defaults(), "model", "min_confidence", 0.87)
    ((before, after),) = changed(defaults(), text)
    assert before.startswith("# min_confidence = 0.5")
    assert after.startswith("min_confidence = 0.87")
    assert "# digits with less confidence are not published" in after
    again = with_value(text, "model", "min_confidence", 0.91)
    ((_, after),) = changed(text, again)
    assert after.startswith("min_confidence = 0.91")
    assert "# digits with less confidence are not published" in after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model.threads = 2  # both\n",
        "model = {threads = 2}\n",
        "[model]\nmin_confidence=0.1 # mine\n",
        "[ model ]  # of digits\r\nthreads = 2\r\n\r\n# about tracks\r\n[track]\r\n",
        "[track]\n# about lines\n\n[lines]\ngap = 2",
        "# min_confidence = 0.2 is too little\n[track]\n[model] # last",
    ],
)
def test_a_value_finds_its_place_in_any_layout(text: str) -> None:
    after = with_value(text, "model", "min_confidence", 0.9)
    expected = tomllib.loads(text)
    expected.setdefault("model", {})["min_confidence"] = 0.9
    assert tomllib.loads(after) == expected
    for line in text.splitlines():
        if "0.1" not in line and "{" not in line:
            assert line in after


def test_a_comment_stays_with_what_it_is_about() -> None:
    text = "[model]\nthreads = 2\n\n# about tracks\n[track]\nsettle_ms = 100\n"
    after = with_value(text, "model", "min_confidence", 0.9)
    assert "\n# about tracks\n[track]\n" in after
    text = '[[mask]]\nname = "a"\npolygon = []\n\n# about tracks\n[track]\nsettle_ms = 100\n'
    after = with_table(text, "mask", {"name": "b"})
    assert after == text + '\n[[mask]]\nname = "b"\n'
    assert without_table(after, "mask", "a") == after[after.index("# about") :]


REGIONS = """\
name = "cellar"  # where it hangs

# the gas meter
[[region]]
name = "gas"
polygon = [
    [0.1, 0.1],  # top left
    [0.2, 0.1],
    [0.2, 0.2],
]
decimals = 3  # red ones

# the water meter
[[region]]
name = "water"
polygon = [[0.5, 0.5], [0.6, 0.5], [0.6, 0.6]]
"""


def test_a_table_is_appended_changed_and_taken_out() -> None:
    drawn = [[0.7, 0.7], [0.8, 0.7], [0.8, 0.8], [0.7, 0.8]]
    three = with_table(REGIONS, "region", {"name": "power", "corners": drawn, "digits": None})
    assert three.startswith(REGIONS)
    assert tomllib.loads(three)["region"][2] == {"name": "power", "corners": drawn}

    moved = with_table(REGIONS, "region", {"name": "gas", "polygon": None, "corners": drawn})
    assert "decimals = 3  # red ones\n\n# the water meter" in moved
    gas, water = tomllib.loads(moved)["region"]
    assert gas == {"name": "gas", "decimals": 3, "corners": drawn}
    assert water == tomllib.loads(REGIONS)["region"][1]

    first, last = 'name = "cellar"  # where it hangs\n\n', REGIONS[REGIONS.index("# the water") :]
    assert without_table(REGIONS, "region", "gas") == first + last
    assert without_table(REGIONS, "region", "water") == REGIONS[: REGIONS.index("# the water")]
    with pytest.raises(ConfigError, match="no region 'power' in this file; it has gas, water"):
        without_table(REGIONS, "region", "power")
    with pytest.raises(ConfigError, match="no mask 'gas' in this file; it has none"):
        without_table(REGIONS, "mask", "gas")


def test_a_file_is_replaced_as_a_whole_and_stays_as_private(tmp_path: Path) -> None:
    file, link = tmp_path / "real.toml", tmp_path / "link.toml"
    file.write_text(REGIONS)
    file.chmod(0o640)
    link.symlink_to(file)
    rewrite(link, lambda text: with_value(text, "model", "min_confidence", 0.9))
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert layers.load(file, environ={}).settings.model.min_confidence == 0.9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.toml", "real.toml"]


def test_a_byte_order_mark_and_the_ends_of_lines_are_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / "real.toml"
    file.write_bytes(b"\xef\xbb\xbf[track]\r\nsettle_ms = 100\r\n")
    rewrite(file, lambda text: with_value(text, "track", "settle_ms", 200))
    assert file.read_bytes() == b"[track]\r\nsettle_ms = 200\r\n"
    file.write_bytes("[track]\n".encode("utf-16"))
    with pytest.raises(ConfigError, match=r"real\.toml: is UTF-16 text; save it as UTF-8"):
        rewrite(file, lambda text: text)


def test_a_new_file_comes_with_its_directory(tmp_path: Path) -> None:
    file = edit.file_in_use(None)
    rewrite(file, lambda text: with_value(text, "model", "min_confidence", 0.9))
    assert file == tmp_path / "home" / "user.toml"
    assert layers.load(environ={}).settings.model.min_confidence == 0.9


def test_the_file_in_use(tmp_path: Path) -> None:
    system, user, named = tmp_path / "system.toml", tmp_path / "home" / "user.toml", Path("a.toml")
    assert edit.file_in_use(None) == user
    system.touch()
    assert edit.file_in_use(None) == system
    user.parent.mkdir()
    user.touch()
    assert edit.file_in_use(None) == user
    assert edit.file_in_use(named) == named


@pytest.mark.parametrize(
    ("before", "value", "says"),
    [
        ("[camera]\nfps = -1\n", 0.9, r"camera\.fps"),
        ("[camera]\nfps = 5\n", 1.5, r"model\.min_confidence: .*\[.*real\.toml\]"),
        ("[camera\n", 0.9, "not valid TOML"),
    ],
)
def test_a_wrong_configuration_is_neither_changed_nor_written(
    tmp_path: Path, before: str, value: float, says: str
) -> None:
    file = tmp_path / "real.toml"
    file.write_text(before)
    with pytest.raises(ConfigError, match=says):
        rewrite(file, lambda text: with_value(text, "model", "min_confidence", value))
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/a\.toml cannot be written: "):
        rewrite(tmp_path / "file" / "a.toml", lambda text: text)
