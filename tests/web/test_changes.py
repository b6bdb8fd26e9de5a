from pathlib import Path
from typing import Any

import pytest

from camd.config.layers import load
from camd.errors import ConfigError
from camd.web.changes import Changes, OutdatedError, Place

CORNERS = ((0.1, 0.2), (0.6, 0.2), (0.6, 0.4), (0.1, 0.4))
TEXT = """\
name = "till"  # ours

# what it weighs
[[region]]
name = "total"
corners = [[0.1, 0.2], [0.6, 0.2], [0.6, 0.4], [0.1, 0.4]]
unit = "kg"
digits = 4

# in the kitchen
[[mask]]
name = "clock"
polygon = [[0.7, 0.0], [1.0, 0.0], [1.0, 0.1]]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


class Camd:
    """Loads the configuration when it is told to."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.loaded = 0
        self.refuses = False

    def reload(self) -> None:
        if self.refuses:
            raise ConfigError("this model reads no wheels")
        load(self.file)
        self.loaded += 1


def place(name: str = "total", was: str = "total", **options: Any) -> Place:
    return Place("corners", name, CORNERS, options, was)


def test_a_region_is_written_and_used_and_all_else_stays(file: Path) -> None:
    camd = Camd(file)
    changes = Changes(file, camd.reload)
    changes.save(place(unit="g", digits=None, decimals=1, display="auto"), changes.version())
    text = file.read_text()
    assert 'name = "till"  # ours' in text
    assert "# what it weighs\n" in text
    assert "# in the kitchen\n" in text
    region = changes.settings().region[0]
    assert (region.unit, region.digits, region.decimals) == ("g", None, 1)
    assert "display" not in text  # as by default
    assert camd.loaded == 1


def test_a_region_gets_another_name_and_shape(file: Path) -> None:
    changes = Changes(file, Camd(file).reload)
    changes.save(Place("polygon", "weight", CORNERS[:3], {}, "total"), changes.version())
    assert [one.name for one in changes.settings().region] == ["weight"]
    assert changes.settings().region[0].corners is None
    changes.save(Place("mask", "clock2", CORNERS, {}, ""), changes.version())
    changes.remove("mask", "clock", changes.version())
    assert [one.name for one in changes.settings().mask] == ["clock2"]


def test_each_change_is_taken_back_until_somebody_else_changes_something(file: Path) -> None:
    changes = Changes(file, Camd(file).reload)
    assert not changes.undoable
    changes.remove("corners", "total", changes.version())
    changes.save(place("new", ""), changes.version())
    changes.undo(changes.version())
    changes.undo(changes.version())
    assert file.read_text() == TEXT
    with pytest.raises(OutdatedError):
        changes.undo(changes.version())
    changes.remove("corners", "total", changes.version())
    file.write_text(file.read_text() + "# by hand\n")
    assert not changes.undoable
    with pytest.raises(OutdatedError):
        changes.undo(changes.version())
    assert "# by hand" in file.read_text()


def test_who_has_seen_an_older_text_changes_nothing(file: Path) -> None:
    changes = Changes(file, Camd(file).reload)
    seen = changes.version()
    file.write_text(TEXT + "# by hand\n")
    with pytest.raises(OutdatedError, match="changed meanwhile"):
        changes.save(place(), seen)
    with pytest.raises(OutdatedError):
        changes.remove("mask", "clock", seen)
    assert file.read_text() == TEXT + "# by hand\n"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (place("mine", "", digits=99), "digits"),
        (place("mine", "", nonsense=1), "nonsense"),
        (place("Not A Name", ""), "name"),
        (place("total", ""), "already"),
        (place("mine", "nobody"), "nobody"),
        (Place("corners", "mine", CORNERS[::-1], {}), "corners"),
    ],
)
def test_what_would_be_wrong_is_refused_and_nothing_written(
    file: Path, wrong: Place, says: str
) -> None:
    camd = Camd(file)
    changes = Changes(file, camd.reload)
    with pytest.raises(ConfigError, match=says):
        changes.save(wrong, changes.version())
    assert file.read_text() == TEXT
    assert camd.loaded == 0
    assert not changes.undoable


def test_what_camd_cannot_use_is_not_kept(file: Path) -> None:
    camd = Camd(file)
    camd.refuses = True
    changes = Changes(file, camd.reload)
    with pytest.raises(ConfigError, match="wheels"):
        changes.save(place(unit="g"), changes.version())
    assert file.read_text() == TEXT


def test_a_file_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "config.toml"
    changes = Changes(file, lambda: None)
    changes.save(place("total", ""), changes.version())
    assert [one.name for one in load(file).settings.region] == ["total"]


def test_a_file_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    folder = tmp_path / "config.toml"
    folder.mkdir()
    changes = Changes(folder, lambda: None)
    with pytest.raises(ConfigError, match=r"config\.toml"):
        changes.save(place("total", ""), "")
