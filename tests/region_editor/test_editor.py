import subprocess
from pathlib import Path

import cv2
import pytest

from testing.broker import until
from testing.display import LONG, Display, display
from testing.process import camd, start
from tests.sheets import paper, write

__all__ = ["display"]

CLICKS = ((0.25, 0.3), (0.85, 0.3), (0.85, 0.7), (0.25, 0.7))


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.png"
    cv2.imwrite(str(path), write(paper(), "1947", (180, 270)))
    return path


def test_a_person_clicks_four_corners_and_they_are_written(
    display: Display, sheet: Path, tmp_path: Path
) -> None:
    config = tmp_path / "camd.toml"
    config.write_text('name = "till"  # ours\n')
    drawing = start_drawing(display, sheet, config, "--digits", "4")
    window = display.find("camd region - total")
    until(lambda: display.size(window)[1] > 100, "the window at its size")  # it opens smaller
    _, high = display.size(window)
    wide = round(high * 4 / 3)  # the picture is as high as the window; the panel is beside it
    until(lambda: display.see(window, tmp_path / "shot.png")[:, :wide].std() > 5)
    for x, y in CLICKS:
        display.click(window, round(x * wide), round(y * high))
    display.press("Return")
    assert drawing.wait(LONG) == 0
    text = config.read_text()
    assert text.startswith('name = "till"  # ours\n')
    said = camd("read", "--json", "--config", config, sheet, home=tmp_path)
    assert '"regions": [{"name": "total", "value": 1947' in said.stdout, said.stdout + text


def test_on_a_film_another_frame_can_be_drawn_on(display: Display, tmp_path: Path) -> None:
    film, size = tmp_path / "film.avi", (640, 480)
    frames = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10, size)
    for number in range(25):
        # The sheet is dark for a second, and light from then on.
        frames.write(cv2.resize(paper(), size) // (4 if number < 10 else 1))
    frames.release()
    drawing = start_drawing(display, film, tmp_path / "camd.toml")
    window = display.find("camd region - total")
    until(lambda: display.size(window)[1] > 100, "the window at its size")

    def shade() -> float:
        seen = display.see(window, tmp_path / "shot.png")
        high = len(seen)
        return float(seen[high // 4 : 3 * high // 4, high // 4 : high].mean())

    def light_after(key: str) -> bool:
        display.press(key)  # again and again, as a busy program does not hear every key
        return shade() > 150

    until(lambda: 30 < shade() < 100, "the first frame")
    until(lambda: light_after("Next"), "a frame one second on")
    until(lambda: not light_after("Home"), "the first frame again")
    until(lambda: light_after("Right"), "a frame some steps on")
    display.press("Next", "Next", "Right")  # past the end
    display.press("Escape")
    assert drawing.wait(LONG) == 0


def test_escape_leaves_all_as_it_was(display: Display, sheet: Path, tmp_path: Path) -> None:
    config = tmp_path / "camd.toml"
    drawing = start_drawing(display, sheet, config)
    display.click(display.find("camd region - total"), 50, 50)
    display.press("Escape")
    assert drawing.wait(LONG) == 0
    assert not config.exists()


def start_drawing(
    display: Display, sheet: Path, config: Path, *options: str
) -> subprocess.Popen[str]:
    words = ("region", "draw", "total", "--device", sheet, "--config", config, *options)
    return start(*words, home=config.parent, env={"DISPLAY": display.name})


def test_without_a_display_points_can_be_written(tmp_path: Path, sheet: Path) -> None:
    config = tmp_path / "camd.toml"
    refused = camd("region", "draw", "total", "--config", config, home=tmp_path)
    assert refused.returncode == 66
    assert "--points" in refused.stderr
    points = "0.25,0.3 0.85,0.3 0.85,0.7 0.25,0.7"
    options = ("--digits", "4", "--decimals", "read", "--config", config)
    camd("region", "draw", "total", "--points", points, *options, home=tmp_path)
    camd(
        "region", "draw", "clock", "--mask", "--points", "0,0 0.2,0 0.2,0.2", "--config", config,
        home=tmp_path,
    )  # fmt: skip
    listed = camd("region", "list", "--config", config, home=tmp_path).stdout
    assert listed.splitlines() == [
        "total  corners, digits 4, decimals read",
        "clock  mask, polygon of 3",
    ]
    bad = camd("region", "draw", "x", "--points", points, "--decimals", "seen", home=tmp_path)
    assert (bad.returncode, "no number of digits" in bad.stderr) == (2, True)
    camd("region", "remove", "total", "--config", config, home=tmp_path)
    left = camd("region", "list", "--config", config, home=tmp_path).stdout
    assert left.splitlines() == ["clock  mask, polygon of 3"]


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("draw", "total", "--points", "0.1,2 0,0 1,1 0,1"), 78, "less than or equal to 1"),
        (("draw", "total", "--points", "north"), 2, "shares of the frame"),
        (("draw", "Total", "--points", "0,0 1,0 1,1 0,1"), 78, "should match pattern"),
        (("draw", "total", "--digits", "0"), 78, "digits"),
        (("draw", "clock", "--mask", "--digits", "3", "--points", "0,0 1,0 1,1"), 2, "mask"),
        (("remove", "total"), 78, "there is no region 'total'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    config = tmp_path / "camd.toml"
    done = camd("region", *arguments, "--config", config, home=tmp_path)
    assert done.returncode == status
    assert says in done.stderr
    assert not config.exists()
