"""The real process: what it prints and how it exits."""

import json
import signal
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from camd import paths
from testing.pages import page
from testing.process import camd, command, environment, on_terminal


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), page("3 2 5"))
    return path


def test_read_prints_one_object_an_image(tmp_path: Path, photo: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("this is no picture")
    empty = tmp_path / "empty.png"
    empty.touch()
    dot = tmp_path / "dot.png"
    cv2.imwrite(str(dot), np.zeros((1, 1, 3), np.uint8))
    large = tmp_path / "large.jpg"
    cv2.imwrite(str(large), np.full((3000, 4000, 3), 200, np.uint8))
    missing = tmp_path / "missing.png"

    done = camd("read", "--json", photo, text, empty, dot, large, missing, home=tmp_path)

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(row["image"]).name for row in rows] == [
        "photo.png", "text.jpg", "empty.png", "dot.png", "large.jpg", "missing.png",
    ]  # fmt: skip
    assert rows[0]["size"] == [640, 360]
    assert "".join(rows[0]["lines"]).replace(" ", "") == "325"
    assert [digit["digit"] for digit in rows[0]["digits"]] == [3, 2, 5]
    assert [set(row) for row in rows[1:3]] == [{"image", "error"}] * 2
    assert rows[3]["digits"] == []
    assert rows[4]["size"] == [4000, 3000]
    assert "no such file" in rows[5]["error"]
    assert done.returncode == 66
    assert "Traceback" not in done.stderr


def test_read_for_people(tmp_path: Path, photo: Path) -> None:
    done = camd("read", photo, home=tmp_path)
    assert done.returncode == 0
    assert "3" in done.stdout
    assert "photo.png" in done.stdout


def test_wrong_configuration_exits_78_and_names_all(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[mqtt]\nhots = "x"\nport = "a"\n[camera]\nfps = -1\n')
    for arguments in (["run", "--config", file], ["config", "check", file]):
        done = camd(*arguments, home=tmp_path)
        assert done.returncode == 78
        for key in ("mqtt.hots", "mqtt.port", "camera.fps"):
            assert key in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["run", "--frames", "0"], ["run", "--broker", "mqtt://u:p@h"], ["fly"], ["read"]],
    ids=str,
)
def test_wrong_usage_exits_2(tmp_path: Path, arguments: list[str]) -> None:
    done = camd(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["run", "demo"], "camd run --device demo, or camd demo"),
        (["run", "my clip.mp4", "--json"], "camd run --device 'my clip.mp4'"),
        (["demo", "clip.mp4"], "camd run --device clip.mp4"),
        (["doctor", "0"], "camd doctor --device 0"),
        (["region", "draw", "meter", "0"], "camd region draw meter --device 0"),
        (["photo.png"], "camd read photo.png"),
        (["folder"], "camd run --device folder"),
        (["0"], "camd run --device 0"),
        (["rtsp://host/live"], "camd run --device rtsp://host/live"),
        (["rnu"], "'run'"),
        (["read", "folder"], "camd read folder/*"),
        (["read", "clip.mp4"], "camd run --device clip.mp4"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("photo")
def test_what_is_nearly_right_is_told_what_to_type(
    tmp_path: Path, arguments: list[str], hint: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "clip.mp4").write_bytes(b"a video")
    done = camd(*arguments, home=tmp_path)
    assert done.returncode == (66 if arguments[0] == "read" else 2)
    assert hint in done.stderr


def test_no_such_input_exits_66(tmp_path: Path) -> None:
    done = camd("run", "--device", "nowhere.mp4", "--broker", "none", home=tmp_path)
    assert done.returncode == 66
    assert "nowhere.mp4" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_model_exits_65(tmp_path: Path, photo: Path) -> None:
    whole = paths.model_file().read_bytes()
    foreign = tmp_path / "foreign.npz"
    np.savez(foreign, a=np.zeros(3))
    truncated = tmp_path / "truncated.npz"
    truncated.write_bytes(whole[: len(whole) // 2])
    pickled = tmp_path / "model.joblib"
    pickled.write_bytes(b"\x80\x04K\x01.")
    for model in (foreign, truncated, pickled, tmp_path / "missing.npz"):
        done = camd("read", "--model", model, photo, home=tmp_path)
        assert done.returncode == 65, model
        assert model.name in done.stderr
        assert "Traceback" not in done.stderr


def test_config_init_says_so_of_links_in_a_circle(tmp_path: Path) -> None:
    link = tmp_path / "config.toml"
    link.symlink_to(link)
    for options in ((), ("--force",)):
        done = camd("config", "init", link, *options, home=tmp_path)
        assert done.returncode == 2
        assert "config.toml cannot be written: Too many levels of symbolic links" in done.stderr
        assert "bug" not in done.stderr
    assert link.is_symlink()


def test_config_init_writes_a_file_that_checks(tmp_path: Path) -> None:
    assert camd("config", "init", home=tmp_path).returncode == 0
    assert (tmp_path / "camd" / "config.toml").exists()
    assert camd("config", "check", home=tmp_path).returncode == 0
    again = camd("config", "init", home=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_config_show_says_where_from(tmp_path: Path) -> None:
    done = camd("config", "show", home=tmp_path, env={"CAMD_MQTT__HOST": "broker.lan"})
    assert 'host = "broker.lan"  # CAMD_MQTT__HOST' in done.stdout


@pytest.mark.parametrize("module", ["camd.stdio", "click.core", "pydantic", "numpy", "cv2"])
def test_ctrl_c_leaves_no_traceback_while_modules_are_imported(
    tmp_path: Path, photo: Path, module: str
) -> None:
    python, *arguments = command("run", "--device", photo, "--broker", "none", "--loop")
    process = subprocess.Popen(
        [python, "-X", "importtime", *arguments],
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    while line := process.stderr.readline():
        if line.split("|")[-1].strip() == module:
            break
    assert line, f"{module} is not imported any more"
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(30) in (-signal.SIGINT, 0)
    assert "Traceback" not in rest
    assert "KeyboardInterrupt" not in rest


def test_ctrl_c_gives_the_cursor_back(tmp_path: Path) -> None:
    """`eval` hides it for its progress bar, so it must hear of the end."""
    for number in range(300):
        cv2.imwrite(str(tmp_path / f"{number}.png"), page("3 2 5"))
    entries = [{"file": f"{number}.png", "digits": ["325"]} for number in range(300)]
    (tmp_path / "labels.json").write_text(json.dumps(entries))
    status, written = on_terminal(
        command("eval", "--no-sheet", tmp_path),
        env=environment(tmp_path, {"TERM": "xterm-256color"}),
        cwd=tmp_path,
        once=b"/300",
        send=signal.SIGINT,
    )
    assert status == 130
    assert written.rfind(b"\x1b[?25h") > written.rfind(b"\x1b[?25l") >= 0
    assert b"Traceback" not in written
