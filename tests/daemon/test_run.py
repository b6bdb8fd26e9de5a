"""camd run as a whole: real process, real broker, real signals."""

import json
import re
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from testing.broker import Mosquitto, Subscriber, mosquitto, retained, until
from testing.display import Display, display  # noqa: F401
from testing.pages import film, page
from testing.process import camd, command, environment, on_terminal, start
from testing.screen import seen
from tests.sources.pictures import animation, variable


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of "325", then two of "4"."""
    return film(tmp_path_factory.mktemp("clip") / "clip.mp4", "3 2 5", "  4")


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


def url(broker: Mosquitto) -> str:
    return f"mqtt://{broker.host}:{broker.port}"


def test_every_frame_of_a_file_is_published(tmp_path: Path, clip: Path, broker: Mosquitto) -> None:
    with Subscriber(broker.host, broker.port) as heard:
        done = camd(
            "run", "--device", clip, "--broker", url(broker), "--frames", "100", home=tmp_path
        )
        assert done.returncode == 0, done.stderr
        heard.wait_payload("camd/camd/status", b"offline")
        digits = [message.json for message in heard.on("camd/camd/digits")]
        assert [message["seq"] for message in digits] == list(range(1, 101))
        assert len({message["boot"] for message in digits}) == 1
        texts = [message.json["text"].replace(" ", "") for message in heard.on("camd/camd/reading")]
        assert texts[:1] == [""]
        assert texts[-1] == "4"
        assert "325" in texts
        kinds = {message.json["type"] for message in heard.on("camd/camd/event")}
        assert kinds >= {"new", "end"}
        info = heard.on("camd/camd/info")[-1].json
        assert info["size"] == [640, 360]
        assert heard.on("camd/camd/snapshot")[-1].payload.startswith(b"\xff\xd8")
        health = heard.on("camd/camd/health")[-1].json
        assert health["frames"]["processed"] == 100
    assert retained(broker.host, broker.port, "camd/camd/status").payload == b"offline"


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)]
)
def test_offline_is_said_however_it_ends(
    tmp_path: Path, clip: Path, broker: Mosquitto, number: int, status: int
) -> None:
    with Subscriber(broker.host, broker.port) as heard:
        process = start(
            "run", "--device", clip, "--realtime", "--loop", "--broker", url(broker), home=tmp_path
        )
        heard.wait_payload("camd/camd/status", b"online")
        heard.wait("camd/camd/digits")
        process.send_signal(number)
        assert process.wait(30) == status
        heard.wait_payload("camd/camd/status", b"offline")
        assert [m.payload for m in heard.on("camd/camd/status")] == [b"online", b"offline"]


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_the_end_leaves_the_readings_and_takes_the_status_line_away(
    tmp_path: Path, clip: Path, number: int | None
) -> None:
    ending = ["--realtime"] if number is None else ["--realtime", "--loop"]
    status, written = on_terminal(
        command("run", "--device", clip, "--broker", "none", "--no-window", *ending),
        env=environment(tmp_path, {"TERM": "xterm-256color"}),
        cwd=tmp_path,
        once=b"325",
        send=number,
    )
    assert status == 0, written
    assert b"ms behind" in written
    lines = seen(written, 80)
    assert not any("camera  " in line or "behind" in line for line in lines), lines
    assert lines[-1] == ""
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d  325", line) for line in lines), lines
    assert written.rfind(b"\x1b[?25h") > written.rfind(b"\x1b[?25l")


def test_json_is_one_object_a_frame(tmp_path: Path, clip: Path) -> None:
    done = camd(
        "run", "--device", clip, "--json", "--broker", "none", "--frames", "20", home=tmp_path
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, 21))
    assert rows[-1]["size"] == [640, 360]
    assert [digit["digit"] for digit in rows[-1]["digits"]] == [3, 2, 5]
    assert all(digit["stable"] for digit in rows[-1]["digits"])


def test_every_page_of_a_file_is_a_frame(tmp_path: Path) -> None:
    first, *others = (Pillow.fromarray(page(text)) for text in ("3 2 5", "8", "6 0"))
    first.save(tmp_path / "pages.tif", save_all=True, append_images=others)
    done = camd(
        "run", "--device", tmp_path / "pages.tif", "--json", "--broker", "none", home=tmp_path
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["".join(row["lines"]).replace(" ", "") for row in rows] == ["325", "8", "60"]
    assert all(digit["stable"] for row in rows for digit in row["digits"])


@pytest.mark.parametrize(("make", "name"), [(variable, "film.mp4"), (animation, "film.webp")])
def test_a_film_keeps_its_own_times(tmp_path: Path, make: Callable[..., Path], name: str) -> None:
    """Digits settle after as long as they stand in the film, whose rate varies, and `at` goes by
    it: six frames in 66 ms are not long enough, though they are ten seconds at the mean rate."""
    stays = (11,) * 6 + (100,) * 6 + (20_000,)
    pictures = [page("8") for _ in stays]
    for number, picture in enumerate(pictures):
        picture[:9, :9] = 10 * number  # what does not change makes one frame of an animation
    film = make(tmp_path / name, pictures, stays)
    done = camd("run", "--device", film, "--json", "--broker", "none", home=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    at = [datetime.fromisoformat(row["at"]).timestamp() for row in rows]
    expected = [sum(stays[:number]) / 1000 for number in range(len(stays))]
    assert [one - at[0] for one in at] == pytest.approx(expected, abs=0.003)
    stable = [[digit["digit"] for digit in row["digits"] if digit["stable"]] for row in rows]
    assert stable[:6] == [[]] * 6
    assert stable[-1] == [8]


@pytest.mark.parametrize("name", ["photo.heic", "photo.jpg", "photo"])
def test_a_file_that_cannot_be_read_is_called_what_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\0\0\0\x18ftypheic" + bytes(4000))
    done = camd("run", "--device", name, "--broker", "none", home=tmp_path)
    assert done.returncode == 66
    assert f"{name}: a HEIC picture" in done.stderr


def test_a_folder_of_which_nothing_can_be_read_does_not_end_well(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(4000))
    done = camd("run", "--device", photos, "--broker", "none", home=tmp_path)
    assert done.returncode == 66
    assert "1.heic: a HEIC picture" in done.stderr


def test_json_stops_quietly_when_nobody_reads_on(tmp_path: Path, clip: Path) -> None:
    process = start("run", "--device", clip, "--loop", "--json", "--broker", "none", home=tmp_path)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert "Traceback" not in process.stderr.read()


def test_an_absent_broker_is_said_once_and_reading_goes_on(tmp_path: Path, clip: Path) -> None:
    done = camd("run", "--device", clip, "--broker", "mqtt://127.0.0.1:1", "--json", home=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 120
    assert done.stderr.count("127.0.0.1:1") == 1, done.stderr


def test_an_absent_camera_is_said_and_waited_for(tmp_path: Path) -> None:
    process = start("run", "--device", "/dev/video99", "--broker", "none", home=tmp_path)
    assert process.stderr is not None
    said = ""
    while "/dev/video99" not in said or "missing" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert "Traceback" not in said


def test_a_picture_is_read_without_voting(tmp_path: Path, broker: Mosquitto) -> None:
    path = tmp_path / "page.png"
    cv2.imwrite(str(path), page("3 2 5"))
    with Subscriber(broker.host, broker.port) as heard:
        assert camd("run", "--device", path, "--broker", url(broker), home=tmp_path).returncode == 0
        heard.wait_payload("camd/camd/status", b"offline")
        assert heard.on("camd/camd/reading")[-1].json["text"].replace(" ", "") == "325"


def test_each_picture_of_a_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in (("a.png", "3 2 5"), ("b.png", "3 2 5"), ("c.png", "  4"), ("[d].png", "")):
        cv2.imwrite(str(folder / name), page(text))
    done = camd("run", "--device", folder, "--broker", "none", home=tmp_path)
    said = [line.split("  ", 1)[1] for line in done.stderr.splitlines() if ".png  " in line]
    assert said == ["[d].png  (no digits)", "a.png  325", "b.png  325", "c.png  4"]
    done = camd("run", "--device", folder, "--broker", "none", "--json", home=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["image"] for row in rows] == ["[d].png", "a.png", "b.png", "c.png"]


def test_the_command_line_turns_and_mirrors(tmp_path: Path) -> None:
    path = tmp_path / "page.png"
    cv2.imwrite(str(path), cv2.rotate(cv2.flip(page("3 2 5"), 1), cv2.ROTATE_90_CLOCKWISE))
    turned = ("--rotate", "270", "--mirror")
    done = camd("run", "--device", path, "--json", "--broker", "none", *turned, home=tmp_path)
    row = json.loads(done.stdout)
    assert row["size"] == [640, 360]
    assert [digit["digit"] for digit in row["digits"]] == [3, 2, 5]


def test_the_embedded_broker_serves_subscribers(tmp_path: Path, clip: Path) -> None:
    process = start(
        "run", "--device", clip, "--realtime", "--loop", "--broker", "embedded", home=tmp_path
    )
    assert process.stderr is not None
    said = ""
    while "mosquitto_sub" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    words = said.split()
    host, port = words[words.index("-h") + 1], int(words[words.index("-p") + 1])
    with Subscriber(host, port) as heard:
        until(lambda: any("3" in m.json["text"] for m in heard.on("camd/camd/reading")))
        process.send_signal(signal.SIGTERM)
        heard.wait_payload("camd/camd/status", b"offline")
    assert process.wait(30) == 0


def test_the_keys_of_the_window(tmp_path: Path, clip: Path, display: Display) -> None:  # noqa: F811
    arguments = ("run", "--device", clip, "--realtime", "--loop", "--broker", "none")
    process = start(*arguments, home=tmp_path, env={"DISPLAY": display.name})
    window = display.find("camd")

    def middle() -> float:
        seen = display.see(window, tmp_path / "screen.png")
        height, width = seen.shape[:2]
        return float(np.median(seen[height // 5 : height // 2, width // 3 : width // 2]))

    until(lambda: middle() > 150, "the paper")
    display.press("question")
    until(lambda: middle() < 80, "the panel of keys")
    display.press("s")
    until(lambda: list(tmp_path.glob("camd-*.jpg")), "a snapshot")
    display.press("question")
    until(lambda: middle() > 150, "the paper again")
    display.press("space")
    display.press("q")
    assert process.wait(30) == 0
    image = cv2.imread(str(next(tmp_path.glob("camd-*.jpg"))))
    assert image.shape == (360, 640, 3)
    assert np.median(image[72:180, 213:320]) > 150  # without the panel
