"""The real command on images whose labels leave out what was read least surely."""

import json
import tempfile
from functools import cache
from pathlib import Path

import cv2
import pytest
from hypothesis import given

from camd.evaluate.calibrate import calibrate
from camd.evaluate.calibration import needed
from camd.stdio import printable
from testing.process import camd
from tests.names import few, file_names, printed
from tests.sheets import paper, write

NO_THRESHOLD = {"CAMD_MODEL__MIN_CONFIDENCE": "0"}
CONFIG = '# the desk\n[model]\nmin_confidence = 0.25  # by hand\n\n[mqtt]\nbroker = "none"\n'


Readings = dict[str, list[tuple[int, float]]]
"""Digit and confidence of everything read on each image, without a threshold."""


def draw(folder: Path) -> None:
    for name, text, level, pen in (
        ("bold.png", "325 8", 220, 7),
        ("thin.png", "4973", 220, 3),
        ("dull.png", "6250", 90, 5),
    ):
        cv2.imwrite(str(folder / name), write(paper(level=level), text, (60, 240), pen=pen))
    cv2.imwrite(str(folder / "empty.png"), paper())


def draw_more(folder: Path) -> None:
    for name, text in (("more.png", "3258 467"), ("last.png", "8352 764")):
        cv2.imwrite(str(folder / name), write(paper(), text, (40, 240), pen=6))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    images = tmp_path / "photos"
    images.mkdir()
    draw(images)
    return images


@cache
def everything() -> Readings:
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))
        draw_more(Path(folder))
        files = sorted(Path(folder).glob("*.png"))
        done = camd("read", "--json", *files, home=Path(folder), env=NO_THRESHOLD)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        Path(row["image"]).name: [(d["digit"], d["confidence"]) for d in row["digits"]]
        for row in rows
    }


def read(folder: Path) -> Readings:
    return {path.name: everything()[path.name] for path in sorted(folder.glob("*.png"))}


def label(folder: Path, digits: dict[str, list[int]]) -> None:
    entries = [
        {"file": file, "digits": ["".join(map(str, line))] if line else []}
        for file, line in digits.items()
    ]
    (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")


def test_the_threshold_parts_right_from_wrong_and_is_written(tmp_path: Path, folder: Path) -> None:
    draw_more(folder)
    images = read(folder)
    sure = sorted(confidence for digits in images.values() for _, confidence in digits)
    least = len(sure) // 5 + 1  # more than a fifth are wrong, and those the least sure
    wrong = next(n for n in range(least, len(sure)) if sure[n - 1] < sure[n])
    assert len(sure) - wrong >= 14  # what 20 % takes without a wrong one
    assert sure[0] > 0.25
    label(folder, {name: [d for d, c in row if c >= sure[wrong]] for name, row in images.items()})
    file = tmp_path / "desk.toml"
    file.write_text(CONFIG)
    arguments = ("calibrate", "--max-error", "20%", "--config", file)

    tried = camd(*arguments, "--dry-run", folder, home=tmp_path)
    assert tried.returncode == 0
    assert file.read_text() == CONFIG

    done = camd(*arguments, folder, home=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "95% sure, that the error is at most 20.0 %" in done.stdout
    before, after = CONFIG.splitlines(), file.read_text().splitlines()
    ((_, line),) = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    assert line.endswith("# by hand")
    assert sure[0] < float(line.split()[2]) <= sure[wrong]
    assert f"wrote model.min_confidence = {line.split()[2]} to {file}" in done.stdout
    assert f"min_confidence = {line.split()[2]}" in tried.stdout


def surest() -> list[int]:
    """Return the surest half of the digits of the sheet of `doubtful`."""
    digits = sorted(everything()["more.png"], key=lambda one: -one[1])
    parts = [n for n in range(3, len(digits)) if digits[n - 1][1] > digits[n][1]]
    return [digit for digit, _ in digits[: parts[0]]]


def doubtful(folder: Path) -> None:
    """Five sheets of 7 digits, the least sure of which are not written there, by their labels."""
    for number in range(5):
        sheet = write(paper(), "3258 467", (40, 240), pen=6)
        cv2.imwrite(str(folder / f"{number}.png"), sheet)
    label(folder, {f"{number}.png": surest() for number in range(5)})


def test_without_a_file_the_users_own_is_made(tmp_path: Path) -> None:
    doubtful(tmp_path)
    done = camd("calibrate", "--max-error", "20%", tmp_path, home=tmp_path, env=NO_THRESHOLD)
    assert done.returncode == 0
    written = (tmp_path / "camd" / "config.toml").read_text()
    assert written.startswith("[model]\nmin_confidence = 0.")
    assert "but CAMD_MODEL__MIN_CONFIDENCE goes before it" in done.stdout


@pytest.mark.parametrize("budget", ["0.5%", "5%", "20%"])
def test_a_threshold_that_keeps_to_the_budget_stays(
    tmp_path: Path, folder: Path, budget: str
) -> None:
    """As with one photograph of which all is right: a higher one would only miss more."""
    images = read(folder)
    label(folder, {"bold.png": [d for d, _ in images["bold.png"]]})
    done = camd("calibrate", "--max-error", budget, folder, home=tmp_path)
    assert done.returncode == 0
    assert "The threshold in force keeps to" in done.stdout
    assert "They do not promise it" in done.stdout
    assert f"takes {needed(float(budget[:-1]) / 100)} published digits" in done.stdout
    assert not (tmp_path / "camd").exists()


def test_too_few_digits_for_the_promise_write_nothing(tmp_path: Path, folder: Path) -> None:
    images = read(folder)
    sure = sorted(confidence for digits in images.values() for _, confidence in digits)
    label(folder, {name: [d for d, c in row if c > sure[0]] for name, row in images.items()})
    file = tmp_path / "desk.toml"
    file.write_text(CONFIG)
    done = camd("calibrate", "--max-error", "1%", "--config", file, folder, home=tmp_path)
    assert done.returncode == 65
    assert "too few to promise 1 %, so nothing is written" in done.stderr
    assert "299 published digits without a wrong one, 473 with one" in done.stderr
    assert file.read_text() == CONFIG


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
        doubtful(Path(home))
        file = Path(home, f"{name}.toml")
        file.write_text("")
        said = printed(lambda: calibrate(Path(home), 0.2, file, dry_run=True))
    assert f"{printable(str(file))} is as it was" in said
