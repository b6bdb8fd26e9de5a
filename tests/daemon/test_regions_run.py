"""camd run with regions: real process, real broker, a rendered sheet seen askew."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from testing.broker import LONG, Mosquitto, Subscriber, mosquitto, retained
from testing.process import camd, start
from tests.sheets import Sheet, paper, write

SIZE = (1280, 720)
PLATE = [(120, 330), (520, 250), (560, 420), (100, 480)]


def share(points: list[tuple[int, int]]) -> str:
    return json.dumps([[x / SIZE[0], y / SIZE[1]] for x, y in points])


METER = share([(480, 120), (800, 120), (800, 230), (480, 230)])
CONFIG = f"""
[rest]
after_s = 0
[[region]]
name = "meter"
polygon = {METER}
digits = 5
decimals = 2
max_step = 100
[[region]]
name = "plate"
corners = {share(PLATE)}
[[mask]]
name = "clock"
polygon = {share([(80, 560), (400, 560), (400, 680), (80, 680)])}
"""


def sheet(meter: str, plate: str) -> Sheet:
    image = write(paper(*SIZE), meter, (500, 205))
    write(image, "28", (900, 600))
    write(image, "555", (100, 650))
    flat = write(paper(600, 200, 235), plate, (60, 140), 80, 6)
    source = np.array([(0, 0), (600, 0), (600, 200), (0, 200)], np.float32)
    look = cv2.getPerspectiveTransform(source, np.array(PLATE, np.float32))
    cv2.warpPerspective(flat, look, SIZE, dst=image, borderMode=cv2.BORDER_TRANSPARENT)
    return image


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A meter and a plate, read for a second; the meter then jumps, comes back, and is covered."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, SIZE)
    for meter, plate in (("01947", "32586"), ("81947", "32586"), ("01948", "32586"), ("", "7")):
        image = sheet(meter, plate)
        for _ in range(15):
            writer.write(image)
    writer.release()
    return path


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with mosquitto() as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "regions.toml"
    path.write_text(CONFIG)
    return path


def url(broker: Mosquitto) -> str:
    return f"mqtt://{broker.host}:{broker.port}"


@pytest.mark.timeout(180)
def test_a_house_hears_one_number_a_region_and_why_there_is_none(
    broker: Mosquitto, clip: Path, config: Path, tmp_path: Path
) -> None:
    with Subscriber(broker.host, broker.port) as heard:
        done = camd(
            *("run", "--device", clip, "--broker", url(broker), "--config", config, "--json"),
            home=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        heard.wait_payload("camd/camd/status", b"offline")
        meter = [item.json for item in heard.on("camd/camd/region/meter")]
        assert [(item["value"], item["text"], item["status"]) for item in meter] == [
            (19.47, "01947", "ok"),
            (None, "81947", "step"),
            (19.48, "01948", "ok"),
            (None, "", "empty"),
        ]
        plate = [item.json for item in heard.on("camd/camd/region/plate")]
        assert [(item["value"], item["status"]) for item in plate] == [(32586, "ok"), (7, "ok")]
        assert heard.on("camd/camd/reading")[-1].json["lines"] == ["7"]
        options = heard.on("camd/camd/info")[-1].json["options"]
        assert [place["name"] for place in options["region"]] == ["meter", "plate"]
        assert [place["name"] for place in options["mask"]] == ["clock"]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 60
    said = {item["name"]: item for item in rows[12]["regions"]}
    assert said["meter"]["value"] == 19.47
    # Boxes are the frame's, though the plate was straightened: its ink is there.
    frame = sheet("01947", "32586")
    plate_digits = [item for item in rows[12]["digits"] if item["box"][0] < 480]
    assert [item["digit"] for item in plate_digits] == [3, 2, 5, 8, 6]
    for item in plate_digits:
        x, y, width, height = item["box"]
        assert frame[y : y + height, x : x + width].min() < 100
        assert 20 < height < 100
    assert "meter  step" in done.stderr
    assert retained(broker.host, broker.port, "camd/camd/region/plate").json["value"] == 7


@pytest.mark.timeout(180)
def test_workers_read_regions_as_well(
    broker: Mosquitto, clip: Path, config: Path, tmp_path: Path
) -> None:
    worker = start("worker", "--broker", url(broker), home=tmp_path)
    assert worker.stderr is not None
    assert "taking crops" in worker.stderr.readline()
    with Subscriber(broker.host, broker.port) as heard:
        done = camd(
            *("run", "--device", clip, "--broker", url(broker), "--config", config),
            *("--segment-only", "--frames", "14"),
            home=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        heard.wait_payload("camd/camd/status", b"offline")
        assert heard.on("camd/camd/region/meter")[-1].json["value"] == 19.47
        assert heard.on("camd/camd/region/plate")[-1].json["value"] == 32586
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(LONG) == 0


@pytest.mark.timeout(120)
def test_a_region_is_unseen_where_the_camera_never_came(
    broker: Mosquitto, config: Path, tmp_path: Path
) -> None:
    """What an earlier run has left must not pass for the present."""
    config.write_text(f"[camera]\ntimeout_s = 1\n{CONFIG}")
    with Subscriber(broker.host, broker.port) as heard:
        topic = "camd/camd/region/meter"
        stale = b'{"camera":"camd","boot":"0000","seq":1,"at":"2026-01-01T00:00:00.000Z",'
        stale += b'"value":1.5,"text":"150","status":"ok","confidence":0.9}'
        heard.publish(topic, stale, qos=1, retain=True)
        heard.wait(topic)
        process = start(
            *("run", "--device", "/dev/video99", "--broker", url(broker), "--config", config),
            home=tmp_path,
        )
        said = heard.wait(topic, 2)[1].json
        assert (said["value"], said["status"]) == (None, "unseen")
        process.send_signal(signal.SIGTERM)
        assert process.wait(LONG) == 0


def test_a_still_says_what_its_regions_say(config: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "sheet.png"), sheet("01947", "32586"))
    done = camd("read", "--json", "--config", config, "sheet.png", home=tmp_path)
    said = json.loads(done.stdout)
    assert [(item["name"], item["value"]) for item in said["regions"]] == [
        ("meter", 19.47),
        ("plate", 32586),
    ]
    assert said["lines"] == ["01947", "32586"]
    plain = camd("read", "--config", config, "sheet.png", home=tmp_path)
    assert "meter  19.47" in plain.stdout


def test_a_wrong_region_is_named_before_anything_starts(config: Path, tmp_path: Path) -> None:
    config.write_text(CONFIG.replace('name = "plate"', 'name = "meter"').replace("digits", "digit"))
    done = camd("config", "check", config, home=tmp_path)
    assert done.returncode == 78
    assert "region: 2 of them are named 'meter'" in done.stderr
    assert "region 1 (meter).digit: unknown key; did you mean region.digits?" in done.stderr
    assert "Traceback" not in done.stderr
