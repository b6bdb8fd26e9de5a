"""Which model is read with, once something was learnt."""

from pathlib import Path

import numpy as np
import pytest

from camd import learnt, paths
from camd.classify import model_file
from camd.config.settings import Settings
from camd.doctor import system
from camd.errors import CamdError
from training.fit.export import seal, to_bytes

SETTINGS = Settings(name="desk")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def shipped() -> tuple[dict[str, np.ndarray], dict[str, object]]:  # type: ignore[type-arg]
    arrays, meta = model_file.read(paths.model_file())
    arrays = {name: array for name, array in arrays.items() if not name.startswith("rows_")}
    return arrays, {name: value for name, value in meta.items() if name != "rows"}


def made_of(shipped: tuple, of: object, crops: int = 40) -> bytes:  # type: ignore[type-arg]
    arrays, meta = shipped
    return to_bytes(seal(arrays, {**meta, "learnt": {"of": of, "crops": crops}})[0])


def test_a_learnt_model_is_read_with_and_can_be_taken_back(shipped: tuple) -> None:  # type: ignore[type-arg]
    base = learnt.identity(paths.model_file())
    assert learnt.load(SETTINGS).id == base[:8]
    first = learnt.put(SETTINGS, made_of(shipped, base))
    assert first.stat().st_mode & 0o777 == 0o644  # a service's user reads what root has learnt
    one = learnt.identity(first)
    assert learnt.load(SETTINGS).id == one[:8] != base[:8]
    learnt.put(SETTINGS, made_of(shipped, base, 50))
    assert learnt.load(SETTINGS).id != one[:8]
    assert learnt.back(SETTINGS) == "the model learnt before"
    assert learnt.load(SETTINGS).id == one[:8]
    assert learnt.back(SETTINGS) == "the model that learnt nothing"
    assert learnt.load(SETTINGS).id == base[:8]
    with pytest.raises(CamdError, match="nothing was learnt"):
        learnt.back(SETTINGS)


def test_one_that_was_learnt_from_another_model_is_not_read_with(
    shipped: tuple,
    caplog: pytest.LogCaptureFixture,  # type: ignore[type-arg]
) -> None:
    learnt.put(SETTINGS, made_of(shipped, "0" * 64))
    assert learnt.load(SETTINGS).id == learnt.identity(paths.model_file())[:8]
    assert "run camd learn again" in caplog.text


def test_one_that_is_damaged_keeps_nobody_from_reading(
    shipped: tuple,
    caplog: pytest.LogCaptureFixture,  # type: ignore[type-arg]
) -> None:
    content = made_of(shipped, learnt.identity(paths.model_file()))
    path = learnt.put(SETTINGS, content)
    for damaged in (b"", b"PK", content[: len(content) // 2]):
        path.write_bytes(damaged)
        caplog.clear()
        assert learnt.load(SETTINGS).id == learnt.identity(paths.model_file())[:8]
        assert "not used" in caplog.text


def test_the_doctor_says_which_model_is_read_with(shipped: tuple) -> None:  # type: ignore[type-arg]
    assert [one.level for one in system.model(SETTINGS)] == ["ok"]
    learnt.put(SETTINGS, made_of(shipped, learnt.identity(paths.model_file())))
    assert "camd learn has made" in [one.text for one in system.model(SETTINGS)][-1]
    learnt.put(SETTINGS, made_of(shipped, "0" * 64))
    assert [one.level for one in system.model(SETTINGS)] == ["ok", "warning"]
