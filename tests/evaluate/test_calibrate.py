"""The real command on images whose labels leave out what was read least surely."""

import json
import tempfile
from pathlib import Path

import cv2
import pytest
from hypothesis import given

from camd.evaluate.calibrate import calibrate
from camd.stdio import printable
from testing.process import camd
from tests.names import few, file_names, printed
from tests.sheets import paper, write

NO_THRESHOLD = {"CAMD_MODEL__MIN_CONFIDENCE": "0"}
CONFIG = '# the desk\n[model]\nmin_confidence = 0.25  # by hand\n\n[mqtt]\nbroker = "none"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "photos"
    images.mkdir()
    for name, text, level, pen in (
        ("bold.png", "325 8", 220, 7),
        ("thin.png", "4973", 220, 3),
        ("dull.png", "6250", 90, 5),
    ):
        cv2.imwrite(str(images / name), write(paper(level=level), text, (60, 240), pen=pen))
    cv2.imwrite(str(images / "empty.png"), paper())
    return images


def read(folder: Path, home: Path) -> dict[str, list[tuple[int, float]]]:
    """Digit and confidence of everything read on each image, without a threshold."""
    done = camd("read", "--json", *sorted(folder.glob("*.png")), home=home, env=NO_THRESHOLD)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        Path(row["image"]).name: [(d["digit"], d["confidence"]) for d in row["digits"]]
        for row in rows
    }


def label(folder: Path, digits: dict[str, list[int]]) -> None:
    entries = [
        {"file": file, "digits": ["".join(map(str, line))] if line else []}
        for file, line in digits.items()
    ]
    (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")


def test_the_threshold_parts_right_from_wrong_and_is_written(tmp_path: Path, folder: Path) -> None:
    images = read(folder, tmp_path)
    sure = sorted(confidence for digits in images.values() for _, confidence in digits)
    assert len(sure) >= 9
    assert sure[0] < sure[1]
    label(folder, {name: [d for d, c in row if c > sure[0]] for name, row in images.items()})
    file = tmp_path / "desk.toml"
    file.write_text(CONFIG)

    tried = camd(
        "calibrate", "--max-error", "1%", "--config", file, "--dry-run", folder, home=tmp_path
    )
    assert tried.returncode == 0
    assert file.read_text() == CONFIG

    done = camd("calibrate", "--max-error", "0.01", "--config", file, folder, home=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "too few to promise 1 %" in done.stdout
    assert "299 published digits" in done.stdout
    before, after = CONFIG.splitlines(), file.read_text().splitlines()
    ((_, line),) = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert line.endswith("# by hand")
    assert sure[0] < float(line.split()[2]) <= sure[1]
    assert f"wrote model.min_confidence = {line.split()[2]} to {file}" in done.stdout
    assert f"min_confidence = {line.split()[2]}" in tried.stdout

    scored = camd("eval", "--config", file, "--no-sheet", folder, home=tmp_path)
    assert "the worst" not in scored.stdout


def test_without_a_file_the_users_own_is_made(tmp_path: Path, folder: Path) -> None:
    images = read(folder, tmp_path)
    label(folder, {name: [d for d, _ in row] for name, row in images.items()})
    done = camd("calibrate", "--max-error", "5%", folder, home=tmp_path, env=NO_THRESHOLD)
    assert done.returncode == 0
    written = (tmp_path / "camd" / "config.toml").read_text()
    assert written.startswith("[model]\nmin_confidence = 0.")
    assert "but CAMD_MODEL__MIN_CONFIDENCE goes before it" in done.stdout


def test_a_budget_that_cannot_be_kept_writes_nothing(tmp_path: Path, folder: Path) -> None:
    label(folder, {path.name: [] for path in folder.glob("*.png")})
    done = camd("calibrate", "--max-error", "0.5%", folder, home=tmp_path)
    assert done.returncode == 65
    assert "no threshold keeps the error within 0.5 %" in done.stderr
    assert not (tmp_path / "camd").exists()


def test_an_image_that_cannot_be_read_is_not_passed_over(tmp_path: Path, folder: Path) -> None:
    label(folder, {"bold.png": [3], "gone.png": [1]})
    done = camd("calibrate", "--max-error", "1%", folder, home=tmp_path)
    assert done.returncode == 66
    assert "gone.png" in done.stderr
    assert not (tmp_path / "camd").exists()


def test_a_wrong_configuration_is_refused(tmp_path: Path, folder: Path) -> None:
    label(folder, {"bold.png": [3, 2, 5, 8]})
    file = tmp_path / "wrong.toml"
    file.write_text("[camera]\nfps = -1\n")
    done = camd("calibrate", "--max-error", "1%", "--config", file, folder, home=tmp_path)
    assert done.returncode == 78
    assert "camera.fps" in done.stderr
    assert file.read_text() == "[camera]\nfps = -1\n"


@pytest.mark.parametrize(
    ("share", "says"),
    [("0.5", "0.5 is 50 %"), ("0", "more than 0 %"), ("-1%", "more than 0 %"), ("few", "0.5%")],
)
def test_shares_that_are_none(tmp_path: Path, share: str, says: str) -> None:
    done = camd("calibrate", f"--max-error={share}", tmp_path, home=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr


@few
@given(file_names)
def test_no_name_is_taken_for_markup(name: str) -> None:
    with tempfile.TemporaryDirectory() as home:
        cv2.imwrite(str(Path(home, "page.png")), write(paper(), "325 8", (60, 240), pen=7))
        label(Path(home), {"page.png": [3, 2, 5, 8]})
        file = Path(home, f"{name}.toml")
        file.write_text("")
        said = printed(lambda: calibrate(Path(home), 0.1, file, dry_run=True))
    assert f"{printable(str(file))} is as it was" in said
