"""Each command line of camd in the README and the docs, run for real: on the clip that ships with
camd instead of a camera, and with a broker on this machine."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from testing.broker import Mosquitto, free_port, mosquitto
from testing.process import camd, start
from tests.cli.test_documented import PAGES, blocks, commands

CLIP = Path(__file__).parents[2] / "camd" / "assets" / "demo.mp4"
ELSEWHERE = {
    "demo": "plays for a minute: the first that .ci/run does, and scripts/test-install",
    "train": "takes hours: tests/cli/test_train.py has it shortened",
    "eval-model": "needs MNIST: tests/cli/test_train.py",
    "learn": "needs what was corrected: tests/cli/test_learn.py",
    "config password": "asks on a terminal: tests/web/test_run.py",
}
"""What is not run here, and why."""
POINTS = "0.1,0.1 0.6,0.1 0.6,0.3 0.1,0.3"
MORE = {
    "run": ("--frames", "3", "--no-window"),
    "region draw": ("--points", POINTS),
    "service install": ("--dry-run",),
}
"""What a command needs in order to end by itself, where nobody looks and nothing is installed."""


def documented() -> list[str]:
    lines = [line for page in PAGES for line in blocks(page.read_text())]
    found = {shlex.join(words) for line in lines for words in commands(line) if words}
    return sorted(line for line in found if not line.startswith(tuple(ELSEWHERE)))


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the files that the docs speak of."""
    film = cv2.VideoCapture(str(CLIP))
    film.set(cv2.CAP_PROP_POS_FRAMES, 60)
    sheet = film.read()[1]
    labels = []
    for name in ("photo.jpg", "form.tif", "photos/1.jpg", "scans/form-1.tif", "scans/form-2.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / name), sheet)
        labels.append({"file": Path(name).name, "digits": ["1947", "28"]})
    (tmp_path / "photos" / "labels.json").write_text(json.dumps(labels[2:3]))
    (tmp_path / "scans" / "labels.json").write_text(json.dumps(labels[3:]))
    (tmp_path / "config.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize("line", documented())
def test_it_does_what_it_is_shown_for(line: str, place: Path, broker: Mosquitto) -> None:
    here = {
        "rtsp://cam/stream": "demo",
        "mqtt://broker": f"mqtt://{broker.host}:{broker.port}",
        "mqtt://broker.lan": f"mqtt://{broker.host}:{broker.port}",
        "/etc/camd/config.toml": str(place / "config.toml"),
    }
    words = [here.get(word, word) for word in shlex.split(line)]
    for command, more in MORE.items():
        if line == command or line.startswith(f"{command} "):
            words += more
    env = {
        "CAMD_CAMERA__DEVICE": "demo",
        "CAMD_MQTT__PORT": str(broker.port if "embedded" not in words else free_port()),
        "CAMD_WEB__PORT": str(free_port()),
    }
    if "--device" in words:
        del env["CAMD_CAMERA__DEVICE"]
    if words[0] == "worker":  # runs until it is told to end
        with start(*words, home=place, env=env) as worker:
            assert worker.stderr
            worker.stderr.readline()
            worker.terminate()
            assert worker.wait() == 0
        return
    done = camd(*words, home=place, env=env)
    assert done.returncode == 0, f"camd {shlex.join(words)}\n{done.stdout}\n{done.stderr}"


def test_what_is_run_elsewhere_is_in_the_docs() -> None:
    lines = [line for page in PAGES for line in blocks(page.read_text())]
    found = {shlex.join(words) for line in lines for words in commands(line)}
    for command in (*ELSEWHERE, *MORE):
        assert any(line.startswith(command) for line in found), command
    assert len(documented()) > 30
