"""Setting up camera and broker on the page, and what cannot be set there."""

from pathlib import Path
from typing import Any

import pytest

from camd.config import layers
from camd.config.layers import load
from camd.config.settings import Settings
from camd.errors import ConfigError
from camd.web import options
from camd.web.changes import Changes, OutdatedError, lines_of
from camd.web.feed import Feed
from camd.web.options import FixedError, Wanted
from tests.web.serving import Client, serving, settings, state

TEXT = """\
[camera]
device = "rtsp://me:secret@camera.lan/live"  # in the cellar
# rotate = 0

[camera.controls]
exposure = 200

[mqtt]
host = "broker.lan"
"""


@pytest.fixture(autouse=True)
def no_files_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "SYSTEM_FILE", tmp_path / "system.toml")
    monkeypatch.setattr(layers, "user_file", lambda: tmp_path / "home" / "user.toml")
    monkeypatch.setattr(options, "devices", lambda: ["/dev/v4l/by-id/usb-eye"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


def changes(file: Path) -> Changes:
    return Changes(file, lambda: None)


def option(known: dict[str, Any], name: str) -> dict[str, Any]:
    group = name.partition(".")[0]
    return next(one for one in known[group] if one["name"] == name)


def put(file: Path, started: Settings | None = None, **values: str) -> Settings:
    """Set options of one group, dots written as two underscores, as the page does."""
    given = {name.replace("__", "."): text for name, text in values.items()}
    (group,) = {name.partition(".")[0] for name in given}
    asked = Wanted.model_validate({"group": group, "values": given, "version": ""})
    made = changes(file)
    wanted = options.wanted(asked, made.config(), started)
    if wanted:
        made.set(wanted, made.version())
    return load(file).settings


def test_options_are_written_where_they_belong_and_all_else_stays(file: Path) -> None:
    camera = put(
        file, camera__rotate="180", camera__mirror="true", camera__width="1280",
        camera__controls__exposure="auto", camera__controls__power_line_hz="50",
    ).camera  # fmt: skip
    assert (camera.rotate, camera.mirror) == (180, True)
    assert (camera.controls.exposure, camera.controls.power_line_hz) == ("auto", 50)
    text = file.read_text()
    assert "# in the cellar" in text
    assert "# rotate" not in text  # the commented line was used
    assert "width" not in text  # it is so by default
    assert put(file, camera__controls__exposure="").camera.controls.exposure is None
    assert put(file, mqtt__host="other.lan", mqtt__discovery="true").mqtt.host == "other.lan"


def test_a_secret_is_neither_shown_nor_lost(file: Path) -> None:
    known = options.known(changes(file).config(), None)
    assert "secret" not in str(known)
    shown = option(known, "camera.device")["value"]
    assert "camera.lan" in shown
    assert put(file, camera__device=shown, camera__rotate="90").camera.device.startswith(
        "rtsp://me:"
    )
    with pytest.raises(FixedError, match="anew"):
        put(file, camera__device=f"{shown}/2")


@pytest.mark.parametrize(
    "device", ["/dev/v4l/by-id/usb-eye", "1", "http://camera.lan/stream", "rtsps://a:b@c/d", "demo"]
)
def test_a_camera_is_chosen(file: Path, device: str) -> None:
    assert put(file, camera__device=device).camera.device == device


@pytest.mark.parametrize(
    "device", ["/etc/passwd", "/dev/sda", "film.mp4", "~/x", "file:///etc/passwd", "rtsp://a b"]
)
def test_no_file_is_named_on_the_page(file: Path, device: str) -> None:
    with pytest.raises(FixedError, match=r"config\.toml only"):
        put(file, camera__device=device)
    assert file.read_text() == TEXT


def test_a_password_is_sent_to_no_other_machine(file: Path) -> None:
    file.write_text(TEXT + 'password = "secret"\n')
    known = options.known(changes(file).config(), None)
    for name in ("broker", "host", "port", "tls", "username"):
        assert "password" in option(known, f"mqtt.{name}")["fixed"]
    with pytest.raises(FixedError, match="password"):
        put(file, mqtt__host="mine.lan")
    assert put(file, mqtt__host="broker.lan", mqtt__discovery="true").mqtt.discovery


def test_what_is_set_elsewhere_is_said_to_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMD_MQTT__PORT", "1884")
    started = load(file, {("camera", "device"): "demo"}).settings
    known = options.known(changes(file).config(), started)
    assert option(known, "mqtt.port")["fixed"] == "set by CAMD_MQTT__PORT"
    device = option(known, "camera.device")
    assert (device["value"], "command line" in device["fixed"]) == ("demo", True)
    assert option(known, "mqtt.host")["fixed"] == ""
    with pytest.raises(FixedError, match="command line"):
        put(file, started, camera__device="0")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"camera__width": "wide"}, r"camera\.width"),
        ({"camera__rotate": "45"}, r"camera\.rotate"),
        ({"camera__every_s": "100"}, r"camera\.frozen_s"),
        ({"mqtt__port": "0"}, r"mqtt\.port"),
        ({"mqtt__host": ""}, ""),
    ],
)
def test_what_would_be_wrong_is_refused(file: Path, values: dict[str, str], says: str) -> None:
    if not says:  # empty is the default
        assert put(file, **values).mqtt.host == "localhost"
        return
    with pytest.raises(ConfigError, match=says):
        put(file, **values)
    assert file.read_text() == TEXT


@pytest.mark.parametrize("name", ["mqtt.password", "web.bind", "mqtt.ca_file", "nonsense"])
def test_nothing_else_can_be_set(file: Path, name: str) -> None:
    asked = Wanted(group="mqtt", values={name: "x"}, version="")
    with pytest.raises(FixedError, match="config"):
        options.wanted(asked, changes(file).config(), None)


def test_each_option_that_is_offered_says_what_it_means(file: Path) -> None:
    known = options.known(changes(file).config(), None)
    for one in (*known["camera"], *known["mqtt"]):
        assert one["description"]
        assert one["type"] in ("text", "boolean", "choice")
        assert one["type"] != "choice" or one["value"] in one["choices"]
    assert option(known, "camera.device")["suggested"] == ["/dev/v4l/by-id/usb-eye"]
    assert option(known, "camera.controls.power_line_hz")["choices"] == ["", "0", "50", "60"]


@pytest.fixture
def client(file: Path) -> Any:
    feed = Feed(settings())
    feed.state = state(camera="missing")
    with serving(feed, changes(file)) as found:
        found.headers["x-camd-token"] = found.ask("/session").json["token"]
        yield found


def test_over_the_wire_it_is_set_and_taken_back(client: Client, file: Path) -> None:
    known = client.ask("/page/setup").json
    data = {"group": "camera", "values": {"camera.rotate": "90"}, "version": known["version"]}
    after = client.ask("/page/setup/options", data)
    assert after.status == 200
    assert option(after.json["options"], "camera.rotate")["value"] == "90"
    assert (
        client.ask("/page/setup/options", {**data, "values": {"camera.rotate": "0"}}).status == 409
    )
    assert client.ask("/page/setup/undo", {"version": after.json["version"]}).status == 200
    assert file.read_text() == TEXT
    assert client.ask("/page/setup/options", data, x_camd_token="guess").status == 403
    wrong = client.ask("/page/setup/options", {**data, "values": {"camera.device": "/etc/passwd"}})
    assert (wrong.status, "a file" in wrong.json["error"]) == (422, True)


def test_the_camera_is_looked_at_while_it_is_read(client: Client) -> None:
    findings = client.ask("/page/setup/camera", {}).json["findings"]
    assert any(one["text"] == "no picture: missing" for one in findings)


def test_where_it_may_not_write_it_gives_the_lines(tmp_path: Path) -> None:
    values = {("camera", "controls", "focus"): 3, ("camera", "rotate"): 90, ("mqtt", "host"): None}
    folder = tmp_path / "lines.toml"
    folder.write_text(lines_of(values))
    camera = load(folder).settings.camera
    assert (camera.controls.focus, camera.rotate) == (3, 90)
    with pytest.raises(OutdatedError):
        changes(folder).set(values, "")
